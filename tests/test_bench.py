"""`nbport bench`: what it counts and compares, not how fast anything is."""

import contextlib
import json
import sys

import pytest

from nbport.cli.nbport_command import main

OPTIONS = ["-default_F", "10", "-cell", "50", "51", "52", "90", "90", "90", "-N", "5", "-detpixels", "8",
           "-oversample", "2", "-phi", "1", "-osc", "1", "-phisteps", "3", "-roi", "1", "6", "0", "7",
           "-seed", "1", "-noprogress"]  # fmt: skip


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "suite.jsonl"
    path.write_text(json.dumps({"id": "small", "inputs": [], "steps": [OPTIONS]}) + "\n")
    return str(path)


def program(tmp_path, extra):
    """A program that does as nbport does, with more options of its own."""
    path = tmp_path / "program"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {sys.path!r}\nfrom nbport.cli.nanobragg_command import main\n"
        f"sys.exit(main(sys.argv[1:] + {extra!r}))\n"
    )
    path.chmod(0o755)
    return str(path)


def bench(tmp_path, suite, *arguments):
    out = tmp_path / "out.json"
    status = main(["bench", "--suite", suite, "--repeat", "1", "--threads", "2", "--json", str(out), *arguments])
    return status, json.loads(out.read_text())["cases"][0]


def test_terms_are_pixels_of_the_region_times_steps(tmp_path, suite):
    status, case = bench(tmp_path, suite)
    assert status == 0
    assert case["terms"] == 6 * 8 * 3 * 4
    assert case["path"] == "certified"
    assert "reference_s" not in case and "equal" not in case


def test_program_that_writes_the_same_files_is_equal(tmp_path, suite, capsys):
    status, case = bench(tmp_path, suite, "--reference", program(tmp_path, ["--threads", "1"]))
    assert (status, case["equal"]) == (0, True)
    assert case["whole_ratio"] == pytest.approx(case["reference_s"] / case["whole_s"])
    assert " yes" in capsys.readouterr().out


def test_program_that_writes_another_byte_is_not_equal(tmp_path, suite):
    status, case = bench(tmp_path, suite, "--reference", program(tmp_path, ["-adc", "41"]))
    assert (status, case["equal"]) == (1, False)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--only", "nothing"], "expected one of: small"),
        (["--reference", "/no/such/program"], "cannot be started"),
        (["--repeat", "0"], "whole number from 1"),
        (["--threads", "-2"], "whole number from 1"),
    ],
)
def test_unusable_arguments_are_one_line(suite, arguments, words, capsys):
    with contextlib.suppress(SystemExit):
        assert main(["bench", "--suite", suite, *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert "Traceback" not in error


def test_suite_that_is_missing_or_garbled_is_one_line(tmp_path, capsys):
    (tmp_path / "bad").write_text("not json\n")
    for name in ("none", "bad"):
        assert main(["bench", "--suite", str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert name in error and error.count("\n") == 1
