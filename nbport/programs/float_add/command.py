"""The `float_add` command: a drop-in for the C program of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compilation.loading import compiled
from ...errors import InputError
from ...system.files import InputStream
from .. import console
from .options import PAGE, Parameters, missing

if TYPE_CHECKING:
    import numpy as np

FLOAT = 4  # bytes
LARGEST = 2**31 - 1  # bytes of a file


def main(argv: list[str] | None = None) -> int:
    """Add two images in the current folder; see `console.run`."""
    return console.run(PROGRAM, argv)


def simulate(p: Parameters, session: console.Session) -> None:
    """Everything after the options. C: float_add.c 199-468"""
    for name, role in p.names:
        session.say("filename: %s %s", name, f" {role}" if role else "")
        if not role:
            session.warn(f"{name}: cannot be read, and is left out")
    first, size = _read(p.infile1)
    second = _read(p.infile2, size)[0] if p.infile2 is not None else first * 0
    if p.header < 0:
        raise InputError(f"-header: found {p.header}, expected 0 or more bytes")
    if p.header > size:
        session.warn(f"-header: {p.header} bytes are more than the {size} of {p.infile1}; the result is a copy of it")
    session.say("header = %d bytes pixel zero offset = %g (%g in output)", p.header, p.offset, p.outoffset)
    for value in p.ignore:
        session.say("ignoring value %g in both files", value)
    pixels = (size - p.header) // FLOAT  # as below zero the wrapped quotient of the C program
    out = compiled("programs.float_add.statistics").add(p, session, first, second, pixels)
    session.say("writing %s as a %d-byte header with %d %d-byte floats", p.outfile, p.header, pixels, FLOAT)
    session.write(p.outfile, [memoryview(out).cast("B")[:size]])


def _read(path: str, size: int | None = None) -> tuple[np.ndarray, int]:
    """A file as floats, zeros behind its end, and its size; of the second file as many bytes as the first has."""
    import numpy as np

    with InputStream(path, "floats") as stream:
        if size is None:
            size = stream.size()
            if stream.is_pipe or size > LARGEST:
                raise InputError(f"{path}: expected a file of up to {LARGEST} bytes")
        floats = np.zeros(size // FLOAT + 1, np.float32)
        stream.read_into(memoryview(floats).cast("B")[:size])
    return floats, size


PROGRAM = console.Program(PAGE, Parameters, missing, simulate)
