"""Every recorded case of noisify, nonBragg, nearBragg and float_add, run again in this process."""

import functools
from importlib import import_module

import pytest

from c_reference.cases import load_results
from c_reference.programs import HERE, NAMES, compare_program_case, load_program_cases, run_program_case
from c_reference.runners import InProcess

RECORDED = [path.stem for path in sorted(HERE.glob("*.jsonl"))]
load_results_once = functools.cache(load_results)


@pytest.fixture(scope="session")
def runners(nbport_command):
    commands = {name: InProcess(import_module(f"nbport.programs.{name.lower()}.command").main) for name in NAMES}
    return {**commands, "nanoBragg": nbport_command}


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=case.id) for name in RECORDED for case in load_program_cases(HERE / f"{name}.jsonl")],
)
def test_recorded_case_gives_the_recorded_outputs(name, case, runners):
    expected = load_results_once(HERE / f"{name}.npz")[case.id]
    differences = compare_program_case(case, expected, run_program_case(case, runners))
    assert not differences, "\n".join(map(str, differences))


@pytest.mark.parametrize("name", RECORDED)
def test_recordings_hold_exactly_the_listed_cases(name):
    steps = {case.id: len(case.steps) for case in load_program_cases(HERE / f"{name}.jsonl")}
    recorded = load_results_once(HERE / f"{name}.npz")
    assert {case_id: len(results) for case_id, results in recorded.items()} == steps
