"""The crystal: cell, orientation and size, from a cell, a matrix and missetting angles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..crules.random import mosaic_rotation_umat
from ..crules.text import ceiling, divide, multiply, to_int
from ..errors import InputError
from ..formats.matrix import read_matrix
from ..parameters import RTD, Parameters, Vector
from ..run import Cell
from ..system.files import read_bytes, readable
from .cell import complete_cell, reciprocal_of

LONGEST_MATRIX = 2**20  # bytes; nine numbers are wanted
AVOGADRO = 6.02214179e23


class CrystalSize(NamedTuple):
    """Cells along each axis, and the sub-pixels that this size asks for."""

    Na: float
    Nb: float
    Nc: float
    oversample: int


def choose_interpolation(p: Parameters, say: Callable[..., None]) -> int:
    """0 or 1; decided by the cells that -N gave, not by the crystal's size (quirk: interpolate-before-size).
    C: 1778-1789"""
    if p.interpolate <= 1:
        return p.interpolate
    if p.Na <= 2 or p.Nb <= 2 or p.Nc <= 2:
        say("auto-selected tricubic interpolation of structure factors")
        return 1
    say("auto-selected no interpolation")
    return 0


def orient_crystal(p: Parameters, table: np.ndarray, clock: int, say: Callable[..., None]) -> Cell:
    """Real and reciprocal vectors before phi and mosaic rotations. C: 1793-2031

    Parameters
    ----------
    p : Parameters
    table : int64 [33]
        Shuffle table of ran1, advanced where the orientation is random.
    clock : int
        Seed where none was given.

    Raises
    ------
    InputError
        If the matrix cannot be read and there is no cell.
    """
    lengths, stars, V_cell = (0.0,) * 3, ((0.0,) * 3,) * 3, 0.0
    if p.user_cell:
        lengths, stars, V_cell = _from_cell(p, say)
    if p.matrix is not None:
        stars = _from_matrix(p, stars, say)
    misset = p.misset
    if p.misset_random:
        umat = np.empty(9)
        idum = np.array([clock if p.misset_seed is None else p.misset_seed])
        mosaic_rotation_umat(np.float32(90.0), idum, table, umat)
        misset = umat_to_misset(umat)
        say("random orientation misset angles: %f %f %f deg", *(angle * RTD for angle in misset))
    odd = np.zeros((2, 7))
    cell = complete_cell(stars, misset is not None, misset or (0.0,) * 3, p.user_cell, lengths, V_cell, odd)
    _say_odd(odd[0], "cell", "sin_%s", "cos_%s", ("alpha", "beta", "gamma"), say)
    _say_odd(odd[1], "reciprocal cell", "sin(%s)", "cos(%s)", ("alpha_star", "beta_star", "gamma_star"), say)
    return cell


def _from_cell(p: Parameters, say: Callable[..., None]):
    """Lengths, reciprocal vectors in the default orientation, and the volume. C: 1793-1876"""
    a, b, c, alpha, beta, gamma = p.cell
    lengths = (a, a if b <= 0.0 else b, a if c <= 0.0 else c)
    angles = tuple(math.pi / 2 if angle <= 0.0 else angle for angle in (alpha, beta, gamma))
    odd = np.zeros(7)
    raw = np.zeros(4)
    stars, V_cell = reciprocal_of(lengths, angles, raw, odd)
    if raw[0] <= 0.0:
        say("WARNING: impossible unit cell volume: %g", float(raw[0]))
    if raw[1] <= 0.0 or raw[2] <= 0.0 or raw[3] <= 0.0:
        say("WARNING: impossible reciprocal cell lengths: %g %g %g", *raw[1:].tolist())
    if odd[0]:
        say("WARNING: impossible reciprocal cell angles:")
        labels = ("sin(alpha_star)", "cos(alpha_star)", "sin(beta_star) ", "cos(beta_star) ",
                  "sin(gamma_star)", "cos9gamma_star)")  # fmt: skip
        for label, value in zip(labels, odd[1:].tolist(), strict=True):
            say("%s = %.25g", label, value)
    return lengths, stars, V_cell


def _from_matrix(p: Parameters, stars, say: Callable[..., None]):
    """Replace the reciprocal vectors by a file's; the wavelength is divided out. C: 1879-1896"""
    if p.user_cell and not readable(p.matrix):
        return stars
    data = read_bytes(p.matrix, "an orientation matrix", LONGEST_MATRIX)
    start = stars if p.user_cell else ((None,) * 3,) * 3
    vectors = read_matrix(data, [list(v) for v in start])
    missing = sum(v.count(None) for v in vectors)
    if missing:
        raise InputError(f"{p.matrix}: found {9 - missing} numbers, expected nine, and no -cell is given")
    say("reading %s", p.matrix)
    scale = divide(1e-10, p.lambda0)
    return tuple(tuple(scale * x for x in v) for v in vectors)


def _say_odd(odd: np.ndarray, what: str, sine: str, cosine: str, names, say: Callable[..., None]) -> None:
    if odd[0]:
        say("WARNING: impossible %s angles:", what)
        pairs = [label % name for name in names for label in (sine, cosine)]
        width = max(len(label) for label in pairs)
        for label, value in zip(pairs, odd[1:].tolist(), strict=True):
            say("%s = %.25g", label.ljust(width), value)


def umat_to_misset(umat: np.ndarray) -> Vector:
    """Rotations about x, y, z (rad) that make up a rotation matrix, float64 [9]. C: 3491-3612

    The reference repairs matrices that are not rotations; those it is given here always are.
    """
    rows = [tuple(umat[i : i + 3].tolist()) for i in (0, 3, 6)]
    # normalized twice, as in the reference: the second time changes bits
    for _ in range(2):
        lengths = [math.sqrt(x * x + y * y + z * z) for x, y, z in rows]
        rows = [tuple(x / m for x in row) if m > 0 else row for row, m in zip(rows, lengths, strict=True)]
    (uxx, uxy, _), (uyx, uyy, _), (uzx, uzy, uzz) = rows
    if uzx * uzx < 1.0:
        return math.atan2(uzy, uzz), math.atan2(-uzx, math.sqrt(uzy * uzy + uzz * uzz)), math.atan2(uyx, uxx)
    return math.atan2(1, 1) * 4, math.atan2(1, 1) * 2, math.atan2(uxy, -uyy)


def size_crystal(p: Parameters, cell: Cell, distance: float, say: Callable[..., None]) -> CrystalSize:
    """Number of cells, and sub-pixels if they are not given. C: 2064-2101"""
    sample = (p.sample_x, p.sample_y, p.sample_z)
    N = [
        ceiling(divide(size, length)) if size > 0 else n
        for size, length, n in zip(sample, cell.lengths_m, (p.Na, p.Nb, p.Nc), strict=True)
    ]
    N = [1.0 if n <= 1.0 else n for n in N]
    sizes = [length * n for length, n in zip(cell.lengths_m, N, strict=True)]
    say("crystal is %g x %g x %g microns", *(size * 1e6 for size in sizes))
    longest = sizes[0]
    for size in sizes[1:]:
        if longest < size:
            longest = size
    reciprocal_pixel_size = divide(p.lambda0 * distance, p.pixel_size)
    recommended = max(to_int(ceiling(divide(3.0 * longest, reciprocal_pixel_size))), 0) or 1
    oversample = p.oversample
    if oversample <= 0:
        oversample = recommended
        say("auto-selected %d-fold oversampling", oversample)
    if oversample < recommended:
        say("WARNING: the crystal is %g A long, a pixel is %g A of reciprocal space: -oversample %d is recommended",
            longest * 1e10, reciprocal_pixel_size * 1e10, recommended)  # fmt: skip
    volume = multiply(multiply(sizes[0], sizes[1]), sizes[2])
    say("approximate MW = %g", divide(volume * 1.2e6 * AVOGADRO, multiply(N[2], multiply(N[0], N[1]))))
    return CrystalSize(*N, oversample)
