"""The `noisify` command: a drop-in for the C program of that name."""

from __future__ import annotations

from ...compilation.loading import compiled
from .. import console
from .options import PAGE, Parameters, missing


def main(argv: list[str] | None = None) -> int:
    """Add noise to an image in the current folder; see `console.run`."""
    return console.run(PROGRAM, argv)


def simulate(p: Parameters, session: console.Session) -> None:
    """Everything after the options. C: noisify.c 322-663"""
    session.say("noisify - add noise to pixels - James Holton 3-19-16")
    compiled("programs.noisify.images").make_images(p, session)


PROGRAM = console.Program(PAGE, Parameters, missing, simulate)
