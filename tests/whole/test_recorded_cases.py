"""Every recorded case, run again in this process, gives what the reference gave."""

import functools
import hashlib
import json

import numpy as np
import pytest

from c_reference.cases import HERE, Case, load_cases, load_results, run_case
from c_reference.compare import compare_case, value_lines

load_results_once = functools.cache(load_results)


def cases_of(*names):
    cases = [case for name in names for case in load_cases(HERE / f"{name}.jsonl")]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def assert_equal(expected, got, case):
    differences = compare_case(expected, got, case.steps, case.id)
    assert not differences, "\n".join(map(str, differences))


@cases_of("quirk", "random", "found")
def test_recorded_case_gives_the_recorded_outputs(case, nbport_command):
    expected = load_results_once(HERE / f"{case.group}.npz")[case.id]
    assert_equal(expected, run_case(case, nbport_command), case)


@cases_of("quirk")
def test_recorded_case_with_upstream_fixes_gives_the_fixed_outputs(case, nbport_command_fixed):
    expected = load_results_once(HERE / "quirk_fix_upstream.npz")[case.id]
    assert_equal(expected, run_case(case, nbport_command_fixed), case)


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
