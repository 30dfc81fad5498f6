"""Recorded runs of noisify, nonBragg, nearBragg and float_add: cases of one or more programs in one folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from c_reference.cases import INPUTS as OTHER_INPUTS
from c_reference.cases import Runner, StepResult
from c_reference.compare import Difference, compare_step

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"
NAMES = ("float_add", "noisify", "nonBragg", "nearBragg")

_PGM = re.compile(rb"P5\n(-?\d+) (-?\d+)\n#[^\n]*\n255\n")
_LONG_AGO = 10**18  # ns


@dataclass(frozen=True)
class ProgramCase:
    """Command lines run one after another in one folder, in which everything stays.

    Parameters
    ----------
    id, group : str
    inputs : tuple of str
        Names of the files that lie in the folder before the first step.
    steps : tuple of tuple of str
        Name of the program and its arguments.
    undefined : tuple of str
        Files, as "step0/files/NAME", that the reference's compiler decides.
    """

    id: str
    group: str
    inputs: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    undefined: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, line: str) -> ProgramCase:
        """Read one line of a ``.jsonl`` file."""
        row = json.loads(line)
        steps = tuple(tuple(step) for step in row["steps"])
        return cls(row["id"], row["group"], tuple(row["inputs"]), steps, tuple(row.get("ub", ())))


def load_program_cases(path: Path) -> list[ProgramCase]:
    """Read a ``.jsonl`` file of cases."""
    return [ProgramCase.from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run_program_case(case: ProgramCase, runners: Mapping[str, Runner]) -> list[StepResult]:
    """Run every step in a fresh folder; a result has the files that its step made or wrote again."""
    results = []
    with tempfile.TemporaryDirectory(prefix="case-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for file in case.inputs:
            source = INPUTS if (INPUTS / file).exists() else OTHER_INPUTS
            shutil.copyfile(source / file, folder / file)
            os.utime(folder / file, ns=(_LONG_AGO, _LONG_AGO))
        for program, *argv in case.steps:
            before = _state(folder)
            finished = runners[program](argv, folder)
            after = _state(folder)
            files = {name: (folder / name).read_bytes() for name in after if after[name] != before.get(name)}
            results.append(StepResult(finished.exit, finished.stdout, files, finished.stderr))
    return results


def compare_program_case(
    case: ProgramCase, expected: Sequence[StepResult], got: Sequence[StepResult]
) -> list[Difference]:
    """Differences in what is defined, in as many steps as there are results."""
    return [
        difference
        for k, (program, *argv) in enumerate(case.steps[: len(expected)])
        for difference in compare_step(
            _defined(case, k, expected[k]), _defined(case, k, got[k]), argv, f"{case.id} ({program})", k
        )
    ]


def _defined(case: ProgramCase, k: int, step: StepResult) -> StepResult:
    """Without what the reference leaves to its compiler, or to its memory: the second half of nonBragg's PGM."""
    files = {name: data for name, data in step.files.items() if f"step{k}/files/{name}" not in case.undefined}
    if case.steps[k][0] == "nonBragg":
        files = {name: _without_second_half(data) for name, data in files.items()}
    return replace(step, files=files)


def _without_second_half(data: bytes) -> bytes:
    header = _PGM.match(data)
    return data[: header.end() + int(header[1]) * int(header[2])] if header else data


def _state(folder: Path) -> dict[str, tuple[int, ...]]:
    stats = {path.name: path.stat() for path in folder.iterdir() if path.is_file()}
    return {name: (s.st_mtime_ns, s.st_size, s.st_ino) for name, s in stats.items()}
