"""The `nonBragg` command: a drop-in for the C program of that name."""

from __future__ import annotations

import math

from ...compilation.loading import compiled
from ...options.scan import image_files
from .. import console
from .options import PAGE, Parameters, missing


def main(argv: list[str] | None = None) -> int:
    """Simulate an image in the current folder; see `console.run`."""
    return console.run(PROGRAM, argv)


def read_image(p: Parameters, arguments: list[str], session: console.Session) -> None:
    """Geometry from the header of an image, before any option counts. C: nonBragg.c 299-358"""
    path, _ = image_files(arguments)
    if path is None:
        return
    from ...errors import InputError
    from ...formats.smv import read_smv, value_of
    from ...setup.headers import apply_header

    frame = read_smv(path)
    if frame is None:
        raise InputError(f"{path}: expected an SMV image")
    session.say("reading %s", path)
    apply_header(p, frame.header, frame)
    ybeam = value_of("BEAM_CENTER_Y", frame.header)
    if not math.isnan(ybeam):
        p.Ybeam = p.detsize_s - ybeam / 1000.0
    session.input = frame


def simulate(p: Parameters, session: console.Session) -> None:
    """Everything after the options. C: nonBragg.c 789-1884"""
    compiled("programs.nonbragg.images").make_images(p, session.input, session)


PROGRAM = console.Program(PAGE, Parameters, missing, simulate, read_image)
