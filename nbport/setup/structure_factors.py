"""Structure factors of the run: from text, from a dump of an earlier run, or one value for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..crules.text import wrap_int
from ..errors import InputError, OutputError
from ..formats.fdump import Grid, read_fdump, write_fdump
from ..formats.hkl import NotEnoughIndices, read_hkl
from ..formats.text_table import read_table_file
from ..kernels.scene import Fgrid
from ..parameters import Parameters
from ..system.files import readable
from ..system.stopping import Stop
from .memory_estimate import of_images

# gives the structure factors of parameters, and says what the reference says
Load = Callable[[Parameters, Callable[..., None], Stop], Fgrid]


def load_structure_factors(p: Parameters, say: Callable[..., None], stop: Stop) -> Fgrid:
    """Read -hkl and dump it if wanted, or read the dump, or neither. C: 2104-2246

    Raises
    ------
    InputError
        If a file cannot be used.
    CancelledError
        If it was stopped.
    """
    if p.hkl is None:
        if not readable(p.dump):
            return _fgrid(Grid(0, 0, 0, 0, 0, 0, np.zeros((0, 0, 0))), 0, p.default_F)
        say("reading Fs from %s", p.dump)
        grid = read_fdump(p.dump, of_images(p))
        h, k, l = grid.ranges
        # a count of grid points, not of reflections (quirk: fdump-hkls)
        return _fgrid(grid, wrap_int(h * k * l), p.default_F)
    try:
        grid, hkls, last_F = read_hkl(p.hkl, p.default_F, say, of_images(p), stop)
    except NotEnoughIndices as error:
        for axis, i in (("h", 0), ("k", 2), ("l", 4)):
            say("%s: %d - %d", axis, *error.ranges[i : i + 2])
        raise
    if p.write_dump:
        _dump(p.dump, grid, say)
    return _fgrid(grid, hkls, p.default_F, last_F)


def _dump(path: str, grid: Grid, say: Callable[..., None]) -> None:
    """Write a grid for the next run; failing is no error."""
    try:
        write_fdump(path, grid)
        say("writing dump file for next time: %s", path)
    except OutputError as error:
        say("WARNING: %s", error)


def _fgrid(grid: Grid, hkls: int, default_F: float, last_F: float = 0.0) -> Fgrid:
    h, k, l = grid.ranges
    return Fgrid(
        grid.Fhkl,
        grid.h_min, grid.h_max, h,
        grid.k_min, grid.k_max, k,
        grid.l_min, grid.l_max, l,
        hkls, default_F, last_F,
    )  # fmt: skip


def check_stol(p: Parameters, say: Callable[..., None]) -> None:
    """Read the table of amorphous scattering, which nothing uses. C: 2262-2270

    Raises
    ------
    InputError
        If it is missing or empty.
    """
    if p.stol is not None:
        say("reading %s", p.stol)
        if not read_table_file(p.stol, "a stol table", 2):
            raise InputError(f"{p.stol}: no data, expected rows of: stol F")
