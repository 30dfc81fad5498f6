"""The suites of `nbport verify`: they cover every feature, can be run, and stay the same."""

import argparse
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from nbport.api import render
from nbport.cli.commands.verify import configure
from nbport.errors import InputError
from nbport.verify import cases as cases_module
from nbport.verify.cases import SUITES, Case, check, from_file, suite
from nbport.verify.features import FEATURES, features_of


@pytest.mark.parametrize("name", SUITES)
def test_cases_of_a_suite_can_be_compared(name):
    found = suite(name, size=16, seed=1, count=200)
    assert len(found) >= 40
    check(found)


def test_quick_covers_every_feature_convention_and_shape():
    covered = {feature for case in suite("quick", 16, 1, 1) for feature in case.features}
    conventions = {f"convention {name}" for name in ("mosflm", "xds", "adxv", "denzo", "dials", "custom")}
    shapes = {f"shape {name}" for name in ("square", "round", "gauss", "tophat")}
    assert {*FEATURES, *conventions, *shapes} - covered == set()


def test_parity_covers_conventions_with_both_pivots():
    names = {case.name for case in suite("parity", 16, 1, 1)}
    wanted = {f"parity-torch/{c}-pivot-{p}" for c in ("mosflm", "xds", "adxv", "denzo", "dials", "custom")
              for p in ("beam", "sample")}  # fmt: skip
    assert wanted - names == set()


def test_size_is_that_of_the_detector_and_changes_no_lengths():
    def geometry(size):
        [case] = [case for case in suite("quick", size, 1, 1) if case.name == "quick/plain"]
        p = render(case.steps[0]).run.parameters
        return p.fpixels, p.fpixels * p.pixel_size

    small, large = geometry(8), geometry(32)
    assert (small[0], large[0]) == (8, 32)
    assert small[1] == pytest.approx(large[1])


def test_random_cases_depend_on_seed_and_number_alone():
    first = suite("random", 16, seed=7, count=5)
    assert first == suite("random", 16, seed=7, count=9)[:5]
    assert first != suite("random", 16, seed=8, count=5)


@pytest.mark.parametrize(
    "name", ["quick", pytest.param("parity", marks=pytest.mark.slow), pytest.param("random", marks=pytest.mark.slow)]
)
def test_cases_make_images_without_a_warning(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dark = []
    found = suite(name, 16 if name == "quick" else 64, 1, 100)
    for case in found:
        for file in case.inputs:
            shutil.copy(file, tmp_path)
        for step in case.steps:
            result = render(step)
            assert result.warnings == [], case.name
            assert np.isfinite(result.image).all(), case.name
            result.write()
        if not result.image.any():
            dark.append(case.name)
    assert len(dark) <= (len(found) // 10 if name == "random" else 0), dark


def test_features_follow_from_options():
    options = "-cell 50 -default_F 10 -xds -round_xtal -N 9 -nonoise -oversample 1".split()
    assert features_of([options]) == ("convention xds", "shape round", "cell", "default_F", "pivot sample")
    assert "mosaic" in features_of([["-mosaic_dom", "3"]])
    assert "phi from 0" in features_of([["-osc", "1"]])
    assert "phi from 0" not in features_of([["-osc", "1", "-phi", "3"]])
    assert "interpolation" in features_of([["-N", "2"]])
    assert "interpolation" not in features_of([["-N", "3"]])
    assert features_of([["-detector_abs"]]) == ("refused options",)


def test_full_suite_needs_a_clone(monkeypatch, tmp_path):
    monkeypatch.setattr(cases_module, "RECORDED", tmp_path)
    with pytest.raises(InputError, match="--cases"):
        suite("full", 16, 1, 1)


def test_own_cases_are_read_and_refused_with_their_line(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "a", "inputs": ["x.hkl"], "steps": [["-N", "5"]]}\n\n')
    [case] = from_file(path)
    assert (case.name, case.steps, case.inputs) == ("mine/a", (("-N", "5"),), (tmp_path / "x.hkl",))
    with pytest.raises(InputError, match="no input file"):
        check([case])
    for text in ("{", '{"id": 1}', '{"id": "a", "steps": [[5]]}', "[]"):
        path.write_text(text)
        with pytest.raises(InputError, match="line 1"):
            from_file(path)


def test_orientations_by_the_clock_are_refused(tmp_path):
    path = tmp_path / "mine.jsonl"
    for more, refused in (([], True), (["-misset_seed", "3"], False)):
        path.write_text(json.dumps({"id": "a", "steps": [["-misset", "random", *more]]}))
        if refused:
            with pytest.raises(InputError, match="-misset_seed"):
                check(from_file(path))
        else:
            check(from_file(path))
    path.write_text(path.read_text() + "\n" + path.read_text())
    with pytest.raises(InputError, match="twice"):
        check(from_file(path))


OWN_FILES = ("--json", "--timing", "--png", "--cbf", "--tiff", "--edf", "--nexus")


@pytest.mark.parametrize(
    ("step", "option"),
    [
        *((f"{option} NAME", option) for option in ("-floatfile", "-intimage", "-pgmfile", "-noisefile", "-stolout")),
        *((f"{option} NAME", option) for option in OWN_FILES),
        *((f"{option}=NAME", option) for option in OWN_FILES),
        ("-hkl a.hkl -dump NAME", "-dump"),
        ("-dump NAME -hkl a.hkl", "-dump"),
        # the last one counts for nbport, and the first one perhaps for another program
        ("-intfile NAME -intfile x.img", "-intfile"),
        ("-intfile x.img -intfile NAME", "-intfile"),
        ("-my-intfile-too NAME", "-my-intfile-too"),
        ("-intfile=NAME", "-intfile"),
        ("-cell -intfile NAME -mosaic", "-intfile"),
        ("-detector_abs -intfile NAME -detector_abs", "-intfile"),
    ],
)
@pytest.mark.parametrize("name", ["/abs/x", "../x", "a/../../x", "..", "./../x"])
def test_case_that_writes_outside_of_its_folder_is_refused(step, option, name):
    words = tuple(step.replace("NAME", name).split())
    with pytest.raises(InputError) as caught:
        check([Case("mine/fine", (("-N", "5"),)), Case("mine/bad", (("-N", "5"), words))])
    assert str(caught.value) == f"case mine/bad: found {option} {name!r}, expected a file in the folder of the case"


@pytest.mark.parametrize(
    "step",
    [
        "-intfile x.img -floatfile sub/f.bin -pgmfile ./x.pgm -noisefile a/../n.img --json r.json --png=x.png",
        "-intfile ..x -floatfile ...",
        "-noisefile /dev/null",
        # these are read
        "-hkl /abs/a.hkl -mat ../A.mat -sourcefile /s.txt -img ../i.img -mask /m.img",
        "-dump /abs/F.bin",
        "-hkl a.hkl -dump F.bin",
    ],
)
def test_case_that_writes_in_its_folder_and_reads_elsewhere_is_taken(step):
    check([Case("mine/fine", (tuple(step.split()),))])


def test_input_files_of_one_name_are_refused(tmp_path):
    files = [tmp_path / folder / "x.hkl" for folder in "ab"]
    with pytest.raises(InputError, match="case mine/a: found x.hkl, x.hkl, expected input files of different names"):
        check([Case("mine/a", (("-N", "5"),), tuple(files))])


def test_docs_show_commands_and_cases_that_can_be_read(tmp_path):
    text = (Path(__file__).parents[1] / "docs" / "verify.md").read_text()
    parser = argparse.ArgumentParser()
    configure(parser)
    commands = re.findall(r"^    nbport verify (.*)$", text.replace("\\\n", ""), flags=re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        parser.parse_args(shlex.split(command))
    [line] = re.findall(r'^    (\{"id".*)$', text, flags=re.MULTILINE)
    (tmp_path / "mine.jsonl").write_text(line)
    [case] = from_file(tmp_path / "mine.jsonl")
    assert case.name == "mine/mine"
    for name in ("quick", "parity", "full"):
        number = len(suite(name, 16, 1, 1))
        assert re.search(rf"\| `{name}` \|.*\b{number}\b", text), name
