"""Rows of the table of nanoBragg that other programs have, too."""

from __future__ import annotations

from dataclasses import replace

from ..options.table import FLAGS, Flag

_ROWS = {flag.option: flag for flag in FLAGS}


def same(option: str, lines: str, **changes: object) -> Flag:
    """The row of nanoBragg's table with the lines of another program, and what else differs."""
    return replace(_ROWS[option], lines=lines, **changes)


def vector(option: str, lines: str, **changes: object) -> Flag:
    """The same for a vector, which is not bound to a convention."""
    return same(option, lines, also={}, apply=None, **changes)
