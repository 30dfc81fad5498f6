"""Input files that are broken in every way: what nbport makes of them, and what the reference does.

``python -m tests.broken --count N --seed S``

Every kind of file is damaged N times by each way of damaging a content, and replaced by each thing that is no
ordinary file. A run is good if it ends in time with the reference's own bytes (if NANOBRAGG_REFERENCE names it), or
with one line that says what is wrong and exit status 9, or 2 from `nbport`. The table counts the outcomes.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from c_reference.cases import Finished, StepResult
from c_reference.compare import compare_case
from c_reference.runners import InProcess
from nbport.system.machine import peak_memory
from tests.broken_files import DAMAGES, KINDS, PLACES, Kind

TIME_LIMIT = 300  # s, for nbport, as long as a compilation may take
REFERENCE_TIME_LIMIT = 5.0  # s
REFERENCE_MEMORY = 4 * 2**30  # bytes


@dataclass(frozen=True)
class Trial:
    """A broken file and the run that reads it.

    Parameters
    ----------
    kind : Kind
        What the file should be.
    damage : str
        What is wrong with it.
    make : callable
        Puts it at a path.
    """

    kind: Kind
    damage: str
    make: Callable[[Path], None]

    def run(self, runner: Callable[[list[str], Path], Finished]) -> StepResult:
        """Run it in a folder of its own."""
        with tempfile.TemporaryDirectory(prefix="broken-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            for file, content in self.kind.others.items():
                (folder / file).write_bytes(content)
            self.make(folder / self.kind.name)
            before = set(os.listdir(folder))
            done = runner(list(self.kind.argv), folder)
            files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in before}
            return StepResult(done.exit, done.stdout, files, done.stderr)


def trials(rng: random.Random, count: int, kinds: Iterable[Kind] = KINDS) -> Iterator[Trial]:
    """Every damage of every kind of file, drawn so many times, and everything that is no ordinary file."""
    for kind in kinds:
        content = kind.content
        for damage, spoil in DAMAGES.items():
            for _ in range(count):
                spoilt = spoil(content, rng)
                yield Trial(kind, damage, lambda path, data=spoilt: path.write_bytes(data))
        for place, make in PLACES.items():
            yield Trial(kind, place, lambda path, make=make, content=content: make(path, content))


def fault(kind: Kind, got: StepResult) -> str | None:
    """What is wrong with the way in which a run ended, if anything."""
    refusal = 9 if kind.program == "nanoBragg" else 2
    text = got.stderr.decode(errors="replace")
    if "Traceback" in text or got.exit is None:
        return f"exit status {got.exit}: {text}"
    if got.exit not in ((0, refusal) if refusal == 9 else (0, 1, refusal)):
        return f"exit status {got.exit}: {text}"
    errors = [line for line in text.splitlines() if "error: " in line]
    if (got.exit == refusal) != (len(errors) == 1):
        return f"exit status {got.exit} and {len(errors)} lines of errors: {text}"
    left = [name for name in got.files if name.startswith(".nbport-")]
    return f"left behind: {left}" if left else None


def outcome(trial: Trial, got: StepResult, expected: StepResult | None, again: StepResult | None) -> tuple[str, str]:
    """How nbport and the reference ended: two labels, the first `FAULT ...` if it should not have."""
    wrong = fault(trial.kind, got)
    ours = f"FAULT {wrong}" if wrong else "refused" if "error: " in got.stderr.decode(errors="replace") else "ran"
    if expected is None:
        return ours, "not run"
    argv = [trial.kind.argv]
    if expected.exit is None:
        theirs = "hung or slow"
    elif expected.exit < 0:
        theirs = "crashed"
    elif compare_case([expected], [again], argv, "x"):
        theirs = "not the same twice"
    elif expected.exit:
        theirs = "refused"
    else:
        theirs = "ran"
    if ours == "ran" and theirs in ("ran", "refused"):
        differences = compare_case([expected], [got], argv, "x")
        ours = "ran, the same bytes" if not differences else "FAULT differs: " + "; ".join(map(str, differences))
    return ours, theirs


def reference_runner(path: str, environment: dict[str, str] | None = None) -> Callable[[list[str], Path], Finished]:
    """The reference with a limit of time and memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (REFERENCE_MEMORY, REFERENCE_MEMORY))

    def run(argv: list[str], folder: Path) -> Finished:
        command = [os.path.abspath(path), *argv]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=REFERENCE_TIME_LIMIT,
                preexec_fn=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Finished(None, b"")
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@contextmanager
def in_time(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def late(*_: object) -> None:
        raise TimeoutError(f"not finished after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def nbport_runner(kind: Kind) -> Callable[[list[str], Path], Finished]:
    """The program of a kind, in this process, with a limit of time."""
    from nbport.cli import nanobragg_command, nbport_command
    from nbport.formats import images
    from nbport.system import files

    files.PATIENCE = images.PATIENCE = 1.0

    inner = InProcess(nanobragg_command.main if kind.program == "nanoBragg" else _tool(nbport_command.main))

    def run(argv: list[str], folder: Path) -> Finished:
        with in_time(TIME_LIMIT):
            return inner(argv, folder)

    return run


def _tool(main: Callable[[list[str]], int]) -> Callable[[list[str]], int]:
    """Arguments that argparse refuses end with SystemExit."""

    def run(argv: list[str]) -> int:
        try:
            return main(argv)
        except SystemExit as ended:
            return int(ended.code or 0)

    return run


def warm_up() -> None:
    """Compile the kernels, which takes longer than any run may."""
    from nbport.cli.nanobragg_command import main as nanobragg

    for kind in KINDS:
        if kind.program == "nanoBragg":
            Trial(kind, "none", lambda path, kind=kind: path.write_bytes(kind.content)).run(InProcess(nanobragg))


def main(arguments: list[str] | None = None) -> int:
    """Run everything, print the table; returns 1 if something ended as it should not."""
    parser = argparse.ArgumentParser(prog="python -m tests.broken", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=3, metavar="N", help="times that each damage is drawn")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="chooses what is drawn")
    parser.add_argument("--only", metavar="REGEX", default="", help="kinds of files")
    options = parser.parse_args(arguments)
    reference = os.environ.get("NANOBRAGG_REFERENCE")
    ours: dict[str, Counter[str]] = {}
    theirs: dict[str, Counter[str]] = {}
    faults = 0
    warm_up()
    for trial in trials(random.Random(options.seed), options.count):
        kind = trial.kind
        if not re.search(options.only, kind.label):
            continue
        got = trial.run(nbport_runner(kind))
        expected = again = None
        if reference and kind.program == "nanoBragg" and not kind.ours_alone:
            expected = trial.run(reference_runner(reference))
            again = trial.run(reference_runner(reference, {"MALLOC_PERTURB_": "165", "LD_BIND_NOW": "1"}))
        mine, other = outcome(trial, got, expected, again)
        if mine.startswith("FAULT"):
            faults += 1
            print(f"{kind.label}, {trial.damage}: {mine}", flush=True)
        ours.setdefault(kind.label, Counter())[mine.split(" ")[0] if mine.startswith("FAULT") else mine] += 1
        theirs.setdefault(kind.label, Counter())[other] += 1
    _print_table("nbport", ours)
    if reference:
        _print_table("the C program", theirs)
    print(f"{sum(map(sum, (c.values() for c in ours.values())))} runs, {faults} faults,", end=" ")
    print(f"{peak_memory() / 2**20:.0f} MiB of memory at most")
    return 1 if faults else 0


def _print_table(program: str, counts: dict[str, Counter[str]]) -> None:
    columns = sorted({label for counter in counts.values() for label in counter})
    print(f"\n| {program} | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}")
    for kind, counter in counts.items():
        print(f"| {kind} | {' | '.join(str(counter[label]) for label in columns)} |")
    print()


if __name__ == "__main__":
    sys.exit(main())
