"""Differential fuzzer of noisify, nonBragg, nearBragg and float_add, beside the C programs.

``python -m tests.fuzz.programs PROGRAM --cases N --seed S [--start K]``

The folder with the C programs is named by the environment variable NBPORT_PROGRAMS_REFERENCE. A difference is minimised
and printed; the search goes on after it, up to ten.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from c_reference.cases import Runner, StepResult
from c_reference.programs import INPUTS, NAMES, ProgramCase, compare_program_case, run_program_case
from c_reference.runners import InProcess, Program
from tests.fuzz.draw import Draft
from tests.fuzz.judge import DIFFERS, OTHER_MEMORY, Verdict, judge
from tests.fuzz.minimise import minimise
from tests.fuzz.program_options import draw
from tests.fuzz.search import report

VARIABLE = "NBPORT_PROGRAMS_REFERENCE"
HANGS = 300.0  # s
OVERRUN = "undefined: the reference died beyond the end of an array, and the program under test did not"
UNSET = "undefined: -printout shows a polarization factor that was made of a variable never set"
MOST_FOUND = 10


def program_case(draft: Draft, program: str, case_id: str) -> ProgramCase:
    """Spell out a draft of one program's arguments."""
    steps = draft.case(case_id).steps
    tokens = {token for argv in steps for token in argv if token and "/" not in token and "\0" not in token}
    inputs = sorted(token for token in tokens if (INPUTS / token).is_file())
    return ProgramCase(case_id, "fuzz", tuple(inputs), tuple((program, *argv) for argv in steps))


def differences_of(
    case: ProgramCase, expected: Sequence[StepResult], got: Sequence[StepResult], steps: int
) -> tuple[str, ...]:
    """What differs in the first steps of two runs of a case."""
    return tuple(map(str, compare_program_case(case, expected[:steps], got[:steps])))


@dataclass(frozen=True)
class Bench:
    """Both programs under one name."""

    program: str
    reference: Mapping[str, Runner]
    again: Mapping[str, Runner]
    candidate: Mapping[str, Runner]

    def verdict(self, draft: Draft, case_id: str = "fuzz") -> Verdict:
        """Judge a draft."""
        case = program_case(draft, self.program, case_id)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        try:
            verdict = judge(
                case, self.reference, {"other memory": self.again}, self.candidate, run_program_case, differences_of
            )
        finally:
            faulthandler.cancel_dump_traceback_later()
        if all("'polar               nan'" in text or "'polar              -nan'" in text for text in verdict.details):
            return Verdict(UNSET) if verdict.details else verdict
        died = any(text.startswith("the reference died") and "  got 0 and" in text for text in verdict.details)
        return Verdict(OVERRUN) if died and may_overrun(case) else verdict


def may_overrun(case: ProgramCase) -> bool:
    """Where the C program may write or read beyond an array (quirks float-add-histogram, float-add-reject-crash,
    psf-infinite)."""
    program, *argv = case.steps[0]
    words = {"float_add": ("-reject", "-histogram"), "noisify": ("fnan.bin",)}.get(program, ())
    return any(word in token for word in words for token in argv)


def bench(program: str, folder: Path, timeout: float) -> Bench:
    """The C program in a folder, and the one under test."""
    path = folder / program
    command = InProcess(import_module(f"nbport.programs.{program.lower()}.command").main)
    return Bench(
        program,
        {program: Program(path, timeout)},
        {program: Program(path, timeout, OTHER_MEMORY)},
        {program: command},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the fuzzer; returns 1 when it found a difference."""
    options = _parser().parse_args(arguments)
    folder = os.environ.get(VARIABLE)
    path = f"{VARIABLE} (not set)" if folder is None else os.path.join(folder, options.program)
    if not os.access(path, os.X_OK):
        print(f"NOTHING WAS TESTED: no reference program at {path}", file=sys.stderr)
        return 2
    both = bench(options.program, Path(folder).absolute(), options.timeout)
    counts: Counter[str] = Counter()
    start, found = time.monotonic(), 0
    for number in range(options.start, options.start + options.cases):
        draft = draw(random.Random(f"{options.program}/{options.seed}/{number}"), options.program)
        verdict = both.verdict(draft)
        counts[verdict.kind] += 1
        if verdict.kind == DIFFERS:
            found += 1
            small = minimise(draft, lambda draft: both.verdict(draft).kind == DIFFERS)
            case = program_case(small, options.program, f"{options.program}-{options.seed}-{number}")
            print(*map(" ".join, case.steps), *both.verdict(small).details, sep="\n", flush=True)
            if found >= MOST_FOUND:
                break
    print(report(counts, time.monotonic() - start), flush=True)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.programs", description=__doc__.split("\n")[0])
    parser.add_argument("program", choices=NAMES)
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="how many command lines to draw")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="chooses which")
    parser.add_argument("--start", type=int, default=0, metavar="K", help="number of the first (default 0)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="limit for the C program")
    return parser


if __name__ == "__main__":
    sys.exit(main())
