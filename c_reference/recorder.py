"""Record what a nanoBragg-compatible program does with a file of cases.

``python -m c_reference.recorder --program PATH --cases FILE.jsonl --out FILE.npz``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from c_reference.cases import INPUTS, Case, StepResult, load_cases, load_results, run_case, save_results
from c_reference.runners import Program


def record(cases: Sequence[Case], program: Program, inputs: Path = INPUTS) -> dict[str, list[StepResult]]:
    """Run all cases.

    Parameters
    ----------
    cases : sequence of Case
        What to run.
    program : Program
        What to run it with.
    inputs : Path
        Folder that holds the cases' input files.

    Returns
    -------
    dict of str to list of StepResult
        For each case id its steps.

    Raises
    ------
    TimeoutError
        When a run was stopped: half a run is nothing to compare with.
    """
    results = {}
    for case in cases:
        steps = run_case(case, program, inputs)
        for k, step in enumerate(steps):
            if step.exit is None:
                raise TimeoutError(f"{case.id} step {k} did not finish within {program.timeout:g} s")
        results[case.id] = steps
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the recorder; returns the exit status."""
    options = _parser().parse_args(arguments)
    cases = load_cases(options.cases)
    unknown = set(options.only or ()) - {case.id for case in cases}
    if unknown:
        print(f"no such case in {options.cases}: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    if options.only:
        cases = [case for case in cases if case.id in options.only]
    try:
        results = record(cases, Program(options.program, options.timeout), options.inputs)
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1
    if options.merge and options.out.exists():
        results = {**load_results(options.out), **results}
    save_results(options.out, results)
    print(f"recorded {len(cases)} cases; {options.out} holds {len(results)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m c_reference.recorder", description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=Path, required=True, help="the program to run")
    parser.add_argument("--cases", type=Path, required=True, metavar="FILE.jsonl", help="cases, one a line")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="file to write")
    parser.add_argument("--only", nargs="+", metavar="ID", help="run these cases only")
    parser.add_argument("--merge", action="store_true", help="keep the other cases that FILE.npz holds already")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="limit for one step")
    parser.add_argument("--inputs", type=Path, default=INPUTS, metavar="FOLDER", help="where the input files are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
