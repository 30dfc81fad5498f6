"""Binary structure factors, `Fdump.bin`: a line of six bounds, then doubles, h slowest.

Reading is not the inverse of writing: every white-space byte after the bounds is skipped, those
that are data included, and everything then shifts (quirk: fdump-whitespace).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..crules.text import atoi, wrap_int
from ..errors import InputError
from ..system import memory
from ..system.files import InputStream, write_file

LONGEST_HEAD = 2**24
# a grid of doubles, the same with a border, and what checking its values takes
GRID_POINT = 8 + 11
HEAD = 4096  # bytes that hold the bounds, as a rule

_BOUNDS = re.compile(
    rb"(?:[ \t\n\v\f\r]*([+-]?[0-9]+))(?:[ \t\n\v\f\r]*([+-]?[0-9]+))(?:[ \t\n\v\f\r]*([+-]?[0-9]+))"
    rb"(?:[ \t\n\v\f\r]*([+-]?[0-9]+))(?:[ \t\n\v\f\r]*([+-]?[0-9]+))(?:[ \t\n\v\f\r]*([+-]?[0-9]+))"
    rb"[ \t\n\v\f\r]*"
)


class Grid(NamedTuple):
    """Structure factors with one layer of padding behind the last index of each axis."""

    h_min: int
    h_max: int
    k_min: int
    k_max: int
    l_min: int
    l_max: int
    Fhkl: np.ndarray  # float64 [h_range+1, k_range+1, l_range+1]

    @property
    def extents(self) -> tuple[int, int, int]:
        """Indices along h, k and l."""
        return tuple(self[i + 1] - self[i] + 1 for i in (0, 2, 4))

    @property
    def ranges(self) -> tuple[int, int, int]:
        """h_range, k_range, l_range as 32-bit ints."""
        return tuple(map(wrap_int, self.extents))


def of_grid(shape: Sequence[int]) -> int:
    """Bytes of a grid of structure factors and of what kernels make of it."""
    return GRID_POINT * math.prod(max(extent, 0) for extent in shape)


def new_grid(bounds: tuple[int, ...], path: str, besides: int = 0) -> Grid:
    """A grid of zeros.

    Parameters
    ----------
    bounds : (h_min, h_max, k_min, k_max, l_min, l_max)
    path : str
        Where the bounds come from, for the error text.
    besides : int
        Bytes that the run is going to need for other things.

    Raises
    ------
    InputError
        If the grid is larger than the machine's memory, or a range is no 32-bit int.
    """
    grid = Grid(*bounds, np.empty(0))
    shape = tuple(max(extent + 1, 0) for extent in grid.ranges)
    ranges_text = f"{path}: h {bounds[0]}..{bounds[1]}, k {bounds[2]}..{bounds[3]}, l {bounds[4]}..{bounds[5]}"
    if grid.extents != grid.ranges:
        raise InputError(f"{ranges_text}: expected ranges of less than {2**31} indices")
    memory.check(ranges_text, of_grid(shape) + besides)
    # an axis without points makes the others meaningless, however long
    return grid._replace(Fhkl=np.zeros((0, 0, 0) if 0 in shape else shape))


def write_fdump(path: str, grid: Grid) -> None:
    """Write the grid, padding included. C: 2227-2243"""
    header = b"%d %d %d %d %d %d\n\f" % grid[:6]
    write_file(path, (header, memoryview(np.ascontiguousarray(grid.Fhkl, "<f8")).cast("B")))


def read_fdump(path: str, besides: int = 0) -> Grid:
    """Read a grid as the reference does; data that are missing at the end are zero. C: 2109-2128

    Raises
    ------
    InputError
        If the file does not begin with six bounds or they need too much memory.
    """
    with InputStream(path, "dumped structure factors") as stream:
        head = bytearray(HEAD)
        filled = stream.read_into(memoryview(head))
        found = _BOUNDS.match(head[:filled])
        while len(head) < LONGEST_HEAD and filled == len(head) and (found is None or found.end() == filled):
            # the white space goes on
            head += bytes(len(head))
            filled += stream.read_into(memoryview(head)[filled:])
            found = _BOUNDS.match(head[:filled])
        if found is None:
            what = bytes(head[: min(filled, 40)])
            raise InputError(f"{path}: found {what!r}, expected six whole numbers: h_min h_max k_min k_max l_min l_max")
        bounds = tuple(atoi(text.decode("ascii")) for text in found.groups())
        nothing = Grid(*bounds, np.zeros((0, 0, 0)))
        if nothing.extents != nothing.ranges and wrap_int(math.prod(nothing.ranges)) == 0:
            return nothing  # the number of points is 0, so none is looked up (quirk: fdump-hkls)
        grid = new_grid(bounds, path, besides)
        values = memoryview(grid.Fhkl).cast("B") if grid.Fhkl.size else memoryview(bytearray())
        body = head[found.end() : filled][: len(values)]
        values[: len(body)] = body
        stream.read_into(values[len(body) :])
    return grid
