"""Arithmetic of the unit cell: real and reciprocal vectors, lengths and angles from one another."""

import math

from numba import njit

from ..compilation.nan_signs import careful
from ..crules.text import DBL_MIN
from ..kernels.scalar import dot_product, magnitude, rotate, vector_scale
from ..run import Cell

cached = njit(cache=True, error_model="numpy")


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
