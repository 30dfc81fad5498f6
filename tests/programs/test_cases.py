"""Every recorded case of noisify, nonBragg, nearBragg and float_add, run again in this process."""

import functools

import pytest

from c_reference.cases import load_results
from c_reference.programs import HERE, compare_program_case, load_program_cases, run_program_case

RECORDED = [path.stem for path in sorted(HERE.glob("*.jsonl"))]
load_results_once = functools.cache(load_results)


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=case.id) for name in RECORDED for case in load_program_cases(HERE / f"{name}.jsonl")],
)
def test_recorded_case_gives_the_recorded_outputs(name, case, program_runners):
    expected = load_results_once(HERE / f"{name}.npz")[case.id]
    differences = compare_program_case(case, expected, run_program_case(case, program_runners))
    assert not differences, "\n".join(map(str, differences))


@pytest.mark.parametrize("name", RECORDED)
def test_recordings_hold_exactly_the_listed_cases(name):
    steps = {case.id: len(case.steps) for case in load_program_cases(HERE / f"{name}.jsonl")}
    recorded = load_results_once(HERE / f"{name}.npz")
    assert {case_id: len(results) for case_id, results in recorded.items()} == steps
