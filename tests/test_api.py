"""Python: the same bytes as the command, from options, keywords and arrays."""

import dataclasses
import decimal
import functools
import itertools
import math
import os
import re
import shutil
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbport
from c_reference.cases import HERE, INPUTS, StepResult, load_cases, load_results
from c_reference.compare import compare_case
from nbport.options.keywords import KEYWORDS, OPPOSITES, WHOLE
from nbport.options.scan import image_files, scan, split_own
from nbport.options.table import FLAGS, atoi, count, negated
from nbport.parameters import RTD
from nbport.parameters import Parameters as Asked

SMALL = dict(cell=(50, 51, 52, 90, 90, 90), default_F=10, N=5, detpixels=16, oversample=1, wavelength_A=1.2,
             pixel_mm=0.4, distance_mm=60, seed=1)  # fmt: skip
GRID = dict(SMALL, default_F=None, cell=(34.77, 39.17, 48.31), pixel_mm=1)


class Spiteful:
    """Fails whatever is done with it."""

    def __repr__(self):
        raise RuntimeError

    def __iter__(self):
        raise RuntimeError

    def __array__(self, *_, **__):
        raise RuntimeError


class BytesPath:
    """A path whose name is bytes."""

    def __fspath__(self):
        return b"x"


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """A working folder with all input files."""
    for path in INPUTS.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(result, folder):
    """Files that a result writes, by name."""
    folder.mkdir()
    paths = result.write(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(path.name for path in paths) == sorted(files)
    return files


# -- rendering


@functools.cache
def recorded(group):
    return load_results(HERE / f"{group}.npz")


ONE_STEP = [
    (group, case)
    for group in ("quirk", "random")
    for case in load_cases(HERE / f"{group}.jsonl")
    if len(case.steps) == 1 and zlib.crc32(case.id.encode()) % 5 == 0
]


@pytest.mark.parametrize(("group", "case"), ONE_STEP, ids=lambda x: getattr(x, "id", x))
def test_result_writes_the_recorded_files_and_has_the_recorded_log(group, case, inputs):
    [expected] = recorded(group)[case.id]
    if expected.exit:
        with pytest.raises((nbport.InputError, nbport.OptionError, nbport.OutputError)):
            nbport.render(case.steps[0]).write()
        return
    before = sorted(os.listdir())
    result = nbport.render(case.steps[0])
    assert sorted(os.listdir()) == before
    log = "".join(f"{line}\n" for line in result.log).encode()
    got = StepResult(0, log, written(result, inputs / "out"))
    expected = dataclasses.replace(expected, stdout=without_writing(expected.stdout))
    assert compare_case([expected], [got], case.steps, case.id) == []


def without_writing(stdout):
    """Leave out what is said while files are written, which a result does later."""
    begins = (b"writing ", b"max_I ", b"mean=", b"intfile_scale ", b"pgm_scale ")
    lines = stdout.split(b"\n")
    return b"\n".join(x for x in lines if not x.startswith(begins) and b"photons on noise image" not in x)


def test_image_is_slow_by_fast(inputs):
    result = nbport.render(**dict(SMALL, detpixels=None, detpixels_x=20, detpixels_y=10))
    assert (result.image.shape, result.image.dtype) == ((10, 20), np.float32)
    assert result.image.tobytes() == written(result, inputs / "out")["floatimage.bin"]
    assert result.statistics.max_I == result.image.max()


def test_result_has_what_was_derived():
    result = nbport.render(**SMALL, xds=True)
    assert result.cell.lengths == pytest.approx((50, 51, 52))
    assert result.detector.fdet_vector == (1, 0, 0)
    assert result.run.parameters.distance == 0.06
    assert result.run.scene.sampling.steps == 1


def test_noise_is_the_same_whenever_it_is_written(inputs):
    result = nbport.render(**dict(SMALL, fluence_photons_per_m2=1e28))
    first, second = (written(result, inputs / name)["noiseimage.img"] for name in ("one", "two"))
    assert first == second


@pytest.mark.parametrize(
    "more", [{"kernel": "reference"}, {"threads": 1}, {"threads": 3}, {"device": "cpu"}, {"device": "cpu-body"}]
)
def test_kernel_threads_and_device_change_nothing(more):
    assert nbport.render(**SMALL, **more).image.tobytes() == nbport.render(**SMALL).image.tobytes()


def test_fixes_count():
    phi = dict(SMALL, osc_deg=1, phisteps=2)
    fixed = nbport.render(**phi, fix="phi0")
    assert fixed.image.tobytes() == nbport.render(nbport.Parameters(**phi, fix=["phi0"])).image.tobytes()
    assert fixed.image.tobytes() != nbport.render(**phi).image.tobytes()


def test_warnings_are_collected():
    assert nbport.render([*nbport.Parameters(**SMALL).options, "-distanze", "4"]).warnings == [
        "-distanze is not an option and is ignored; did you mean -distance?"
    ]


# -- parameters


def test_options_of_keywords_give_the_same_bytes(inputs):
    p = nbport.Parameters(**SMALL, misset_deg=(1 / 3, 20, -30.25), mosaic_deg=0.7, mosaic_domains=3, nopgm=True)
    one = nbport.render(p)
    other = nbport.render(p.to_options())
    assert written(one, inputs / "one") == written(other, inputs / "other")


def values_of(flag):
    """Values that a keyword takes."""
    numbers = st.floats(-1e6, 1e6)
    if not flag.values:
        return st.booleans()
    if flag.option == "-misset":
        return st.just("random") | st.tuples(numbers, numbers, numbers)
    if flag.option == "-pivot":
        return st.sampled_from(["sample", "beam"])
    if flag.option == "-cell":
        return st.lists(st.floats(1.0, 180.0), min_size=1, max_size=6)
    if flag.sets and flag.convert is str:
        return st.sampled_from(["file", "another file.hkl"])
    if flag.convert in (atoi, count, negated) or flag.option in WHOLE:
        numbers = st.integers(-(2**31) + 1, 2**31 - 1)
    wanted = len(flag.values.split())
    return numbers if wanted == 1 else st.tuples(*[numbers] * wanted)


KEYWORD_SETS = st.fixed_dictionaries({}, optional={name: values_of(flag) for name, flag in KEYWORDS.items()})


@given(KEYWORD_SETS)
def test_each_keyword_acts_as_its_option_alone(keywords):
    keywords["cell"] = (50.0, 60.0)  # -curved_det counts only before another argument
    options = nbport.Parameters(**keywords).to_options()
    got = Asked()
    got.img, got.mask = image_files(options)
    assert scan(options, got) == []
    assert repr(got) == repr(expected_of(keywords))


def test_convention_does_not_undo_the_axis_of_two_theta():
    p = Asked()
    scan(nbport.Parameters(cell=(50, 60), mosflm=True, twotheta_axis=(0, 0, 1)).to_options(), p)
    assert (p.convention.value, p.twotheta_axis, p.detector_twotheta) == ("custom", (0.0, 0.0, 1.0), 0.0)


def expected_of(keywords):
    """Every option's own row applied by itself, general ones before special ones."""
    flags = {flag.option: flag for flag in FLAGS}
    wanted = {}
    for keyword, value in keywords.items():
        option = KEYWORDS[keyword].option if value is not False else OPPOSITES.get(KEYWORDS[keyword].option)
        if option is not None:
            wanted[option] = ["something"] if isinstance(value, bool) else value
    if "-twotheta_axis" in wanted:
        wanted.setdefault("-twotheta", 0.0)
    general, special = ["-N", "-divsteps"], ["-nopgm", "-pivot"]
    p = Asked()
    for option in [*general, *(o for o in flags if o not in general + special), *special]:
        if option in wanted:
            value = wanted[option]
            flags[option].set(p, list(map(str, value if isinstance(value, tuple | list) else [value])))
    p.printout = p.printout or "printout_pixel" in keywords
    return p


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_numbers_come_through_their_units(x):
    p = Asked()
    keywords = dict(distance_mm=x, wavelength_A=x, phi_deg=x, dispersion_percent=x, water_um=x, dmin_A=x,
                    fluence_photons_per_m2=x, hdivrange_mrad=x, spindle_axis=(x, 0.0, -x))  # fmt: skip
    scan(nbport.Parameters(**keywords).to_options(), p)
    assert (p.distance, p.lambda0, p.phi0, p.dispersion) == (x / 1000.0, x / 1e10, x / RTD, x / 100.0)
    assert (p.water_size, p.fluence, p.dmin, p.hdivrange) == (x / 1e6, x, x * 1e-10, x / 1000.0)
    assert p.spindle_vector == (x, 0.0, -x)
    assert math.copysign(1.0, p.distance) == math.copysign(1.0, x)


def test_numpy_numbers_and_paths_are_taken(tmp_path):
    p = nbport.Parameters(N=np.int64(5), distance_mm=np.float64(0.1), misset_deg=np.array([1.0, 2.0, 3.0]),
                          matrix=tmp_path / "A.mat", detector_abs_um=math.inf)  # fmt: skip
    assert p.to_options() == [
        "-N", "5", "-misset", "1.0", "2.0", "3.0", "-distance", "0.1", "-detector_abs", "inf",
        "-mat", str(tmp_path / "A.mat"),
    ]  # fmt: skip


def test_options_are_kept_as_they_are():
    options = ["-lambda", "1,5", "-nonsense", "--fix", "phi0", "-N", 5, "-distance", 0.1]
    p = nbport.Parameters.from_options(options)
    assert p.to_options() == ["-lambda", "1,5", "-nonsense", "--fix", "phi0", "-N", "5", "-distance", "0.1"]
    assert p.extended(pixel_mm=0.1).to_options() == [*p.to_options(), "-pixel", "0.1"]
    assert p == nbport.Parameters.from_options(p.to_options())


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"distance": 5}, "distance: no such keyword; did you mean distance_mm?"),
        ({"density": 5}, "density: no such keyword"),
        ({"distance_mm": "5"}, "distance_mm: found the text '5', expected a number"),
        ({"distance_mm": (1, 2)}, "distance_mm: found (1, 2), expected a number"),
        ({"misset_deg": (1, 2)}, "misset_deg: found (1, 2), expected 3 numbers: X Y Z; or 'random'"),
        ({"N": 2.5}, "N: found 2.5, expected a whole number"),
        ({"roi": (0, 1, 2, 2.5)}, "expected whole numbers"),
        ({"nopgm": 1}, "nopgm: found 1, expected True or False"),
        ({"cell": (50, -60)}, "expected no negative number"),
        ({"floatfile": "-nopgm"}, "expected nothing that begins with a dash"),
        ({"hkl": [[1, 2, 3]]}, "hkl: found an array of shape (1, 3), expected [reflections, 4]"),
        ({"hkl": [[1, 2, 3.5, 4]]}, "expected one row or more, and whole numbers"),
        ({"hkl": [[1, 2, 3, math.nan]]}, "hkl: found numbers that are not finite"),
        ({"hkl": 5}, "hkl: found an array of shape ()"),
        ({"matrix": np.zeros((2, 3))}, "matrix: found an array of shape (2, 3), expected [3, 3]"),
        ({"sources": np.zeros((0, 5))}, "sources: found array([], shape=(0, 5), dtype=float64), expected one row"),
        ({"mask": np.zeros(5)}, "mask: found float64 of shape (5,), expected whole numbers or bools"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_a_keyword_does_not_take_is_refused(keywords, says):
    with pytest.raises(nbport.OptionError) as error:
        nbport.Parameters(**keywords)
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["-cell", "50"],), "expected structure factors"),
        ((["-default_F", "1"],), "expected a crystal"),
        (("-cell 50",), "expected a list of arguments"),
        ((["-cell", "50", "--help"],), "--help"),
        ((["-cell", "50", "-hkl", "none.hkl"],), "none.hkl"),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((nbport.OptionError, nbport.InputError)) as error:
        nbport.render(*arguments)
    assert says in str(error.value)


def test_unknown_kernel_or_device_is_refused():
    with pytest.raises(nbport.OptionError, match="kernel: found 'fast'"):
        nbport.render(**SMALL, kernel="fast")
    with pytest.raises(nbport.OptionError, match="--device: found 'gpu'"):
        nbport.render(**SMALL, device="gpu")


# -- whatever Python can give

NONSENSE = {
    "minus one": -1, "zero": 0, "huge": 10**30, "nan": math.nan, "inf": -math.inf, "text": "4", "empty": "",
    "NUL": "a\0b", "lines": "a\nb" * 200, "bytes": b"abc", "true": True, "numpy's false": np.bool_(False),
    "complex": 1j, "list": [1], "deep": [[1, 2], [3]], "texts": ["a", "b", "c"], "none inside": [None] * 3,
    "nothing": [],
    "dict": {1: 2, 2: 3, 3: 4}, "set": {1, 2, 3}, "endless": itertools.count(), "object": object(), "type": int,
    "0-d": np.array(100.0), "0-d text": np.array("x"), "0-d masked": np.ma.masked, "nans": [math.nan] * 9,
    "masked": np.ma.masked_equal(np.ones((3, 3)), 1), "masked row": np.ma.masked_equal([1.0, 2.0, 3.0], 2.0),
    "complex array": np.ones((3, 3), complex), "large array": np.ones((99, 99)), "objects": np.array([object()] * 3),
    "texts in an array": np.array([["1", "2", "3"]] * 3), "date": np.datetime64("2020-01-01"), "lambda": lambda: 1,
    "ragged": [[1, 2, 3], [4]], "spiteful": Spiteful(), "decimal": decimal.Decimal(1), "bytes path": BytesPath(),
}  # fmt: skip
EXPECTED = re.compile(r"(?s)\S+: found .+, expected .+")


def assert_named(error, *names):
    text = str(error)
    assert "\n" not in text and "\0" not in text and len(text) < 400
    assert text.lstrip("-").startswith(names) and EXPECTED.fullmatch(text), text


@pytest.mark.parametrize("what", NONSENSE)
@pytest.mark.filterwarnings("error")
def test_keyword_with_nonsense_works_or_is_refused_by_name(what, tmp_path):
    refused = 0
    for keyword in [*KEYWORDS, "fix"]:
        try:
            p = nbport.Parameters(**{keyword: NONSENSE[what]})
            own, arguments = split_own(p.save(tmp_path).to_options())
            scan(arguments, Asked(fixes=own.fixes))
        except (nbport.OptionError, nbport.InputError) as error:
            assert_named(error, f"{keyword}: ")
            refused += 1
    assert refused >= 10


@pytest.mark.parametrize("what", [*NONSENSE, "tuple"])
@pytest.mark.filterwarnings("error")
def test_argument_of_render_with_nonsense_is_refused_by_name(what):
    value = NONSENSE.get(what, (1, 2))
    for name in ("threads", "kernel", "device", "precision"):
        if name == "threads" and what == "huge":
            value = 10**9
        with pytest.raises(nbport.OptionError) as found:
            nbport.render(**SMALL, **{name: value})
        assert_named(found.value, name)
    for call in (lambda: nbport.trace(None, value, **SMALL), lambda: nbport.trace(None, (1, 2), limit=value, **SMALL)):
        if what in ("huge", "tuple"):
            continue
        with pytest.raises(nbport.OptionError) as found:
            call()
        assert_named(found.value, "pixels", "limit")


@pytest.mark.parametrize("what", [name for name in NONSENSE if name not in ("list", "nothing", "endless", "texts")])
def test_first_argument_that_is_no_list_of_arguments_is_refused(what):
    with pytest.raises((nbport.OptionError, nbport.InputError)) as found:
        nbport.render(NONSENSE[what])
    assert "\n" not in str(found.value)


def test_array_without_axes_is_its_number():
    p = nbport.Parameters(distance_mm=np.array(100.0), N=np.array(5), nopgm=np.bool_(True), cell=np.array(50))
    assert p == nbport.Parameters(distance_mm=100.0, N=5, nopgm=True, cell=50)
    assert nbport.render(**SMALL, threads=np.int64(1)).image.any()


def test_fixes_are_texts_one_or_several():
    for fix in (["phi0", "oversample"], ("phi0", "oversample"), "phi0,oversample"):
        assert nbport.Parameters(fix=fix).to_options() == ["--fix", "phi0,oversample"]
    assert nbport.Parameters(fix=None).to_options() == []


# -- arrays instead of files


def same(one, other):
    assert one.image.tobytes() == other.image.tobytes()
    assert one.image.any()


def test_structure_factors_as_an_array(inputs):
    rows = np.loadtxt("1orc_small.hkl")
    by_array, by_file = (nbport.render(**GRID, hkl=hkl) for hkl in (rows, "1orc_small.hkl"))
    same(by_array, by_file)
    assert written(by_array, inputs / "one") == written(by_file, inputs / "two")


def test_matrix_as_an_array(inputs):
    rows = [line.split()[:3] for line in open("A.mat").read().splitlines()[:3]]
    crystal = dict(SMALL, cell=None)
    same(nbport.render(**crystal, matrix=np.array(rows, float)), nbport.render(**crystal, matrix="A.mat"))


def test_sources_as_an_array(inputs):
    rows = [[-10, 0, 0, 1, 1.2e-10], [-10, 0.03, 0, 1, 1.25e-10]]
    with open("two.txt", "w") as file:
        file.writelines(" ".join(map(repr, row)) + "\n" for row in rows)
    same(nbport.render(**SMALL, sources=rows), nbport.render(**SMALL, sources="two.txt"))


def test_mask_as_an_array():
    mask = np.ones((16, 16), bool)
    mask[3, 5:9] = False
    whole, masked = nbport.render(**SMALL).image, nbport.render(**SMALL, mask=mask).image
    assert (whole > 0.0).all()
    assert masked.tobytes() == np.where(mask, whole, np.float32(0.0)).tobytes()


def test_arrays_become_options_when_they_are_saved(inputs):
    p = nbport.Parameters(**GRID, hkl=np.loadtxt("1orc_small.hkl"))
    with pytest.raises(nbport.OptionError, match="-hkl: given as arrays"):
        p.to_options()
    saved = p.save(inputs)
    assert saved.to_options()[:2] == ["-hkl", str(inputs / "structure_factors.hkl")]
    same(nbport.render(saved.to_options()), nbport.render(p))


def test_seeds_of_an_orientation_stay_seeds_beside_arrays(inputs):
    p = nbport.Parameters(**GRID, hkl=np.loadtxt("1orc_small.hkl"), misset_seed=5)
    same(nbport.render(p), nbport.render(**GRID, hkl="1orc_small.hkl"))


@pytest.mark.parametrize("keywords", [{"osc_deg": 10**400}, {"roi": (0, 10**5000, 0, 1)}, {"N": 10**400}])
def test_number_that_no_double_holds_is_refused(keywords):
    with pytest.raises(nbport.OptionError, match="found a number beyond 1.8e"):
        nbport.Parameters(**keywords)
