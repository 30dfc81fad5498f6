"""The four programs as commands: help, errors, warnings, records, threads."""

import json
import subprocess
import sys

import pytest

from c_reference.programs import INPUTS, NAMES, ProgramCase, run_program_case
from nbport import __version__
from nbport.options.scan import scan

HEAVY = {"numba", "llvmlite", "numpy", "fabio"}
RUNS = {
    "float_add": ("f32.bin", "g32.bin"),
    "noisify": ("-bin", "f48.bin", "-psf", "gauss", "-psf_fwhm", "200", "-seed", "1"),
    "nonBragg": ("-stol", "wat.stol", "-detpixels", "40", "-pixel", "1", "-seed", "1"),
    "nearBragg": ("-file", "molB.txt", "-detpixels", "30", "-pixel", "1"),
}


def options_of(name):
    module = __import__(f"nbport.programs.{name.lower()}.options", fromlist=["PAGE"])
    return module.PAGE, module.Parameters


def run(name, runners, *argv):
    inputs = tuple(token for token in argv if (INPUTS / token).is_file())
    [result] = run_program_case(ProgramCase("command", "test", inputs, ((name, *argv),)), runners)
    return result


@pytest.mark.parametrize("name", NAMES)
def test_help_lists_every_option_once(name):
    page, _ = options_of(name)
    listed = " ".join(page.sections.values()).split()
    assert sorted(listed) == sorted(flag.option for flag in page.table.flags)
    without_effect = {flag.option for flag in page.table.flags if flag.no_effect}
    assert set(page.sections["accepted without effect"].split()) == without_effect


@pytest.mark.parametrize("name", NAMES)
def test_every_option_acts_on_the_parameters(name):
    page, parameters = options_of(name)
    for flag in page.table.flags:
        new = parameters()
        before = dict(vars(new))
        warnings = scan([flag.option, *["3.5"] * max(len(flag.values.split()), 1)], new, page.table)
        assert not any("is not an option" in text for text in warnings), flag.option
        defaults = ("-output", "-pivot", "-psf", "-progress", "-round_div")
        if not flag.no_effect and flag.option not in defaults:
            assert vars(new) != before, flag.option


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option, begins", [("--help", "usage: {} "), ("--version", "{} (nbport " + __version__)])
def test_help_and_version_load_nothing_heavy(name, option, begins):
    code = (
        f"import sys; from nbport.programs.{name.lower()}.command import main; status = main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, cwd=INPUTS.parents[2])
    assert done.returncode == 0
    assert done.stdout.startswith(begins.format(name))
    assert HEAVY & set(done.stderr.split()) == set()


@pytest.mark.parametrize("name", NAMES)
def test_without_input_there_is_one_line_and_status_9(name, program_runners):
    result = run(name, program_runners)
    assert result.exit == 9
    assert result.stderr.decode().startswith(f"{name}: error: expected ")
    assert result.stderr.count(b"\n") == 1
    assert result.files == {}


@pytest.mark.parametrize(
    "name, argv, expected",
    [
        ("float_add", ("f32.bin", "g32.bin", "-scale1"), "-scale1 is the last argument, but needs a value"),
        ("float_add", ("f32.bin", "-header", "-4"), "-header: found -4, expected 0 or more bytes"),
        ("float_add", ("f32.bin", "-outfile", "nofolder/x.bin"), "nofolder/x.bin: cannot write"),
        ("noisify", ("-bin", "f32.bin", "-psf"), "-psf is the last argument, but needs gauss or fiber"),
        ("noisify", ("-bin", "f32.bin", "-detpixels", "100", "-seed", "1"), "expected at least 10000 bytes"),
        ("noisify", ("-bin", "f32.bin", "-header", "notsmv.img"), "notsmv.img: expected an SMV image"),
        ("noisify", ("-bin", "nothere.bin"), "found nothere.bin, which cannot be read"),
        ("nonBragg", ("-stol", "blank.stol", "-seed", "1"), "blank.stol: no data"),
        ("nonBragg", ("-stol", "wat.stol", "-detpixels_x", "-5"), "expected 0 to 2147483647 in all"),
        ("nearBragg", ("-file", "nothere.txt"), "found nothere.txt, which cannot be read"),
        ("nearBragg", ("-file", "mol.txt", "-detpixels", "100000"), "expected 0 to 2147483647 in all"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_9(name, argv, expected, program_runners):
    result = run(name, program_runners, *argv)
    assert result.exit == 9
    [line] = [
        text
        for text in result.stderr.decode().splitlines()
        if ": warning: " not in text and ": compiling kernels" not in text
    ]
    assert line.startswith(f"{name}: error: ") and expected in line


@pytest.mark.parametrize("name", NAMES)
def test_unknown_option_is_a_warning_that_names_the_nearest(name, program_runners):
    near = {"float_add": "-scal1", "noisify": "-flickr", "nonBragg": "-lamda", "nearBragg": "-lamda"}[name]
    result = run(name, program_runners, *RUNS[name], near, "1")
    assert result.exit == 0
    assert f"{name}: warning: {near} is not an option and is ignored; did you mean -" in result.stderr.decode()


@pytest.mark.parametrize("name", NAMES)
def test_record_has_parameters_and_files(name, program_runners):
    result = run(name, program_runners, *RUNS[name], "--json", "run.json")
    assert result.exit == 0
    record = json.loads(result.files["run.json"])
    assert record["command_line"] == [name, *RUNS[name], "--json", "run.json"]
    assert {entry["path"] for entry in record["files"]} == result.files.keys() - {"run.json"}
    assert record["parameters"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "float_add"])
def test_number_of_threads_changes_no_byte(name, program_runners):
    one, many = (run(name, program_runners, *RUNS[name], "--threads", n) for n in ("1", "3"))
    assert one.exit == many.exit == 0
    assert one.files == many.files
    assert one.stdout == many.stdout
