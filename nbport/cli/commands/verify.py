"""`nbport verify`: run another implementation over many cases, and say what agrees with nbport, and how well."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path

from ...errors import InputError
from ...options.scan import split_own
from ...system.files import write_file
from ...verify.candidate import Candidate
from ...verify.cases import SUITES, Case, check, from_file, suite
from ...verify.judge import GATES, Verdict, judge
from ...verify.report import Report
from ...verify.state import State
from ..arguments import count

PASSED, FAILED, INTERRUPTED = 0, 1, 130
LARGEST_ULP = 8  # more could be further away than the next level allows


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport verify`."""
    parser.epilog = (
        "Exit status: 0 if every case reaches the gate, 1 if not, 2 with one line on standard error if something"
        " cannot be used."
    )
    parser.add_argument(
        "--candidate",
        required=True,
        metavar="COMMAND",
        help="the other implementation, with {options} (default: at the end), {float} for the path of the float image"
        " and {dir} for the folder that it runs in",
    )
    which = parser.add_argument_group("cases")
    which.add_argument("--suite", choices=SUITES, default="quick", help="default: quick")
    which.add_argument("--cases", metavar="FILE", help="a file of recorded cases (.jsonl) instead of a suite")
    which.add_argument("--inputs", metavar="DIR", help="the files that they read; default: inputs beside FILE")
    which.add_argument(
        "--only", action="append", metavar="PATTERN", help="cases, or features, whose name matches, like *phi*"
    )
    which.add_argument("--size", type=count, default=64, metavar="N", help="pixels of a side in quick and parity")
    which.add_argument("--seed", type=int, default=1, metavar="S", help="of random")
    which.add_argument("--count", type=count, default=100, metavar="N", help="cases of random")
    judging = parser.add_argument_group("judging")
    judging.add_argument("--gate", choices=tuple(GATES), default="bytes", help="what every case must reach")
    judging.add_argument("--ulp", type=int, default=4, metavar="N", help="what the gate ulp allows (2 to 8; default 4)")
    judging.add_argument("--fix", metavar="NAMES", help="let nbport run with these bugs switched off")
    running = parser.add_argument_group("running")
    running.add_argument("--jobs", type=count, default=1, metavar="N", help="runs of the candidate at a time")
    running.add_argument("--timeout", type=float, default=600.0, metavar="S", help="seconds that a run may take")
    running.add_argument("--state", metavar="FILE", help="keep verdicts here; what is in it is not run again")
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE", help="all verdicts and figures")
    output.add_argument("--html", metavar="FILE", help="one page with tables and pictures of the differences")


def run(arguments: argparse.Namespace) -> int:
    """Run all cases, print the report, write what was asked for."""
    if not 2 <= arguments.ulp <= LARGEST_ULP:
        raise InputError(f"--ulp: found {arguments.ulp}, expected 2 to {LARGEST_ULP}")
    if not arguments.timeout > 0.0:
        raise InputError(f"--timeout: found {arguments.timeout:g}, expected more than 0")
    fix = ["--fix", arguments.fix] if arguments.fix else []
    split_own(fix)
    candidate = Candidate(arguments.candidate, arguments.timeout)
    cases = _cases(arguments)
    state = State(arguments.state, [arguments.candidate, arguments.timeout, fix, arguments.ulp])
    try:
        verdicts = _judge_all(cases, candidate, fix, arguments.ulp, arguments.jobs, state)
    except KeyboardInterrupt:
        print("nbport verify: interrupted", file=sys.stderr)
        return INTERRUPTED
    report = Report(arguments.candidate, arguments.cases or arguments.suite, arguments.gate, arguments.ulp, verdicts)
    if arguments.json:
        write_file(arguments.json, [(json.dumps(report.to_json(), indent=1) + "\n").encode()])
    if arguments.html:
        page = report.page(pictures=find_spec("PIL") is not None)
        write_file(arguments.html, [page.encode("utf-8", "replace")])
    sys.stdout.write(report.text())
    return PASSED if report.passed == len(verdicts) else FAILED


def _cases(arguments: argparse.Namespace) -> list[Case]:
    if arguments.cases:
        cases = from_file(Path(arguments.cases), Path(arguments.inputs) if arguments.inputs else None)
    else:
        cases = suite(arguments.suite, arguments.size, arguments.seed, arguments.count)
    if arguments.only:
        cases = [case for case in cases if case.is_like(arguments.only)]
    if not cases:
        raise InputError(f"--only: found no case like {', '.join(arguments.only)}" if arguments.only else "no cases")
    check(cases)
    return cases


def _judge_all(
    cases: Sequence[Case], candidate: Candidate, fix: Sequence[str], ulp: int, jobs: int, state: State
) -> list[Verdict]:
    """Verdicts in the order of the cases; each is kept as soon as it is there."""
    verdicts = {case.name: found for case in cases if (found := state.verdict(case)) is not None}
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(judge, case, candidate, fix, ulp): case for case in cases if case.name not in verdicts}
        for future in as_completed(waiting):
            case, verdict = waiting[future], future.result()
            state.add(case, verdict)
            verdicts[case.name] = verdict
            if sys.stderr.isatty():
                print(f"{len(verdicts)} of {len(cases)}: {case.name}: {verdict.level}", file=sys.stderr)
    finally:
        # after an error or an interruption, nothing new begins and what runs is ended
        pool.shutdown(wait=False, cancel_futures=True)
        candidate.stop()
        pool.shutdown()
    return [verdicts[case.name] for case in cases]
