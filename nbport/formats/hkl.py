"""Structure factors from text: `h k l F` in any layout, read twice as the reference does.

Not for files with more or fewer columns: the reference takes numbers as they come, four at a
time, and so does this (quirk: hkl-token-stream).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..ctext import to_int, wrap_int
from ..files import InputError, read_bytes
from .cscan import rows_of_numbers
from .fdump import Grid, new_grid


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


def read_hkl(path: str, default_F: float, say: Callable[..., None]) -> Reflections:
    """Read structure factors into a grid that holds default_F where the file has none. C: 2142-2208

    Parameters
    ----------
    path : str
    default_F : float
    say : callable
        Takes a printf template and values; gets the lines that the reference prints.

    Raises
    ------
    InputError
        If the file cannot be read, has no row, or a row lies outside the grid.
    """
    text = np.frombuffer(read_bytes(path, "structure factors"), np.uint8)
    say("counting entries in %s", path)
    low, high, hkls, last_F = [10**9] * 3, [-(10**9)] * 3, 0, 0.0
    for rows in rows_of_numbers(text, whole_indices=False):
        _warn_of_fractions(rows, hkls, say)
        for axis in range(3):
            low[axis], high[axis] = _widen(rows[:, axis], low[axis], high[axis])
        hkls += len(rows)
        last_F = float(rows[-1, 3]) if len(rows) else last_F
    bounds = (low[0], high[0], low[1], high[1], low[2], high[2])
    if any(wrap_int(last - first + 1) < 0 for first, last in zip(low, high, strict=True)):
        raise NotEnoughIndices(path, bounds)
    grid = new_grid(bounds, path)
    if default_F != 0.0:
        say("initializing to default_F = %g:", default_F)
        # the padding behind the last index of each axis stays 0
        grid.Fhkl[:-1, :-1, :-1] = default_F
        say("done initializing:")
    say("re-reading %s", path)
    for rows in rows_of_numbers(text, whole_indices=True):
        _store(grid, rows, path)
        last_F = float(rows[-1, 3]) if len(rows) else last_F
    return Reflections(grid, hkls, last_F)


def _warn_of_fractions(rows: np.ndarray, hkls: int, say: Callable[..., None]) -> None:
    indices = rows[:, :3]
    odd = indices != np.ceil(indices - 0.4)
    for row, axis in np.argwhere(odd).tolist():
        value = float(indices[row, axis])
        say("WARNING: %s is not a whole number (%g) at line %d", "hkl"[axis], value, hkls + row)


def _widen(column: np.ndarray, low: int, high: int) -> tuple[int, int]:
    """Range of a column, truncated to ints one after the other as the reference does."""
    if column.size and np.all(column == np.floor(column)):
        # whole numbers: truncation changes nothing, so the order does not matter
        return min(low, to_int(float(column.min()))), max(high, to_int(float(column.max())))
    for value in column.tolist():
        if low > value:
            low = to_int(value)
        if high < value:
            high = to_int(value)
    return low, high


def _store(grid: Grid, rows: np.ndarray, path: str) -> None:
    """Put the rows in place; of duplicates the last one stays."""
    if not len(rows):
        return
    first = np.array((grid.h_min, grid.k_min, grid.l_min))
    places = rows[:, :3].astype(np.int64) - first
    outside = np.any((places < 0) | (places >= grid.Fhkl.shape), axis=1)
    if outside.any():
        h, k, l = rows[int(np.argmax(outside)), :3].astype(int)
        raise InputError(
            f"{path}: reflection {h} {k} {l} of the second reading is outside the range of the first;"
            " expected four numbers a row: h k l F, indices whole"
        )
    _assign_in_order(grid.Fhkl, places, rows[:, 3])


def _assign_in_order(Fhkl: np.ndarray, places: np.ndarray, F: np.ndarray) -> None:
    flat = np.ravel_multi_index(places.T, Fhkl.shape)
    # NumPy promises no order for repeated indices: keep the last of each
    last = flat.size - 1 - np.unique(flat[::-1], return_index=True)[1]
    Fhkl.reshape(-1)[flat[last]] = F[last]


