"""Decides whether the program under test does with a case what the reference does."""

from __future__ import annotations

import faulthandler
import importlib
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from c_reference.cases import Case, Finished, Runner, StepResult, run_case
from c_reference.compare import compare_case, misset_from_clock
from c_reference.runners import InProcess, Program

AGREED = "agreed"
DIFFERS = "differs"
CLOCK = "not comparable: orientation from the clock"
TIMED_OUT = "undefined: the reference did not finish"
DIED = "undefined: the reference died by a signal, and it was refused as it should be"
UNSTABLE = "undefined: the reference is not of one mind in {}"

#: Other memory contents for the second run of the reference: what it never set shows as a difference.
OTHER_MEMORY = {"MALLOC_PERTURB_": "165", "LD_BIND_NOW": "1", "NANOBRAGG_PADDING": "x" * 5000}


@dataclass(frozen=True)
class Verdict:
    """How a case went: one of the kinds above, and for a difference what it is."""

    kind: str
    details: tuple[str, ...] = ()


def differences_of(
    case: Case, expected: Sequence[StepResult], got: Sequence[StepResult], steps: int
) -> tuple[str, ...]:
    """What differs in the first steps of two runs of a case."""
    return tuple(map(str, compare_case(expected[:steps], got[:steps], case.steps[:steps], case.id)))


def judge(
    case: Case,
    reference: Runner,
    repeats: Mapping[str, Runner],
    candidate: Runner,
    run: Callable[..., Sequence[StepResult]] = run_case,
    compare: Callable[..., tuple[str, ...]] = differences_of,
) -> Verdict:
    """Run a case with the reference and the program under test, and compare.

    Parameters
    ----------
    case : Case
        What to run.
    reference : Runner
        The reference.
    repeats : mapping of str to Runner
        The reference again under other circumstances, by what differs. Where they disagree it has
        no defined answer.
    candidate : Runner
        The program under test.
    run : callable
        Runs a case with a runner; for cases of other programs a runner is a mapping of them.
    compare : callable
        Gives the differences of two runs of a case, up to a number of steps.

    Returns
    -------
    Verdict
        A death of the reference by a signal asks for exit status 9 and a message, not for equal
        files; nothing is compared after it.
    """
    if any(misset_from_clock(argv) for argv in case.steps):
        return Verdict(CLOCK)
    expected = run(case, reference)
    if any(step.exit is None for step in expected):
        return Verdict(TIMED_OUT)
    deaths = [k for k, step in enumerate(expected) if step.exit < 0]
    defined = deaths[0] if deaths else len(expected)
    for circumstance, runner in repeats.items():
        again = run(case, runner)
        if compare(case, expected, again, defined) or any(again[k].exit >= 0 for k in deaths[:1]):
            return Verdict(UNSTABLE.format(circumstance))
    got = run(case, candidate)
    differences = compare(case, expected, got, defined)
    if deaths and not differences:
        differences = _not_refused(got[defined], expected[defined])
    if differences:
        return Verdict(DIFFERS, differences)
    return Verdict(DIED if deaths else AGREED)


def _not_refused(got: StepResult, expected: StepResult) -> tuple[str, ...]:
    if got.exit == 9 and got.stderr.strip() and b"Traceback" not in got.stderr:
        return ()
    return (
        f"the reference died by signal {-expected.exit}: expected exit status 9 and a message on stderr\n"
        f"  got {got.exit} and {got.stderr.decode(errors='replace')!r}",
    )


@dataclass(frozen=True)
class Setting:
    """What a judging process needs to know.

    Parameters
    ----------
    reference : Path
        The reference program.
    second_build : Path or None
        Another build of it, if there is one.
    candidate : str
        ``module:function`` of the ``main(argv)`` under test.
    prefix : tuple of str
        Options put before those of each case.
    timeout : float
        Seconds the reference may take for a step.
    candidate_timeout : float
        Seconds for a step under test, compilation included; after that it counts as hung.
    """

    reference: Path
    second_build: Path | None = None
    candidate: str = "nbport.cli.nanobragg_command:main"
    prefix: tuple[str, ...] = ()
    timeout: float = 10.0
    candidate_timeout: float = 300.0

    def repeats(self) -> dict[str, Runner]:
        """The reference under other circumstances."""
        repeats: dict[str, Runner] = {"other memory": Program(self.reference, self.timeout, OTHER_MEMORY)}
        if self.second_build:
            repeats["a second build"] = Program(self.second_build, self.timeout)
        return repeats

    def runner(self) -> InProcess:
        """The program under test."""
        module, _, function = self.candidate.partition(":")
        return InProcess(getattr(importlib.import_module(module), function), self.prefix)


@dataclass
class Judge:
    """A process of its own that judges one case after another, with warm kernels.

    It may be killed by what it runs, or kill itself when that hangs: that is a difference, and
    the next case gets a new process.
    """

    setting: Setting
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self.setting), daemon=True)
        self._process.start()
        theirs.close()

    def submit(self, case: Case) -> None:
        """Hand over a case; the verdict is ready when `connection` has something to read."""
        self.connection.send(case)

    def collect(self) -> Verdict:
        """Wait for the verdict."""
        try:
            return self.connection.recv()
        except EOFError:
            self._process.join()
            status = self._process.exitcode
            self._start()
            return Verdict(DIFFERS, (f"the process under test ended with exit code {status}: it crashed or hung",))

    def verdict(self, case: Case) -> Verdict:
        """Judge one case now."""
        self.submit(case)
        return self.collect()

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def serve(connection: Connection, setting: Setting) -> None:
    """Judge what comes over the connection until it closes."""
    reference, repeats = Program(setting.reference, setting.timeout), setting.repeats()
    candidate = setting.runner()

    def watched(argv: Sequence[str], folder: Path) -> Finished:
        faulthandler.dump_traceback_later(setting.candidate_timeout, exit=True)
        try:
            return candidate(argv, folder)
        finally:
            faulthandler.cancel_dump_traceback_later()

    while True:
        try:
            case = connection.recv()
        except EOFError:
            return
        connection.send(judge(case, reference, repeats, watched))
