"""A run as JSON: what was asked for, what was decided, what came out."""

from __future__ import annotations

import json
import os
import platform
import stat
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING

from .. import __version__
from ..system.files import file_digest, write_file
from ..system.machine import peak_memory
from .quantities import derived_quantities, parameter_quantities, statistics_quantities

if TYPE_CHECKING:
    from ..run import Image, Run

FORMAT = "nbport run 1"


def write_record(path: str, run: Run, image: Image, command: list[str], warnings: list[str], files: Iterable[str]):
    """Write everything that is known of a finished run.

    Parameters
    ----------
    path : str
    run, image
    command : list of str
        Its arguments, program name excluded.
    warnings : list of str
        What was said on standard error.
    files : iterable of str
        What it wrote.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from ..setup.memory_estimate import memory_needed

    record = {
        "format": FORMAT,
        **circumstances(),
        "command_line": ["nanoBragg", *command],
        "parameters": parameter_quantities(run),
        "derived": derived_quantities(run),
        "statistics": statistics_quantities(image.statistics),
        "memory": {"estimate_bytes": memory_needed(run), "peak_bytes": peak_memory()},
        "kernel": image.report._asdict(),
        "warnings": warnings,
        "files": [described(name) for name in files],
    }
    write_file(path, [(json.dumps(record, indent=1, allow_nan=False) + "\n").encode()])


def circumstances() -> dict[str, object]:
    """Versions, machine and folder of this process."""
    packages = {name: version(name) for name in ("numba", "numpy", "fabio")}
    return {
        "versions": {"nbport": __version__, "python": platform.python_version(), **packages},
        "platform": platform.platform(),
        "folder": os.getcwd(),
    }


def described(path: str) -> dict[str, object]:
    """Name, size and sha256 of a file; the name alone of a device or pipe."""
    facts: dict[str, object] = {"path": path}
    if os.path.exists(path) and stat.S_ISREG(os.stat(path).st_mode):
        facts |= {"bytes": os.path.getsize(path), "sha256": file_digest(path, "an output")}
    return facts
