"""The scan of the command line: whatever the tokens are, it answers or says what is wrong with them."""

import math
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbport.errors import OptionError
from nbport.options.scan import OwnOptions, image_files, scan, split_own
from nbport.options.table import FLAGS, OWN_FLAGS
from nbport.parameters import Convention, Parameters, Pivot

OPTIONS = sorted({pattern.lstrip("=") for flag in FLAGS for pattern in flag.patterns or (flag.option,)})
NUMBERS = ("0", "-0", "-1.5", "1e3", "0x1p0", "nan", "-inf", "1e400", "", "abc", "99999999999999999999", " 7", "inf")

options = st.sampled_from(OPTIONS)
spelled = st.builds("{}{}{}".format, st.sampled_from(("", "-", "-x")), options, st.sampled_from(("", "s", "_0", "X")))
tokens = st.one_of(options, spelled, st.sampled_from(NUMBERS), st.floats().map(repr), st.text(max_size=9))
own = st.one_of(st.sampled_from([flag.option for flag in OWN_FLAGS]), st.text(max_size=5).map("--{}".format))


def scanned(*argv):
    p = Parameters()
    scan(list(argv), p)
    return p


def same(p, other):
    """Equal fields; NaNs that were never set count as equal."""
    return astuple(p) == astuple(other)


@given(st.lists(tokens, max_size=12))
def test_scan_of_any_tokens_raises_nothing_but_option_errors(argv):
    try:
        warnings = scan(argv, Parameters())
    except OptionError as error:
        assert str(error)
    else:
        assert all("\n" not in warning or "\n" in "".join(argv) for warning in warnings)


@pytest.mark.slow
@settings(max_examples=100_000, deadline=None)
@given(st.lists(st.one_of(tokens, own), max_size=12))
def test_hundred_thousand_lists_of_any_tokens_raise_nothing_but_option_errors(argv):
    try:
        parsed, rest = split_own(argv)
        scan(rest, Parameters(fixes=parsed.fixes))
    except OptionError as error:
        assert str(error)


@given(st.lists(st.one_of(tokens, own), max_size=8))
def test_own_options_of_any_tokens_raise_nothing_but_option_errors(argv):
    try:
        _, rest = split_own(argv)
    except OptionError as error:
        assert str(error)
    else:
        # what is left was given, in this order
        given = iter(argv)
        assert all(token in given for token in rest)


@pytest.mark.parametrize("flag", [f for f in FLAGS if f.values and f.option != "-cell"], ids=lambda f: f.option)
def test_value_of_an_option_of_the_reference_is_none_of_ours(flag):
    for ours in OWN_FLAGS:
        values = ["7"] * (len(flag.values.split()) - 1) + [ours.option]
        own, rest = split_own([flag.option, *values, "-N", "5"])
        assert (own, rest) == (OwnOptions(), [flag.option, *values, "-N", "5"])
        assert f"{ours.option} is a value of {flag.option} here, and no option of ours" in scan(rest, Parameters())


def test_cell_takes_nothing_that_begins_with_a_dash():
    own, rest = split_own(["-cell", "40", "50", "--threads", "2"])
    assert (own.threads, rest) == (2, ["-cell", "40", "50"])


@pytest.mark.parametrize(
    "before",
    [
        "-N 5", "-nopgm", "-cell 40", "-cell 40 50 60 70 80 90", "-misset random", "-misset 1 2 3", "-misset_seed 7",
        "-roi 0 9 0 9", "-curved_det", "x", "-hkl --kernel", "--threads 2", "--json -floatfile",
    ],
)  # fmt: skip
def test_option_of_ours_behind_all_values_is_ours(before):
    for tokens in (["--help"], ["--threads", "3"], ["--nexus", "x.nxs"]):
        own, rest = split_own([*before.split(), *tokens])
        assert own != split_own(before.split())[0]
        assert rest == split_own(before.split())[1]


def test_values_are_options_too_as_in_the_reference():
    # -intfile is the value of -floatfile, and an option whose value is --help
    own, rest = split_own(["-floatfile", "-intfile", "--help", "--threads", "2"])
    assert (own.help, own.threads) == (False, 2)
    p = scanned(*rest)
    assert (p.floatfile, p.intfile) == ("-intfile", "--help")


def test_no_option_of_ours_acts_as_one_of_the_reference():
    assert not any(flag.matches(own.option) for flag in FLAGS for own in OWN_FLAGS)


@given(st.lists(tokens, max_size=8))
def test_names_of_image_files_follow_an_option(argv):
    for name, option in zip(image_files(argv), ("-img", "-mask"), strict=True):
        assert (name is None) == (not any(t.startswith("-") and option in t for t in argv[:-1]))
        assert name is None or name in argv[1:]


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.arity == 1 and flag.sets], ids=lambda f: f.option)
def test_option_without_its_value_changes_nothing(flag):
    assert same(scanned("7", flag.option), scanned())
    assert not same(scanned(flag.option, "7"), scanned()) or flag.no_effect


@pytest.mark.parametrize(
    ("argv", "field", "value"),
    [
        (("-N", "5"), "Nb", 5.0),
        (("-Nb", "1e3"), "Nb", 1.0),
        (("-seed", "3000000000"), "seed", 1294967296),
        (("-seed", "99999999999999999999"), "seed", 1),
        (("-wavelength", "1,5"), "lambda0", 1e-10),
        (("-energy", "12398.42"), "lambda0", 1e-10),
        (("-pixel_size", "0.2"), "pixel_size", 0.2 / 1000.0),
        (("-intfile_scale", "2"), "intfile", "2"),
        (("-polarization", "0.5"), "polarization", 0.0),
        (("-curved_det",), "curved_detector", False),
        (("-curved_det", "x"), "curved_detector", True),
        (("-misset", "random"), "misset_random", True),
        (("-misset_seed", "5", "0", "1"), "misset_random", False),
        (("-twotheta_axis", "1", "0", "0"), "pivot", Pivot.SAMPLE),
        (("-pix0_vector", "1", "0", "0"), "convention", Convention.CUSTOM),
        (("-cell", "50", "60", "-N", "5"), "cell", (50.0, 60.0, 0.0, 0.0, 0.0, 0.0)),
        (("-divergence", "2"), "vdivrange", 2 / 1000.0),
        (("-noisefile", "n.img", "-nonoise"), "calculate_noise", False),
        (("-nonoise", "-noisefile", "n.img"), "calculate_noise", True),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, tuple) and v and isinstance(v[0], str) else None,
)
def test_option_sets_what_it_sets_in_the_reference(argv, field, value):
    assert getattr(scanned(*argv), field) == value


@pytest.mark.parametrize("option", ["-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps"])
def test_last_token_that_the_reference_would_read_beyond_is_an_error(option):
    with pytest.raises(OptionError, match=option):
        scanned("-N", "5", option)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("-lamda", "1"), "did you mean -lambda"),
        (("-detector_twotheta", "1"), "did you mean -twotheta?"),
        (("-detector_distance", "1"), "did you mean -distance?"),
        (("-xbeam", "1"), "did you mean -Xbeam?"),
        (("-threads", "1"), "did you mean --threads?"),
        (("-roi", "1", "2"), "is ignored: 4 values expected, 2 found"),
        (("-N", "5", "-pixel"), "-pixel is ignored: 1 value expected, 0 found"),
        (("word",), None),
    ],
)
def test_what_is_ignored_is_said(argv, text):
    warnings = scan(list(argv), Parameters())
    assert any(text in warning for warning in warnings) if text else not warnings


def test_attenuation_depth_of_inf_takes_the_thickness_away_if_it_comes_last():
    assert scanned("-detector_thick", "100", "-detector_abs", "inf").detector_thick == 0.0
    assert scanned("-detector_abs", "inf", "-detector_thick", "100").detector_thick == 100 * 1e-6
    assert math.isinf(scanned("-detector_abs", "1e-320").detector_mu)


@pytest.mark.parametrize(("text", "threads"), [("7", 7), ("99999", 99999), ("0" * 5000 + "2", 2)])
def test_number_of_threads_is_read_whole(text, threads):
    assert split_own(["--threads", text])[0].threads == threads


@pytest.mark.parametrize("text", ["0", "100000", "-1", "00000000199999999999", "000000001" + "9" * 5000])
def test_impossible_number_of_threads_is_refused(text):
    with pytest.raises(OptionError, match="--threads: found .* expected a whole number from 1 to 99999"):
        split_own(["--threads", text])
