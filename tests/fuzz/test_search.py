"""The fuzzer draws what it should, finds differences of fake programs and makes them small."""

import os
import random
import signal
import stat
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from c_reference.cases import INPUTS, Case, Finished, load_cases
from c_reference.compare import misset_from_clock
from tests.fuzz import search
from tests.fuzz.draw import Draft, Group
from tests.fuzz.judge import AGREED, CLOCK, DIED, DIFFERS, TIMED_OUT, Judge, Setting, judge
from tests.fuzz.minimise import minimise, plainer, smallest
from tests.fuzz.options import draw

DRAWN = [draw(random.Random(f"test/{number}")) for number in range(600)]


def tokens_of(draft):
    return [token for group in draft.groups for token in group.tokens]


def test_same_seed_gives_the_same_draft():
    assert [draw(random.Random(f"test/{number}")) for number in range(20)] == DRAWN[:20]
    assert draw(random.Random("test/0")) != draw(random.Random("test/1"))


@pytest.mark.parametrize(
    "option",
    """-cell -mat -misset -misset_seed -N -Na -Nb -Nc -xtalsize -sample_x -round_xtal -gauss_xtal -tophat_spots -fudge
    -hkl -default_F -dump -interpolate -nointerpolate -lambda -energy -fluence -flux -beamsize -exposure -polar -nopolar
    -distance -close_distance -Xbeam -Ybeam -Xclose -Yclose -ORGX -ORGY -mosflm -xds -adxv -denzo -dials -pivot
    -twotheta -detector_rotx -detector_roty -detector_rotz -fdet_vector -sdet_vector -odet_vector -beam_vector
    -polar_vector -spindle_axis -twotheta_axis -pix0_vector -curved_det -point_pixel -detector_abs -detector_thick
    -thicksteps -oversample_thick -oversample_polar -oversample_omega -phi -osc -phistep -phisteps -sourcefile
    -divergence -divsteps -hdivrange -hdivstep -hdivsteps -vdivrange -vdivstep -vdivsteps -round_div -square_div
    -dispersion -dispsteps -mosaic -mosaic_dom -mosaic_seed -dmin -water -adc -scale -pgmscale -roi -stol -img -mask
    -seed -nonoise -nopgm -noprogress -progress -printout -printout_pixel -floatfile -intfile -pgmfile -noisefile
    -detpixels -detpixels_x -detpixels_y -detsize -detsize_f -detsize_s -pixel -oversample""".split(),
)
def test_option_is_drawn(option):
    assert any(option in tokens_of(draft) for draft in DRAWN)


def test_odd_texts_and_odd_spellings_are_drawn():
    tokens = {token for draft in DRAWN for token in tokens_of(draft)}
    assert {"nan", "1e400", "0x1p0", "99999999999999999999", ""} <= tokens
    assert any(token.startswith("--") for token in tokens)
    assert any(token.startswith("-my-") for token in tokens)


def test_plain_drafts_hold_no_odd_texts():
    tokens = {token for number in range(300) for token in tokens_of(draw(random.Random(f"test/{number}"), plain=True))}
    assert not {"nan", "1e400", "0x1p0", "99999999999999999999", ""} & tokens
    assert not any(token.startswith(("-my-", "-x-")) for token in tokens)


def test_no_draft_takes_its_orientation_from_the_clock():
    assert [draft for draft in DRAWN for argv in draft.case("x").steps if misset_from_clock(argv)] == []


def test_second_step_reads_the_dump_instead_of_the_table():
    two_steps = [draft.case("x").steps for draft in DRAWN if len(draft.steps) == 2]
    assert len(two_steps) > 20
    for first, second in two_steps:
        assert len(second) == len(first) - 2


def test_every_draft_bounds_its_size():
    for draft in DRAWN:
        options = {group.tokens[0] for group in draft.groups if group.pinned}
        assert "-pixel" in options
        assert any(option.startswith(("-detpixels", "-detsize", "-img", "-mask")) for option in options)


def test_case_names_the_inputs_that_its_tokens_name():
    draft = Draft((Group(("-hkl", "neg.hkl"), (0,)), Group(("-mat", "A.mat")), Group(("-x", "", "nodir/f"))), (0, 1))
    case = draft.case("one")
    assert case.inputs == ("A.mat", "neg.hkl")
    assert case.steps[1] == ("-mat", "A.mat", "-x", "", "nodir/f")
    assert all((INPUTS / name).is_file() for name in case.inputs)


def answers(*finished):
    """A runner that gives these answers one after another."""
    waiting = iter(finished)
    return lambda argv, folder: next(waiting)


GOOD, OTHER = Finished(0, b"x= 1\n"), Finished(0, b"x= 2\n")
REFUSED, DEAD, HUNG = Finished(9, b"", b"nbport: cannot\n"), Finished(-11, b""), Finished(None, b"")


@pytest.mark.parametrize(
    ("reference", "again", "candidate", "kind"),
    [
        (GOOD, GOOD, GOOD, AGREED),
        (GOOD, GOOD, OTHER, DIFFERS),
        (GOOD, GOOD, REFUSED, DIFFERS),
        (GOOD, OTHER, OTHER, "undefined: the reference is not of one mind in other memory"),
        (GOOD, DEAD, GOOD, "undefined: the reference is not of one mind in other memory"),
        (DEAD, GOOD, GOOD, "undefined: the reference is not of one mind in other memory"),
        (HUNG, GOOD, GOOD, TIMED_OUT),
        (DEAD, DEAD, REFUSED, DIED),
        (DEAD, DEAD, GOOD, DIFFERS),
        (DEAD, DEAD, replace(REFUSED, stderr=b""), DIFFERS),
        (DEAD, DEAD, replace(REFUSED, stderr=b"Traceback (most recent call last)"), DIFFERS),
    ],
)
def test_verdict(reference, again, candidate, kind):
    case = Case("one", "fuzz", (), (("-seed", "1"),))
    verdict = judge(case, answers(reference), {"other memory": answers(again)}, answers(candidate))
    assert verdict.kind == kind
    assert bool(verdict.details) == (kind == DIFFERS)


def test_difference_before_a_death_counts():
    case = Case("one", "fuzz", (), (("-seed", "1"),) * 2)
    verdict = judge(case, answers(GOOD, DEAD), {}, answers(OTHER, REFUSED))
    assert verdict.kind == DIFFERS
    assert judge(case, answers(GOOD, DEAD), {}, answers(GOOD, REFUSED)).kind == DIED


def test_orientation_from_the_clock_is_not_judged():
    case = Case("one", "fuzz", (), (("-misset", "random"),))
    assert judge(case, answers(), {}, answers()).kind == CLOCK


@pytest.mark.parametrize("wanted", [{3}, {0, 9}, {1, 2, 3, 8}, set(range(10)), set()])
def test_smallest_part_is_found(wanted):
    assert smallest(range(10), lambda part: wanted <= set(part)) == sorted(wanted)


def test_smallest_part_of_interplay_has_nothing_to_spare():
    def holds(part):
        return ("a" in part and "b" in part) or part.count("c") >= 3

    part = smallest("acxbcyc", holds)
    assert holds(part)
    assert not any(holds(part[:k] + part[k + 1 :]) for k in range(len(part)))


def test_minimised_draft_keeps_only_what_makes_the_difference():
    draft = Draft(
        (
            Group(("-detpixels", "8"), pinned=True),
            Group(("-lambda", "1.23456")),
            Group(("-cell", "50.25", "60", "70")),
            Group(("-hkl", "a.hkl"), (0,)),
            Group(("-phi", "7")),
        ),
        (0, 1),
    )

    def differs(draft):
        argv = draft.case("x").steps[-1]
        return "-detpixels" in argv and any(
            option == "-phi" and value in ("7", "1", "10") for option, value in zip(argv, argv[1:], strict=False)
        )

    assert minimise(draft, differs).case("x").steps == (("-detpixels", "8", "-phi", "1"),)


def test_minimised_draft_keeps_both_steps_where_both_are_needed():
    draft = Draft((Group(("-a",), (0,)), Group(("-b",))), (0, 1))
    small = minimise(draft, lambda draft: [len(argv) for argv in draft.case("x").steps] in ([2, 1], [1, 0]))
    assert small.case("x").steps == (("-a",), ())


@pytest.mark.parametrize(
    ("token", "values"),
    [
        ("1.23456", ["0", "1", "10", "1", "1.2", "1.23"]),
        ("10", ["0", "1"]),
        ("0", []),
        ("-lambda", []),
        ("", []),
        ("word", []),
    ],
)
def test_values_to_try_are_plainer(token, values):
    assert plainer(token) == values


#: Stands in for the reference. Like it, it can be killed by an option, and print what it never set.
FAKE = f"""#!{sys.executable}
import os, sys
argv = sys.argv[1:]
if "-nopolar" in argv:
    os.kill(os.getpid(), {int(signal.SIGSEGV)})
if "-point_pixel" in argv:
    print("x=", os.environ.get("MALLOC_PERTURB_"))
print("lambda=", *[value for option, value in zip(argv, argv[1:]) if option == "-lambda"])
open("floatimage.bin", "w").write(str(len(argv)))
"""


def fake_good(argv):
    """Does what the fake reference does, and refuses where that dies."""
    if "-nopolar" in argv:
        print("cannot do that", file=sys.stderr)
        return 9
    print("lambda=", *[value for option, value in zip(argv, argv[1:], strict=False) if option == "-lambda"])
    with open("floatimage.bin", "w") as file:
        file.write(str(len(argv)))
    return 0


def fake_wrong(argv):
    """Is wrong where both of two options are there."""
    status = fake_good(argv)
    if "-twotheta" in argv and "-distance" in argv:
        with open("floatimage.bin", "a") as file:
            file.write("!")
    return status


def fake_crash(argv):
    """Takes its process with it."""
    os._exit(3)


def fake_hang(argv):
    """Never ends."""
    time.sleep(1000)


@pytest.fixture
def reference(tmp_path, monkeypatch):
    path = tmp_path / "reference"
    path.write_text(FAKE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("NANOBRAGG_REFERENCE", str(path))
    monkeypatch.delenv("NANOBRAGG_REFERENCE_2", raising=False)
    return path


def test_fuzzer_counts_agreement_and_every_kind_of_undefined(reference, capsys):
    assert search.main(["--cases", "80", "--seed", "1", "--start", "100"], "tests.fuzz.test_search:fake_good") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("80 cases in ")
    kinds = {kind: int(number) for number, kind in (line.split(maxsplit=1) for line in lines)}
    assert set(kinds) == {AGREED, DIED, "undefined: the reference is not of one mind in other memory"}
    assert sum(kinds.values()) == 80


def test_fuzzer_stops_at_a_difference_and_prints_it_minimised(reference, tmp_path, capsys):
    keep = tmp_path / "kept.jsonl"
    arguments = ["--cases", "200", "--seed", "1", "--jobs", "2", "--keep", str(keep)]
    assert search.main(arguments, "tests.fuzz.test_search:fake_wrong") == 1
    full, small = load_cases(keep)
    free = [token for token in small.steps[0] if token in full.steps[0] and token in ("-twotheta", "-distance")]
    assert len(small.steps) == 1
    assert sorted(free) == ["-distance", "-twotheta"]
    pinned = ("-pixel", "-oversample", "-detpixels", "-detsize", "-img", "-mask")
    options = [token for token in small.steps[0] if token.startswith("-") and token[1:2].isalpha()]
    assert all(option in free or option.startswith(pinned) for option in options)
    shown = capsys.readouterr().out
    assert "fuzz-1-" in shown and "-minimal step 0: floatimage.bin" in shown
    assert f"got      {ord('!'):x} of" in shown


def test_fuzzer_reports_a_crash_of_the_program_under_test(reference, capsys):
    assert search.main(["--cases", "1", "--seed", "1"], "tests.fuzz.test_search:fake_crash") == 1
    assert "ended with exit code 3: it crashed or hung" in capsys.readouterr().out


def test_fuzzer_ends_a_hung_run(reference):
    process = Judge(Setting(reference, candidate="tests.fuzz.test_search:fake_hang", candidate_timeout=1.0))
    verdict = process.verdict(Case("one", "fuzz", (), ((),)))
    process.close()
    assert verdict.kind == DIFFERS
    assert "crashed or hung" in verdict.details[0]


@pytest.mark.parametrize("name", ["NANOBRAGG_REFERENCE", "NANOBRAGG_REFERENCE_2"])
def test_fuzzer_without_reference_says_so_and_fails(reference, monkeypatch, capsys, name):
    monkeypatch.setenv(name, "/no/such/program")
    assert search.main(["--cases", "1", "--seed", "1"]) == 2
    assert "NOTHING WAS TESTED" in capsys.readouterr().err


def test_fuzzer_with_reference_not_set_says_so_and_fails(monkeypatch, capsys):
    monkeypatch.delenv("NANOBRAGG_REFERENCE", raising=False)
    assert search.main(["--cases", "1", "--seed", "1"]) == 2
    assert "NANOBRAGG_REFERENCE" in capsys.readouterr().err


def test_report_names_every_kind():
    text = search.report(Counter({AGREED: 7, TIMED_OUT: 2, DIED: 1}), 3.2)
    assert text.splitlines()[:2] == ["10 cases in 3 s", f"{7:8d} agreed"]
    assert f"{2:8d} {TIMED_OUT}" in text
    assert f"{1:8d} {DIED}" in text
