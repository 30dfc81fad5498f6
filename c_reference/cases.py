"""Cases (command lines and their input files), and what running them gave."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"

#: The one output that outlives a step, because the next step may read it again.
DUMP_FILE = "Fdump.bin"


@dataclass(frozen=True)
class Case:
    """One or more command lines run one after another in one folder.

    Parameters
    ----------
    id : str
        Name, unique among all recorded cases.
    group : str
        The collection it belongs to, e.g. ``quirk``.
    inputs : tuple of str
        Names of the files that lie in the folder before the first step.
    steps : tuple of tuple of str
        The arguments of each step, program name excluded.
    """

    id: str
    group: str
    inputs: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]

    @classmethod
    def from_json(cls, line: str) -> Case:
        """Read one line of a ``.jsonl`` file."""
        row = json.loads(line)
        return cls(row["id"], row["group"], tuple(row["inputs"]), tuple(tuple(argv) for argv in row["steps"]))

    def to_json(self) -> str:
        """Write one line of a ``.jsonl`` file, without the line end."""
        return json.dumps({"id": self.id, "group": self.group, "inputs": self.inputs, "steps": self.steps})


@dataclass(frozen=True)
class Finished:
    """What a runner reports of one finished run.

    Parameters
    ----------
    exit : int or None
        Exit status; the negative signal number of a run that a signal ended; None of a run that
        was stopped because it took too long.
    stdout, stderr : bytes
        Everything it wrote there.
    """

    exit: int | None
    stdout: bytes
    stderr: bytes = b""


@dataclass(frozen=True)
class StepResult:
    """What one step left behind: a `Finished` run and the files it made.

    ``files`` maps the name of every file present afterwards that is not an input to its bytes.
    Standard error is kept for messages; it is neither recorded nor compared.
    """

    exit: int | None
    stdout: bytes
    files: Mapping[str, bytes]
    stderr: bytes = field(default=b"", compare=False)


#: Runs the program with these arguments in this folder.
Runner = Callable[[Sequence[str], Path], Finished]


def load_cases(path: str | os.PathLike[str]) -> list[Case]:
    """Read a ``.jsonl`` file of cases."""
    with open(path, encoding="utf-8") as lines:
        return [Case.from_json(line) for line in lines if line.strip()]


def run_case(case: Case, runner: Runner, inputs: Path = INPUTS) -> list[StepResult]:
    """Run every step of a case in a fresh folder.

    Between steps everything but the inputs and ``Fdump.bin`` is removed.

    Parameters
    ----------
    case : Case
        What to run.
    runner : callable
        Takes the arguments and the folder, returns a `Finished`.
    inputs : Path
        Folder to copy the case's inputs from.

    Returns
    -------
    list of StepResult
        One for each step.
    """
    results = []
    with tempfile.TemporaryDirectory(prefix="case-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for file in case.inputs:
            shutil.copyfile(inputs / file, folder / file)
        for argv in case.steps:
            _remove_outputs(folder, keep={*case.inputs, DUMP_FILE})
            finished = runner(argv, folder)
            files = {path.name: path.read_bytes() for path in _outputs(folder, keep=set(case.inputs))}
            results.append(StepResult(finished.exit, finished.stdout, files, finished.stderr))
    return results


def load_results(path: str | os.PathLike[str]) -> dict[str, list[StepResult]]:
    """Read recorded results: for each case id its steps."""
    with np.load(path) as archive:
        keys = [key.split("/", 3) for key in archive.files]
        steps: dict[str, dict[int, dict[str, bytes]]] = {}
        for key, parts in zip(archive.files, keys, strict=True):
            case_id, step, item = parts[0], int(parts[1].removeprefix("step")), "/".join(parts[2:])
            steps.setdefault(case_id, {}).setdefault(step, {})[item] = archive[key].tobytes()
    return {case_id: [_step_result(items[k]) for k in range(len(items))] for case_id, items in steps.items()}


def save_results(path: str | os.PathLike[str], results: Mapping[str, Sequence[StepResult]]) -> None:
    """Write recorded results in the form that `load_results` reads."""
    arrays: dict[str, np.ndarray] = {}
    for case_id, steps in results.items():
        for k, step in enumerate(steps):
            arrays[f"{case_id}/step{k}/exit"] = np.array(step.exit, dtype="<i4")
            arrays[f"{case_id}/step{k}/stdout"] = np.frombuffer(step.stdout, np.uint8)
            for name, content in sorted(step.files.items()):
                arrays[f"{case_id}/step{k}/files/{name}"] = np.frombuffer(content, np.uint8)
    # an open file, because given a name numpy would add .npz to it
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # of NumPy's allow_pickle


def _step_result(items: Mapping[str, bytes]) -> StepResult:
    files = {key.removeprefix("files/"): value for key, value in items.items() if key.startswith("files/")}
    return StepResult(int.from_bytes(items["exit"], "little", signed=True), items["stdout"], files)


def _outputs(folder: Path, keep: set[str]) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name not in keep and path.is_file()]


def _remove_outputs(folder: Path, keep: set[str]) -> None:
    for path in _outputs(folder, keep):
        path.unlink()
