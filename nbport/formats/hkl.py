"""Structure factors from text: `h k l F` in any layout, read twice as the reference does.

Not for files with more or fewer columns: the reference takes numbers as they come, four at a
time, and so does this (quirk: hkl-token-stream).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..crules import text
from ..crules.decimals import jitted
from ..crules.scan import cached, rows_of_numbers
from ..errors import InputError
from ..system.files import InputStream
from ..system.stopping import Stop
from .fdump import Grid, new_grid

to_int = jitted(text.to_int)


class Reflections(NamedTuple):
    """What a file holds."""

    grid: Grid
    hkls: int  # rows
    last_F: float  # of the last row


class NotEnoughIndices(InputError):
    """No complete first row. Carries the ranges that the reference prints."""

    def __init__(self, path: str, ranges: tuple[int, ...]):
        super().__init__(f"{path}: no reflections found, expected rows of: h k l F")
        self.ranges = ranges


def read_hkl(
    path: str, default_F: float, say: Callable[..., None], besides: int = 0, stop: Stop | None = None
) -> Reflections:
    """Read structure factors into a grid that holds default_F where the file has none. C: 2142-2208

    Parameters
    ----------
    path : str
    default_F : float
    say : callable
        Takes a printf template and values; gets the lines that the reference prints.
    besides : int
        Bytes that the run is going to need for other things.
    stop : Stop, optional

    Raises
    ------
    InputError
        If the file cannot be read, has no row, or a row lies outside the grid.
    CancelledError
        If it was stopped.
    """
    stop = stop or Stop()
    with InputStream(path, "structure factors") as stream:
        say("counting entries in %s", path)
        bounds = np.array((10**9, -(10**9)) * 3)
        hkls, last_F = 0, 0.0
        for rows in stop.each(rows_of_numbers(stream, whole_indices=False)):
            if widen(rows, bounds):
                _warn_of_fractions(rows, hkls, say)
            hkls += len(rows)
            last_F = float(rows[-1, 3])
        grid = _new_grid(tuple(bounds.tolist()), path, default_F, say, besides)
        stream.rewind()
        say("re-reading %s", path)
        for rows in stop.each(rows_of_numbers(stream, whole_indices=True)):
            outside = place(rows, grid.h_min, grid.k_min, grid.l_min, grid.Fhkl)
            if outside >= 0:
                h, k, l = rows[outside, :3].astype(int)
                raise InputError(
                    f"{path}: reflection {h} {k} {l} of the second reading is outside the range of the first;"
                    " expected four numbers a row: h k l F, indices whole"
                )
            last_F = float(rows[-1, 3])
    return Reflections(grid, hkls, last_F)


def _new_grid(bounds: tuple[int, ...], path: str, default_F: float, say: Callable[..., None], besides: int) -> Grid:
    if any(text.wrap_int(bounds[i + 1] - bounds[i] + 1) < 0 for i in (0, 2, 4)):
        raise NotEnoughIndices(path, bounds)
    grid = new_grid(bounds, path, besides)
    if default_F != 0.0:
        say("initializing to default_F = %g:", default_F)
        # the padding behind the last index of each axis stays 0
        grid.Fhkl[:-1, :-1, :-1] = default_F
        say("done initializing:")
    return grid


@cached
def widen(rows, bounds):
    """Extend (h_min, h_max, k_min, ...) to some rows, row by row; True if an index is no whole number. C: 2152-2162"""
    fractions = False
    for row in range(rows.shape[0]):
        for axis in range(3):
            value = rows[row, axis]
            if value != np.ceil(value - 0.4):
                fractions = True
            # truncated to ints one after the other, so the order matters
            if bounds[2 * axis] > value:
                bounds[2 * axis] = to_int(value)
            if bounds[2 * axis + 1] < value:
                bounds[2 * axis + 1] = to_int(value)
    return fractions


def _warn_of_fractions(rows: np.ndarray, hkls: int, say: Callable[..., None]) -> None:
    indices = rows[:, :3]
    odd = indices != np.ceil(indices - 0.4)
    for row, axis in np.argwhere(odd).tolist():
        value = float(indices[row, axis])
        say("WARNING: %s is not a whole number (%g) at line %d", "hkl"[axis], value, hkls + row)


@cached
def place(rows, h_min, k_min, l_min, Fhkl):
    """Store rows in a grid, the last one of duplicates; number of the first row outside of it, or -1. C: 2205-2207"""
    h_size, k_size, l_size = Fhkl.shape
    for row in range(rows.shape[0]):
        h, k, l = int(rows[row, 0]) - h_min, int(rows[row, 1]) - k_min, int(rows[row, 2]) - l_min
        if not (0 <= h < h_size and 0 <= k < k_size and 0 <= l < l_size):
            return row
        Fhkl[h, k, l] = rows[row, 3]
    return -1
