"""Differential fuzzer: random command lines, run by the reference and by nbport, must agree.

``python -m tests.fuzz --cases N --seed S [--jobs J] [--keep FILE]``

The reference program is named by the environment variable NANOBRAGG_REFERENCE. If another build of
it is named by NANOBRAGG_REFERENCE_2, cases where the two disagree count as undefined: they depend
on memory that was never set, or on what the compiler made of a NaN's sign.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from c_reference.cases import Case
from tests.fuzz.draw import Draft
from tests.fuzz.judge import AGREED, DIFFERS, Judge, Setting, Verdict
from tests.fuzz.minimise import minimise
from tests.fuzz.options import draw


@dataclass(frozen=True)
class Found:
    """A draft that shows a difference, and its number."""

    number: int
    draft: Draft
    verdict: Verdict


def search(
    judges: Sequence[Judge], drafts: Iterable[tuple[int, Draft]], seed: int, counts: Counter[str]
) -> tuple[Found, Judge] | None:
    """Judge drafts until one differs.

    Parameters
    ----------
    judges : sequence of Judge
        Processes to share the work.
    drafts : iterable of int and Draft
        Numbered drafts.
    seed : int
        For the names of the cases.
    counts : Counter
        Counts the verdicts by kind.

    Returns
    -------
    tuple of Found and Judge, or None
        The first difference and an idle judge.
    """
    waiting, running = iter(drafts), {}

    def hand_over(judge: Judge) -> None:
        for number, draft in itertools.islice(waiting, 1):
            running[judge.connection] = judge, number, draft
            judge.submit(draft.case(f"fuzz-{seed}-{number}"))

    for judge in judges:
        hand_over(judge)
    while running:
        for connection in wait(list(running)):
            judge, number, draft = running.pop(connection)
            verdict = judge.collect()
            counts[verdict.kind] += 1
            if verdict.kind == DIFFERS:
                return Found(number, draft, verdict), judge
            hand_over(judge)
    return None


def report(counts: Mapping[str, int], seconds: float) -> str:
    """Say how many cases went how."""
    total = sum(counts.values())
    lines = [f"{total} cases in {seconds:.0f} s", f"{counts.get(AGREED, 0):8d} {AGREED}"]
    lines += [f"{number:8d} {kind}" for kind, number in sorted(counts.items()) if kind != AGREED]
    return "\n".join(lines)


def describe(case: Case, verdict: Verdict) -> str:
    """Command lines and differences of a case."""
    lines = [f"case {case.id}", f"  inputs {' '.join(case.inputs) or 'none'}"]
    lines += [f"  step {k}: {shlex.join(argv)}" for k, argv in enumerate(case.steps)]
    return "\n".join([*lines, *verdict.details])


def show_smallest(found: Found, judge: Judge, seed: int, keep: Path | None) -> None:
    """Minimise a difference, print it and keep it."""
    name = f"fuzz-{seed}-{found.number}"
    print(describe(found.draft.case(name), found.verdict), flush=True)
    print("minimising ...", flush=True)
    small = minimise(found.draft, lambda draft: judge.verdict(draft.case(name)).kind == DIFFERS)
    case = small.case(f"{name}-minimal")
    print(describe(case, judge.verdict(case)), flush=True)
    if keep:
        with keep.open("a", encoding="utf-8") as file:
            file.write(found.draft.case(name).to_json() + "\n" + case.to_json() + "\n")


def main(arguments: Sequence[str] | None = None, candidate: str = Setting.candidate) -> int:
    """Command line of the fuzzer; returns 1 when it found a difference."""
    options = _parser().parse_args(arguments)
    reference, second = (os.environ.get(name) for name in ("NANOBRAGG_REFERENCE", "NANOBRAGG_REFERENCE_2"))
    for path in filter(None, (reference or "NANOBRAGG_REFERENCE (not set)", second)):
        if not os.access(path, os.X_OK):
            print(f"NOTHING WAS TESTED: no reference program at {path}", file=sys.stderr)
            return 2
    setting = Setting(
        Path(reference).absolute(),
        Path(second).absolute() if second else None,
        candidate,
        tuple(shlex.split(options.options)),
        options.timeout,
    )
    numbers = range(options.start, options.start + options.cases)
    drafts = ((number, draw(random.Random(f"{options.seed}/{number}"), options.plain)) for number in numbers)
    judges = [Judge(setting) for _ in range(options.jobs)]
    counts: Counter[str] = Counter()
    start = time.monotonic()
    try:
        found = search(judges, drafts, options.seed, counts)
        print(report(counts, time.monotonic() - start), flush=True)
        if found:
            show_smallest(*found, options.seed, options.keep)
    finally:
        for judge in judges:
            judge.close()
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="how many command lines to draw")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="chooses which")
    parser.add_argument("--start", type=int, default=0, metavar="K", help="number of the first (default 0)")
    parser.add_argument("--plain", action="store_true", help="no odd texts of numbers, no odd spellings of options")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="processes")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="append a difference to this file of cases")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="limit for the reference")
    parser.add_argument("--options", default="", help="options for nbport, put before each case's own")
    return parser
