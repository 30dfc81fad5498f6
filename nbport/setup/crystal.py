"""The crystal: cell, orientation and size, from a cell, a matrix and missetting angles."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from ..ctext import ceiling, divide, multiply, to_int
from ..files import InputError, read_bytes
from ..formats.matrix import read_matrix
from ..kernels.scalar import dot_product, magnitude, rotate, vector_scale
from ..nan_signs import careful
from ..parameters import RTD, Parameters, Vector
from ..random import mosaic_rotation_umat
from .detector import DBL_MIN

AVOGADRO = 6.02214179e23

cached = njit(cache=True, error_model="numpy")


class Cell(NamedTuple):
    """Oriented cell, lengths in Angstrom, angles in rad."""

    a: Vector
    b: Vector
    c: Vector
    a_star: Vector  # 1/Angstrom
    b_star: Vector
    c_star: Vector
    lengths: Vector
    angles: Vector
    star_lengths: Vector
    star_angles: Vector
    V_cell: float
    lengths_m: Vector  # m; not 1e-10 of the others, for the vectors were scaled before they were measured


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
    if not os.path.exists(p.matrix):
        if p.user_cell:
            return stars
        raise InputError(f"{p.matrix}: no such matrix file, and no -cell is given")
    data = read_bytes(p.matrix, "an orientation matrix")
    start = stars if p.user_cell else ((math.nan,) * 3,) * 3
    vectors = read_matrix(data, [list(v) for v in start])
    if not p.user_cell and len(data.split()) < 9:
        raise InputError(f"{p.matrix}: found {len(data.split())} numbers, expected nine, and no -cell is given")
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


@njit(error_model="numpy")
def clamp_angles(odd):
    """Angles from (sin, cos) of alpha, beta, gamma in odd[1:]; odd[0] is 1 if any is out of bounds.

    A cosine below -1 becomes +1 (quirk: cosine-clamp).
    """
    for i in range(1, 7):
        if odd[i] > 1.0000001 or odd[i] < -1.0000001:
            odd[0] = 1.0
    sines = (_clamp(odd[1]), _clamp(odd[3]), _clamp(odd[5]))
    cosines = (
        1.0 if odd[2] * odd[2] > 1.0 else odd[2],
        1.0 if odd[4] * odd[4] > 1.0 else odd[4],
        1.0 if odd[6] * odd[6] > 1.0 else odd[6],
    )
    return sines, cosines


@njit(error_model="numpy")
def _clamp(sine):
    if sine > 1.0:
        sine = 1.0
    if sine < -1.0:
        sine = -1.0
    return sine


@careful
@cached
def reciprocal_of(lengths, angles, raw, odd):
    """Reciprocal vectors of a cell in the default orientation, and its volume. C: 1803-1875

    Parameters
    ----------
    lengths, angles : 3-tuples, Angstrom and rad
    raw : float64 [4]
        Filled with the volume and the reciprocal lengths before they are forced positive.
    odd : float64 [7]
        Filled: 1 if an angle is impossible, then sin and cos of alpha*, beta*, gamma*.
    """
    a, b, c = lengths
    alpha, beta, gamma = angles
    aavg = (alpha + beta + gamma) / 2
    skew = math.sin(aavg - beta) * (math.sin(aavg) * math.sin(aavg - alpha)) * math.sin(aavg - gamma)
    if skew < 0.0:
        skew = -skew
    V_cell = 2.0 * a * b * c * math.sqrt(skew)
    raw[0] = V_cell
    if V_cell <= 0.0:
        V_cell = DBL_MIN
    V_star = 1.0 / V_cell
    a_star = b * c * math.sin(alpha) * V_star
    b_star = math.sin(beta) * (c * a) * V_star
    c_star = b * a * math.sin(gamma) * V_star
    raw[1], raw[2], raw[3] = a_star, b_star, c_star
    if a_star <= 0.0 or b_star <= 0.0 or c_star <= 0.0:
        a_star, b_star, c_star = math.fabs(a_star), math.fabs(b_star), math.fabs(c_star)
        if a_star <= 0.0:
            a_star = DBL_MIN
        if b_star <= 0.0:
            b_star = DBL_MIN
        if c_star <= 0.0:
            c_star = DBL_MIN
    odd[1] = a * V_star / b_star / c_star
    odd[3] = b * V_star / a_star / c_star
    odd[5] = V_star * c / a_star / b_star
    odd[2] = (math.cos(beta) * math.cos(gamma) - math.cos(alpha)) / (math.sin(beta) * math.sin(gamma))
    odd[4] = (math.cos(gamma) * math.cos(alpha) - math.cos(beta)) / (math.sin(gamma) * math.sin(alpha))
    odd[6] = (math.cos(alpha) * math.cos(beta) - math.cos(gamma)) / (math.sin(alpha) * math.sin(beta))
    sines, cosines = clamp_angles(odd)
    cos_alpha, cos_beta, cos_gamma = cosines
    sin_gamma = sines[2]
    stars = (
        (a_star, 0.0, 0.0),
        (cos_gamma * b_star, sin_gamma * b_star, 0.0),
        (
            c_star * cos_beta,
            (cos_alpha - cos_beta * cos_gamma) * c_star / sin_gamma,
            c_star * V_cell / (c * (b * a) * sin_gamma),
        ),
    )
    return stars, V_cell


@njit(error_model="numpy")
def rescale(v, new_magnitude):
    """A vector with another length; a zero vector is multiplied by it. C: 4015-4025"""
    oldmag = magnitude(v)
    if oldmag <= 0.0:
        oldmag = 1.0
    return vector_scale(v, new_magnitude / oldmag)


@njit(error_model="numpy")
def angles_of(products, lengths, other_lengths, volume, odd):
    """Angles between three vectors from both kinds of lengths and products b.c, a.c, a.b. C: 1963-2031"""
    A, B, C = lengths
    odd[1] = other_lengths[0] * volume / B / C
    odd[3] = other_lengths[1] * volume / A / C
    odd[5] = volume * other_lengths[2] / A / B
    odd[2] = products[0] / B / C
    odd[4] = products[1] / A / C
    odd[6] = products[2] / A / B
    s, co = clamp_angles(odd)
    return (math.atan2(s[0], co[0]), math.atan2(s[1], co[1]), math.atan2(s[2], co[2]))


@careful
@cached
def complete_cell(stars, misset, missets, user_cell, lengths, V_cell, odd):
    """Turn the reciprocal vectors and derive everything else. C: 1914-2031, 2050-2052

    Parameters
    ----------
    stars : three reciprocal vectors
    misset : bool
        Whether to turn them by missets (rad).
    user_cell : bool
        Whether lengths (Angstrom) and V_cell of -cell overrule the vectors' lengths.
    odd : float64 [2, 7]
        Filled as by `reciprocal_of`, for the real and the reciprocal cell.
    """
    a_star, b_star, c_star = stars
    if misset:
        a_star = rotate(a_star, missets[0], missets[1], missets[2])
        b_star = rotate(b_star, missets[0], missets[1], missets[2])
        c_star = rotate(c_star, missets[0], missets[1], missets[2])
    a1, a2, a3 = a_star
    b1, b2, b3 = b_star
    c1, c2, c3 = c_star
    ab = (a2 * b3 - a3 * b2, a3 * b1 - b3 * a1, b2 * a1 - a2 * b1)
    bc = (c3 * b2 - c2 * b3, b3 * c1 - c3 * b1, b1 * c2 - b2 * c1)
    ca = (c2 * a3 - c3 * a2, c3 * a1 - c1 * a3, c1 * a2 - c2 * a1)
    V_star = dot_product(bc, a_star)
    if user_cell:
        bc = rescale(bc, lengths[0] / V_cell)
        ca = rescale(ca, lengths[1] / V_cell)
        ab = rescale(ab, lengths[2] / V_cell)
        V_star = 1.0 / V_cell
    V_cell = 1.0 / V_star
    a = vector_scale(bc, V_cell)
    b = vector_scale(ca, V_cell)
    c = vector_scale(ab, V_cell)
    a1, a2, a3 = a
    b1, b2, b3 = b
    c1, c2, c3 = c
    a_star = vector_scale((c3 * b2 - c2 * b3, c1 * b3 - c3 * b1, c2 * b1 - c1 * b2), V_star)
    b_star = vector_scale((c2 * a3 - c3 * a2, c3 * a1 - c1 * a3, c1 * a2 - c2 * a1), V_star)
    c_star = vector_scale((a2 * b3 - a3 * b2, a3 * b1 - b3 * a1, b2 * a1 - a2 * b1), V_star)
    real = (magnitude(a), magnitude(b), magnitude(c))
    star = (magnitude(a_star), magnitude(b_star), magnitude(c_star))
    products = (dot_product(c, b), dot_product(c, a), b1 * a1 + a2 * b2 + b3 * a3)
    angles = angles_of(products, real, star, V_cell, odd[0])
    a1, a2, a3 = a_star
    b1, b2, b3 = b_star
    c1, c2, c3 = c_star
    products = (
        dot_product(b_star, c_star),
        c3 * a3 + (c1 * a1 + c2 * a2),
        a3 * b3 + (a1 * b1 + a2 * b2),
    )
    star_angles = angles_of(products, star, real, V_star, odd[1])
    in_metres = (
        magnitude(vector_scale(a, 1e-10)),
        magnitude(vector_scale(b, 1e-10)),
        magnitude(vector_scale(c, 1e-10)),
    )
    return Cell(a, b, c, a_star, b_star, c_star, real, angles, star, star_angles, V_cell, in_metres)


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
