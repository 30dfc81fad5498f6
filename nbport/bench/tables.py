"""What `nbport bench` shows: the machine, rows of a table, and the same as JSON."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version

from .. import __version__
from ..system.files import write_file


def print_machine(machine: dict) -> None:
    """One line."""
    print(", ".join(f"{k} {v if isinstance(v, str | int) else f'{v:.1f}'}" for k, v in machine.items()))


def write_json(name: str | None, machine: dict, results: list[dict]) -> None:
    """If a file was asked for."""
    if name:
        text = json.dumps({"machine": machine, "cases": results}, indent=1) + "\n"
        write_file(name, [text.encode()])


def describe_machine() -> dict[str, str | int]:
    """Processor and versions."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    versions = {"nbport": __version__, "Python": platform.python_version()}
    for package in ("numba", "llvmlite", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "?"
    return {"processor": model, "cores": os.cpu_count() or 0, **versions}


def row(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    """A line of a table."""
    return "  ".join(
        cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
    )


def number(result: dict, name: str, form: str) -> str:
    """A figure as a table has it."""
    return format(result[name], form) if name in result else "-"


def equal(result: dict) -> str:
    """The verdict on the files as a table has it."""
    return {True: "yes", False: "NO"}.get(result.get("equal"), "-")
