"""`nbport verify` on implementations that are wrong in known ways: what it says of each, by case and by feature."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from nbport.cli.nbport_command import main

ROOT = Path(__file__).parents[1]
BASE = "-cell 50 51 52 90 90 90 -default_F 10 -N 5 -detpixels 8 -lambda 1.2 -pixel 1 -distance 60 -oversample 1 -seed 1"
OPTIONS = {  # one case for each way to be wrong, named after it
    "exact": "-misset 1 2 3",
    "phi-from-0": "-phi 0 -osc 40 -phisteps 2",
    "phi-from-10": "-phi 10 -osc 2 -phisteps 2",
    "one-ulp": "-xds",
    "three-ulp": "-dials",
    "rounded": "-round_xtal",
    "noisy": "-water 5",
    "scaled": "-nopolar",
    "other-file": "-adxv",
    "no-file": "-denzo",
    "short": "-point_pixel",
    "refused": "-mosaic 1 -mosaic_domains 2",
    "nothing": "-dmin 4",
    "both-refuse": "-hkl missing.hkl",
}
LEVELS = {
    "exact": "bytes", "phi-from-0": "wrong", "phi-from-10": "bytes", "one-ulp": "1 ulp", "three-ulp": "N ulp",
    "rounded": "1e-6", "noisy": "correlation", "scaled": "wrong", "other-file": "bytes", "no-file": "bytes",
    "short": "wrong", "refused": "refused", "nothing": "wrong", "both-refuse": "bytes",
}  # fmt: skip
CANDIDATE = """
import os, sys, time
from pathlib import Path
argv = sys.argv[1:]
with open({log!r}, "a") as log:
    print(*argv, file=log)
if "-mosaic" in argv: sys.exit("mosaic is not implemented")
if "-curved_det" in argv: os.kill(os.getpid(), 11)
if "-roi" in argv: time.sleep(60)
if "-dispersion" in argv: sys.exit(3)
sys.path.insert(0, {root!r})
from nbport.main import main
status = main(["--fix", "phi0", "--threads", "1", *argv])
if status: sys.exit(status)
import numpy as np
floats = np.fromfile("floatimage.bin", "<f4")
bits = floats.view("<i4")
if "-xds" in argv: bits[3] += 1
if "-dials" in argv: bits[7] += 3
if "-round_xtal" in argv: bits &= -8
if "-water" in argv: floats *= 1 + 1e-5 * np.sin(np.arange(floats.size, dtype="f4"))
if "-nopolar" in argv: floats *= 1.01
if "-point_pixel" in argv: floats = floats[:-1]
floats.tofile("floatimage.bin")
if "-adxv" in argv: Path("intimage.img").write_bytes(b"else")
if "-denzo" in argv: Path("intimage.img").unlink()
if "-dmin" in argv: Path("floatimage.bin").unlink()
"""


def write_cases(path, options):
    rows = [{"id": name, "steps": [[*BASE.split(), *text.split()]]} for name, text in options.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A folder with a candidate, which logs every run of it, cases, and the state and report after one run."""
    folder = tmp_path_factory.mktemp("verify")
    text = CANDIDATE.format(log=str(folder / "log"), root=str(ROOT))
    (folder / "candidate.py").write_text(text)
    write_cases(folder / "cases.jsonl", OPTIONS)
    status = main([*command(folder), "--json", str(folder / "report.json"), "--html", str(folder / "page.html")])
    assert status == 1
    return folder


def command(folder, *more, cases="cases.jsonl"):
    candidate = f"{sys.executable} {folder / 'candidate.py'}"
    state = ("--state", str(folder / f"{cases}.state"))
    return ["verify", "--candidate", candidate, "--cases", str(folder / cases), "--jobs", "2", *state, *more]


def runs(folder):
    return len((folder / "log").read_text().splitlines())


@pytest.fixture(scope="module")
def report(there):
    return json.loads((there / "report.json").read_text())


def test_every_case_is_at_its_level(report):
    assert {row["case"].removeprefix("cases/"): row["level"] for row in report["verdicts"]} == LEVELS


def test_notes_say_what_went_wrong(report):
    notes = {row["case"].removeprefix("cases/"): row["note"] for row in report["verdicts"]}
    assert notes["refused"] == "mosaic is not implemented"
    assert notes["short"] == "a float image of 252 bytes, expected 256"
    assert notes["nothing"] == "no float image"
    assert notes["both-refuse"].startswith("nbport refuses as well: missing.hkl")
    assert notes["exact"] == ""


def test_figures_are_those_of_the_change(report):
    figures = {row["case"].removeprefix("cases/"): row["figures"] for row in report["verdicts"]}
    assert (figures["one-ulp"]["differing"], figures["one-ulp"]["max_ulp"]) == (1, 1.0)
    assert (figures["three-ulp"]["differing"], figures["three-ulp"]["max_ulp"]) == (1, 3.0)
    assert 4 < figures["rounded"]["max_ulp"] <= 7
    assert figures["scaled"]["correlation"] > 0.9999
    assert figures["scaled"]["sum_ratio"] == pytest.approx(1.01)


def test_features_add_up_their_cases(report):
    def found(feature):
        return {level: number for level, number in report["features"][feature].items() if number}

    assert found("mosaic") == {"refused": 1}
    assert found("phi") == {"bytes": 1, "wrong": 1}
    assert found("phi from 0") == {"wrong": 1}
    assert found("convention xds") == {"1 ulp": 1}
    assert found("shape round") == {"1e-6": 1}
    assert set(report["never"]) >= {"mosaic", "phi from 0", "convention xds", "convention adxv", "water", "dmin"}
    assert not {"phi", "cell", "noise", "hkl", "misset", "convention mosflm"} & set(report["never"])


def test_other_files_count_where_bytes_are_asked_for(report):
    rows = {row["case"].removeprefix("cases/"): row for row in report["verdicts"]}
    assert rows["exact"]["files"] == dict.fromkeys(("intimage.img", "noiseimage.img", "image.pgm"), "equal")
    assert rows["other-file"]["files"]["intimage.img"] == "differs"
    assert not rows["other-file"]["passed"]
    assert rows["no-file"]["files"]["intimage.img"] == "missing"
    assert rows["no-file"]["passed"]


@pytest.mark.parametrize(
    ("gate", "only", "status"),
    [
        ("bytes", "*exact", 0), ("bytes", "*one-ulp", 1), ("ulp", "*one-ulp", 0), ("ulp", "*three-ulp", 0),
        ("ulp", "*rounded", 1), ("1e-6", "*rounded", 0), ("1e-6", "*noisy", 1), ("correlation", "*noisy", 0),
        ("correlation", "*scaled", 1), ("correlation", "*refused", 1), ("correlation", "*other-file", 0),
        ("bytes", "mosaic", 1),
    ],
)  # fmt: skip
def test_exit_status_follows_the_gate_and_nothing_runs_again(there, gate, only, status, capsys):
    before = runs(there)
    assert main(command(there, "--gate", gate, "--only", only)) == status
    assert runs(there) == before
    assert f"{1 - status} of 1 cases reach the gate ({gate})" in capsys.readouterr().out


def test_a_run_that_was_killed_goes_on(there, capsys):
    state = there / "cases.jsonl.state"
    content = state.read_bytes()
    try:
        # as if it had been killed while it wrote its last verdict
        state.write_bytes(content[:-10])
        before = runs(there)
        assert main(command(there)) == 1
        assert runs(there) == before + 1
        assert len(state.read_bytes().splitlines()) == len(content.splitlines())
    finally:
        state.write_bytes(content)
    assert f"of {len(OPTIONS)} cases" in capsys.readouterr().out


def test_changed_options_run_again(there, tmp_path):
    changed = {"both-refuse": "-hkl other.hkl"}
    write_cases(there / "changed.jsonl", changed)
    (there / "changed.jsonl.state").write_bytes((there / "cases.jsonl.state").read_bytes())
    before = runs(there)
    assert main(command(there, cases="changed.jsonl")) == 0
    assert runs(there) == before + 1


def test_page_holds_everything_and_names_no_other_file(there):
    page = (there / "page.html").read_text()
    for name in OPTIONS:
        assert f"cases/{name}" in page
    assert "mosaic is not implemented" in page
    assert "http" not in page and "<script" not in page
    pytest.importorskip("PIL")
    assert page.count("data:image/png;base64,") == sum(LEVELS[n] != "bytes" for n in OPTIONS) - 3  # no image in three


def test_page_without_pillow_says_so(there, monkeypatch):
    monkeypatch.setattr("nbport.cli.commands.verify.find_spec", lambda name: None)
    assert main(command(there, "--html", str(there / "bare.html"), "--only", "*exact")) == 0
    assert "nbport[view]" in (there / "bare.html").read_text()


def test_crashes_and_hangs_are_told_apart(there, capsys):
    options = {"signal": "-curved_det -seed 1", "hangs": "-roi 1 2 1 2", "silent": "-dispersion 1"}
    write_cases(there / "crashes.jsonl", options)
    path = there / "crashes.json"
    assert main(command(there, "--timeout", "1", "--json", str(path), cases="crashes.jsonl")) == 1
    rows = json.loads(path.read_text())["verdicts"]
    assert [row["level"] for row in rows] == ["crashed"] * 3
    assert rows[0]["note"] == "ended by SIGSEGV"
    assert rows[1]["note"].startswith("stopped after 1")
    assert rows[2]["note"] == "exit status 3 without a message"


def test_fixed_candidate_equals_nbport_with_that_fix(there):
    assert main(command(there, "--fix", "phi0", "--only", "*phi-from-0")) == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--candidate", "no-such-program-here"], "cannot start 'no-such-program-here'"),
        (["--candidate", "'"], "--candidate"),
        (["--candidate", "true", "--only", "nothing"], "no case like nothing"),
        (["--candidate", "true", "--cases", "missing.jsonl"], "missing.jsonl"),
        (["--candidate", "true", "--ulp", "1000"], "--ulp"),
        (["--candidate", "true", "--fix", "everything"], "--fix"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(arguments, text, capsys):
    assert main(["verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and text in captured.err


def test_a_file_that_is_no_program_is_said_in_one_line(tmp_path, capsys):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF, but nothing else")
    program.chmod(0o755)
    assert main(["verify", "--candidate", str(program), "--only", "quick/plain", "--size", "4"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "cannot start" in captured.err


def test_nothing_runs_if_a_case_would_write_elsewhere(there, tmp_path, capsys):
    outside = tmp_path / "valuable.img"
    outside.write_bytes(b"before")
    write_cases(there / "hostile.jsonl", {"fine": "-misset 3 2 1", "hostile": f"-intfile {outside}"})
    before = runs(there)
    assert main(command(there, cases="hostile.jsonl")) == 2
    assert capsys.readouterr().err == (
        f"nbport verify: error: case hostile/hostile: found -intfile {str(outside)!r}, expected a file in the folder of"
        " the case\n"
    )
    assert runs(there) == before and outside.read_bytes() == b"before"


def test_input_file_that_is_a_link_is_copied_so_that_its_target_stays(there, tmp_path):
    target = tmp_path / "target.hkl"
    target.write_text("0 0 0 100\n1 2 3 10\n2 2 3 10\n")
    (there / "linked").mkdir()
    (there / "linked" / "x.hkl").symlink_to(target)
    row = {"id": "over", "inputs": ["x.hkl"], "steps": [[*BASE.split(), "-hkl", "x.hkl", "-intfile", "x.hkl"]]}
    (there / "linked.jsonl").write_text(json.dumps(row) + "\n")
    before = runs(there)
    main(command(there, "--inputs", str(there / "linked"), cases="linked.jsonl"))
    assert runs(there) == before + 1
    assert target.read_text() == "0 0 0 100\n1 2 3 10\n2 2 3 10\n"


def test_placeholders_become_paths_and_quoted_options(tmp_path):
    from nbport.verify.candidate import Candidate

    (tmp_path / "x y").mkdir()
    candidate = Candidate("sh -c 'echo {options}' {options} --float={float} {dir}", 1)
    words = candidate.command(["-hkl", "a b"], tmp_path / "x y", "f.bin")
    folder = f"{tmp_path}/x y"
    assert words[1:] == ["-c", "echo -hkl 'a b'", "-hkl", "a b", f"--float={folder}/f.bin", folder]
    assert Candidate("true", 1).command(["-N", "5"], tmp_path, "f.bin")[1:] == ["-N", "5"]


def test_levels_have_sharp_borders():
    from nbport.verify.judge import Output, _compare_images

    a = np.linspace(1, 2, 64, dtype="<f4").reshape(8, 8)

    def level(b):
        return _compare_images(Output(a.tobytes(), a.shape, {}, ""), b.astype("<f4").tobytes(), 4).level

    def moved(steps):
        b = a.copy()
        b.view("<i4")[2, 2] += steps
        return b

    assert [level(moved(n)) for n in (0, 1, 2, 4, 5)] == ["bytes", "1 ulp", "N ulp", "N ulp", "1e-6"]
    assert level(a * np.float32(1 + 3e-6)) == "correlation"
    assert level(a * np.float32(1.002)) == "wrong"
    assert level(a.T) == "wrong"
    assert level(np.where(a == a[3, 3], np.nan, a)) == "wrong"
    dim = a.copy()
    dim[0, 0] += 1.5e-7
    assert level(dim) in ("1 ulp", "1e-6")
