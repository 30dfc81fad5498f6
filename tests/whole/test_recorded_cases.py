"""Every recorded case, run again in this process, gives what the reference gave."""

import functools
import hashlib
import json
import shlex
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from c_reference.cases import HERE, Case, load_cases, load_results, run_case
from c_reference.compare import compare_case, value_lines
from c_reference.reproduce import commands, save_files
from c_reference.runners import InProcess
from nbport.cli.nbport_command import main as nbport_tools

load_results_once = functools.cache(load_results)


def cases_of(*names):
    cases = [case for name in names for case in load_cases(HERE / f"{name}.jsonl")]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


@pytest.fixture
def assert_equal(request, tmp_path_factory):
    """Comparison that says, if it fails, how to run the case again and how to go on."""

    def check(expected, got, case, own=()):
        differences = compare_case(expected, got, case.steps, case.id)
        if not differences:
            return
        folder = tmp_path_factory.mktemp("failed")
        # a difference in an image says more than one in what was printed of it
        first = next((difference for difference in differences if difference.pixel), differences[0])
        save_files(folder, expected, got, first.step)
        again = f".venv/bin/python -m pytest {shlex.quote(request.node.nodeid)}"
        lines = ["to go on:", *(f"  {line}" for line in [again, *commands(case, first, expected, folder, own)])]
        pytest.fail("\n".join([*map(str, differences), *lines]), pytrace=False)

    return check


@cases_of("quirk", "random", "found")
def test_recorded_case_gives_the_recorded_outputs(case, nbport_command, assert_equal):
    expected = load_results_once(HERE / f"{case.group}.npz")[case.id]
    assert_equal(expected, run_case(case, nbport_command), case)


@cases_of("quirk")
def test_recorded_case_with_upstream_fixes_gives_the_fixed_outputs(case, nbport_command_fixed, assert_equal):
    expected = load_results_once(HERE / "quirk_fix_upstream.npz")[case.id]
    assert_equal(expected, run_case(case, nbport_command_fixed), case, nbport_command_fixed.prefix)


def with_flipped_bit(result, name, offset):
    content = bytearray(result.files[name])
    content[offset] ^= 1
    return replace(result, files={**result.files, name: bytes(content)})


def test_failing_case_names_the_pixel_and_the_commands_to_go_on_with(nbport_command, assert_equal, request):
    case = next(case for case in load_cases(HERE / "quirk.jsonl") if case.id == "baseline_hkl")
    [expected] = load_results_once(HERE / "quirk.npz")[case.id]
    slow, fast, pixels = 5, 7, 24
    offset = 4 * (slow * pixels + fast)
    broken = with_flipped_bit(expected, "floatimage.bin", offset)
    got = run_case(case, nbport_command)
    values = [struct.unpack_from("<f", step.files["floatimage.bin"], offset)[0] for step in (broken, got[0])]
    with pytest.raises(pytest.fail.Exception) as failed:
        assert_equal([broken], got, case)
    where, wanted, found, _, again, run, compare, trace = map(str.strip, failed.value.msg.splitlines())
    assert where == f"baseline_hkl step 0: floatimage.bin, offset {offset}, pixel (slow {slow}, fast {fast}):"
    assert wanted.startswith("expected") and f"{values[0]:.9g}" in wanted
    assert found.startswith("got") and f"{values[1]:.9g}" in found
    assert again == f".venv/bin/python -m pytest {request.node.nodeid}"
    # the commands do what they say
    change, copy, command = (shlex.split(part) for part in run.split(" && "))
    folder = Path(change[1])
    shutil.copyfile(copy[1], folder / "1orc_small.hkl")
    finished = nbport_command(command[1:], folder)
    assert finished.exit == 0 and (folder / "floatimage.bin").read_bytes() == got[0].files["floatimage.bin"]
    tools = InProcess(nbport_tools)
    assert tools(shlex.split(compare)[1:], folder).exit == 1
    shown = tools(shlex.split(trace)[1:], folder)
    assert shown.exit == 0 and f"pixel {slow} {fast}" in shown.stdout.decode()


@pytest.mark.parametrize(("name", "size"), [("intimage.img", 2), ("image.pgm", 1)])
def test_difference_of_an_integer_image_names_the_pixel(name, size):
    [expected] = load_results_once(HERE / "quirk.npz")["baseline"]
    length = len(expected.files[name])
    for offset, pixel in [(length - size, (15, 15)), (length - size * (3 * 16 - 2), (13, 2)), (0, None)]:
        [difference] = compare_case([with_flipped_bit(expected, name, offset)], [expected], [("-seed", "1")], "x")
        assert (difference.offset, difference.pixel) == (offset, pixel)


@pytest.mark.parametrize("case", load_cases(HERE / "bench.jsonl"), ids=lambda case: case.id)
def test_large_case_gives_files_of_the_recorded_sha256(case, nbport_command):
    recorded = json.loads((HERE / "bench_sha256.json").read_text())[case.id]
    [result] = run_case(case, nbport_command)
    assert result.exit == recorded["exit"]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in result.files.items()} == recorded["sha256"]


def test_recordings_hold_exactly_the_listed_cases():
    for cases_file, results_file in [
        ("quirk", "quirk"),
        ("random", "random"),
        ("found", "found"),
        ("quirk", "quirk_fix_upstream"),
    ]:
        steps = {case.id: len(case.steps) for case in load_cases(HERE / f"{cases_file}.jsonl")}
        recorded = load_results_once(HERE / f"{results_file}.npz")
        assert {case_id: len(results) for case_id, results in recorded.items()} == steps


@pytest.fixture(scope="module")
def seed_case():
    return json.loads((HERE / "seed_case.json").read_text())


@pytest.fixture(scope="module")
def seed_case_run(seed_case, nbport_command):
    """The seed case cut down to its pixel and the one before, which leaves its cell vectors behind."""
    s, f = seed_case["spixel"], seed_case["fpixel"]
    extra = ["-roi", f - 1, f, s, s, "-printout_pixel", f, s, "-nopgm"]
    argv = (*seed_case["argv"], *map(str, extra))
    [result] = run_case(Case("seed_case", "seed", tuple(seed_case["inputs"]), (argv,)), nbport_command)
    assert result.exit == 0, result.stderr
    return result


def test_seed_case_pixel_has_the_recorded_float(seed_case, seed_case_run):
    width = int(seed_case["argv"][seed_case["argv"].index("-detpixels_x") + 1])
    image = np.frombuffer(seed_case_run.files["floatimage.bin"], "<f4")
    pixel = image[seed_case["spixel"] * width + seed_case["fpixel"]]
    assert f"{pixel:.15g}" == seed_case["trace"]["floatimage_accumulated"]


def test_seed_case_printout_shows_the_recorded_values(seed_case, seed_case_run):
    trace = {label: float(text) for label, text in seed_case["trace"].items() if isinstance(text, str)}
    intensity, pixel = trace["I_before_scaling"], trace["floatimage_accumulated"]
    lines = [line.decode() for line in value_lines(seed_case_run.stdout)]
    for line in [
        f" F_cell={trace['F_cell']:g}  F_latt={trace['F_latt']:g}   I = {intensity:g}",
        f"I/steps {intensity / trace['steps']:15.10g}",
        f"polar   {trace['polar']:15.10g}",
        f"omega   {trace['omega_pixel']:15.10g}",
        f"capfrac {trace['capture_fraction']:15.10g}",
        f"pixel   {pixel:15.10g}",
    ]:
        assert line in lines
