"""What to do about a recorded case that fails: commands to run, ready to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from c_reference.cases import INPUTS, Case, StepResult
from c_reference.compare import Difference, image_of


def save_files(folder: Path, expected: Sequence[StepResult], got: Sequence[StepResult], step: int) -> None:
    """Write what a step should have written to ``expected/`` in a folder, and what it wrote to ``got/``."""
    for name, result in (("expected", expected[step]), ("got", got[step])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in result.files.items():
            (folder / name / file).write_bytes(content)


def commands(
    case: Case, difference: Difference, expected: Sequence[StepResult], folder: Path, own: Sequence[str] = ()
) -> list[str]:
    """Command lines that show a difference again and what lies behind it.

    Parameters
    ----------
    case : Case
        The case that failed.
    difference : Difference
        Its first difference.
    expected : sequence of StepResult
        The reference's results.
    folder : Path
        Where `save_files` put the files; the case runs there once more.
    own : sequence of str
        Options put before those of the case.

    Returns
    -------
    list of str
        The run in that folder; for an image the comparison of both; for a pixel its trace.
    """
    steps = case.steps[: difference.step + 1]
    inputs = [str(INPUTS / name) for name in case.inputs]
    copy = [shlex.join(["cp", *inputs, "."])] if inputs else []
    runs = [shlex.join(["nanoBragg", *own, *argv]) for argv in steps]
    lines = [" && ".join([shlex.join(["cd", str(folder)]), *copy, *runs])]
    image = image_of(expected[difference.step].stdout, difference.where)
    if image:
        both = [str(folder / name / difference.where) for name in ("expected", "got")]
        lines.append(shlex.join(["nbport", "compare", "--shape", str(image.slow), str(image.fast), *both]))
    if difference.pixel:
        pixel = [str(place) for place in difference.pixel]
        lines.append(shlex.join(["nbport", "trace", "--pixel", *pixel, "--", *own, *steps[-1]]))
    return lines
