"""Loops over a chunk of pixels that calculate terms and add them up: lattice factor, structure factor, sums.

They are written like those of `geometry.py`; interpolated structure factors are in `interpolation.py`.
"""

import math

import numpy as np

from .bounds import (
    EXP_LIMIT,
    EXP_NONZERO,
    EXP_UNDERFLOW,
    EXP_ZERO,
    PIXEL_LIMIT,
    SINC3_ERROR,
    SPHERE_ROUNDING,
    TINY,
    VANISHING,
)
from .elementary import (
    abs_sin_cos,
    exp_of,
    inlined,
    lesser,
    nearest_multiple,
    nearest_whole,
    reduced,
    sin_reduced,
)
from .rows import (
    ACTIVE,
    BOUND,
    CAPTURE,
    CAPTURE_ERROR,
    CHUNK,
    F_CELL,
    F_LATT,
    LATT_ERROR,
    OMEGA,
    OMEGA_SUM,
    POLAR,
    POLAR_ERROR,
    Q1,
    Q2,
    Q3,
    RELATIVE,
    SUM,
    SUM_ERROR,
    VALID,
    VALUE,
    H,
    K,
    L,
    jitted,
)

NAN = math.nan


@inlined
def parallelepiped(h, k, l, Na, Nb, Nc, s):
    """|product of sin(pi N h) / sin(pi h)| from six sines of exact arguments; NaN if one is tiny. C: 2826-2838"""
    x = math.pi * h
    y = math.pi * k
    z = math.pi * l
    nx = reduced(x * Na, nearest_multiple(x * Na))
    ny = reduced(y * Nb, nearest_multiple(y * Nb))
    nz = reduced(z * Nc, nearest_multiple(z * Nc))
    x = reduced(x, nearest_whole(h))
    y = reduced(y, nearest_whole(k))
    z = reduced(z, nearest_whole(l))
    above = sin_reduced(nx, s) * sin_reduced(ny, s) * sin_reduced(nz, s)
    below = sin_reduced(x, s) * sin_reduced(y, s) * sin_reduced(z, s)
    least = lesser(
        lesser(lesser(math.fabs(nx), math.fabs(ny)), lesser(math.fabs(nz), math.fabs(x))),
        lesser(math.fabs(y), math.fabs(z)),
    )
    return above / below if least > TINY else NAN


@jitted
def square(w, a, b, c, crystal, s):
    """Fractional Miller indices, exact, and F_latt of a parallelepiped up to its sign. C: 2811-2838"""
    Na, Nb, Nc = crystal.Na, crystal.Nb, crystal.Nc
    for i in range(CHUNK):
        x, y, z = w[Q1 + i], w[Q2 + i], w[Q3 + i]
        h = a[0] * x + a[1] * y + a[2] * z
        k = b[0] * x + b[1] * y + b[2] * z
        l = c[0] * x + c[1] * y + c[2] * z
        w[H + i] = h
        w[K + i] = k
        w[L + i] = l
        w[F_LATT + i] = parallelepiped(h, k, l, Na, Nb, Nc, s)


@jitted
def indices(w, a, b, c):
    """Fractional Miller indices. Exact. C: 2811-2813"""
    for i in range(CHUNK):
        x, y, z = w[Q1 + i], w[Q2 + i], w[Q3 + i]
        w[H + i] = a[0] * x + a[1] * y + a[2] * z
        w[K + i] = b[0] * x + b[1] * y + b[2] * z
        w[L + i] = c[0] * x + c[1] * y + c[2] * z


@jitted
def ellipsoid(w, crystal, poly):
    """Ellipsoid: F_latt up to its sign, with an absolute error that grows near the centre. C: 2848-2855

    There the reference's own result is mostly the rounding errors of its sine and cosine.
    """
    Na, Nb, Nc = crystal.Na, crystal.Nb, crystal.Nc
    volume = Na * Nb * Nc * 0.723601254558268
    s, c = poly.sin_long, poly.cos_long
    for i in range(CHUNK):
        h, k, l = w[H + i], w[K + i], w[L + i]
        dh, dk, dl = h - np.ceil(h - 0.5), k - np.ceil(k - 0.5), l - np.ceil(l - 0.5)
        hrad_sqr = dh * dh * Na * Na + dk * dk * Nb * Nb + dl * dl * Nc * Nc
        x = math.pi * math.sqrt(hrad_sqr * crystal.fudge)
        sine, cosine = abs_sin_cos(x, s, c)
        inverse = 1.0 / x
        factor = 3.0 * volume * inverse * inverse
        F_latt = factor * (sine * inverse - cosine)
        error = factor * SINC3_ERROR + math.fabs(F_latt) * SPHERE_ROUNDING
        # the reference's F_latt may be exactly zero here, and what is zero does not weigh a running sum
        w[F_LATT + i] = F_latt if math.fabs(F_latt) > error else NAN
        w[LATT_ERROR + i] = error


@jitted
def radial(w, crystal):
    """Squared reciprocal distance from the nearest point, in VALUE. Exact. C: 2840-2846"""
    Na, Nb, Nc = crystal.Na, crystal.Nb, crystal.Nc
    a, b, c = crystal.a_star, crystal.b_star, crystal.c_star
    for i in range(CHUNK):
        h, k, l = w[H + i], w[K + i], w[L + i]
        dh, dk, dl = h - np.ceil(h - 0.5), k - np.ceil(k - 0.5), l - np.ceil(l - 0.5)
        x = dh * a[0] + dk * b[0] + dl * c[0]
        y = dh * a[1] + dk * b[1] + dl * c[1]
        z = dh * a[2] + dk * b[2] + dl * c[2]
        w[VALUE + i] = (x * x + y * y + z * z) * Na * Na * Nb * Nb * Nc * Nc


@jitted
def gaussian(w, crystal, poly):
    """Gaussian: VANISHING where only its square is zero in double, NaN beyond the polynomial's range. C: 2856-2860"""
    volume = crystal.Na * crystal.Nb * crystal.Nc
    e = poly.exp
    for i in range(CHUNK):
        z = -(w[VALUE + i] / 0.63 * crystal.fudge)
        # adds nothing, but is not zero; exp itself becomes zero between the two
        tiny = VANISHING if z > EXP_NONZERO else NAN
        tiny = 0.0 if z < EXP_ZERO else tiny
        F_latt = volume * exp_of(z, e)
        w[F_LATT + i] = (F_latt if z <= EXP_LIMIT else NAN) if z >= EXP_UNDERFLOW else tiny


@jitted
def tophat(w, crystal):
    """Top hat: constant within a radius, else zero. Exact. C: 2861-2865"""
    volume = crystal.Na * crystal.Nb * crystal.Nc
    for i in range(CHUNK):
        w[F_LATT + i] = volume * (1.0 if w[VALUE + i] * crystal.fudge < 0.3969 else 0.0)


@jitted
def only_active(w):
    """No contribution from pixels that dmin skips."""
    for i in range(CHUNK):
        w[F_LATT + i] = w[F_LATT + i] if w[ACTIVE + i] != 0.0 else 0.0


@jitted
def nearest(w, table, bordered, places):
    """F_cell at the nearest indices, from a table with a border of default_F. Exact. C: 2993-3005"""
    for i in range(CHUNK):
        h, k, l = np.ceil(w[H + i] - 0.5), np.ceil(w[K + i] - 0.5), np.ceil(w[L + i] - 0.5)
        # comparisons that NaN fails end inside the table
        h = h if h > table.h_first else table.h_first
        k = k if k > table.k_first else table.k_first
        l = l if l > table.l_first else table.l_first
        h = h if h < table.h_last else table.h_last
        k = k if k < table.k_last else table.k_last
        l = l if l < table.l_last else table.l_last
        places[i] = np.int32(
            (h - table.h_first) * table.h_stride + (k - table.k_first) * table.k_stride + (l - table.l_first)
        )
    for i in range(CHUNK):
        w[F_CELL + i] = bordered[np.uint32(places[i])]


@jitted
def add_terms(w):
    """I += F_cell^2 F_latt^2, in the reference's order. C: 3013-3013"""
    for i in range(CHUNK):
        F_cell, F_latt = w[F_CELL + i], w[F_LATT + i]
        w[SUM + i] += F_cell * F_cell * F_latt * F_latt


@jitted
def add_errors(w):
    """Absolute error of the terms that were just added."""
    for i in range(CHUNK):
        F_cell, F_latt, error = w[F_CELL + i], math.fabs(w[F_LATT + i]), w[LATT_ERROR + i]
        w[SUM_ERROR + i] += F_cell * F_cell * error * (2.0 * F_latt + error)


@inlined
def weigh(w, factor, relative_error, skip_zero):
    """Multiply the running sum by a factor, where the reference did not skip the term. C: 3015-3018"""
    for i in range(CHUNK):
        got_there = w[ACTIVE + i] != 0.0 and not (skip_zero and w[F_LATT + i] == 0.0)
        w[SUM + i] = w[SUM + i] * w[factor + i] if got_there else w[SUM + i]
        w[SUM_ERROR + i] = w[SUM_ERROR + i] * w[factor + i] if got_there else w[SUM_ERROR + i]
        w[RELATIVE + i] = w[RELATIVE + i] + w[relative_error + i] if got_there else w[RELATIVE + i]


@jitted
def add_weighted_terms(w, thick, polar, omega):
    """I += F_cell^2 F_latt^2 times the factors that are chosen: the corrected order of --fix oversample."""
    for i in range(CHUNK):
        F_cell, F_latt, error = w[F_CELL + i], w[F_LATT + i], w[LATT_ERROR + i]
        term = F_cell * F_cell * F_latt * F_latt
        term_error = F_cell * F_cell * error * (2.0 * math.fabs(F_latt) + error)
        relative = 0.0
        if thick:
            term *= w[CAPTURE + i]
            term_error *= w[CAPTURE + i]
            relative += w[CAPTURE_ERROR + i]
        if polar:
            term *= w[POLAR + i]
            term_error *= w[POLAR + i]
            relative += w[POLAR_ERROR + i]
        if omega:
            term *= w[OMEGA + i]
            term_error *= w[OMEGA + i]
        w[SUM + i] += term
        w[SUM_ERROR + i] += term_error
        w[RELATIVE + i] = w[RELATIVE + i] if w[RELATIVE + i] > relative else relative


@jitted
def finish(w, scale, sampling, relative_error, sum_has_error):
    """Photons, and a bound of their relative error. C: 3033-3038"""
    steps = float(sampling.steps)
    for i in range(CHUNK):
        I = w[SUM + i]
        value = scale * I / steps
        bound = relative_error + w[RELATIVE + i]
        if not sampling.oversample_thick:
            value *= w[CAPTURE + i]
        if not sampling.oversample_polar:
            value *= w[POLAR + i]
            bound += w[POLAR_ERROR + i]
        if not sampling.oversample_omega:
            # one of zero is looked for again at every sub-pixel
            value *= w[OMEGA + i] if w[OMEGA + i] != 0.0 else math.nan
        if sum_has_error:
            error = w[SUM_ERROR + i]
            bound += error / I if error != 0.0 else 0.0
        w[VALUE + i] = value
        w[BOUND + i] = bound


@jitted
def certify_lanes(w, image, first, lanes):
    """Store the pixels whose whole bound rounds to one float32, mark the others in VALID; returns how many others."""
    for i in range(CHUNK):
        value, bound = w[VALUE + i], w[BOUND + i]
        pixel = np.float32(0.0 + value)
        certain = (
            np.float32(value * (1.0 - bound)) == pixel
            and np.float32(value * (1.0 + bound)) == pixel
            and math.fabs(value) < PIXEL_LIMIT
        )
        w[VALID + i] = 1.0 if certain else 0.0
    for i in range(lanes):
        image[first + i] = np.float32(0.0 + w[VALUE + i])
    uncertain = 0
    for i in range(lanes):
        uncertain += 1 if w[VALID + i] == 0.0 else 0
    return uncertain


@jitted
def sum_omegas(w, lanes):
    """Solid angles of the certified pixels, added in four strands."""
    a = b = c = d = 0.0
    whole = lanes // 4 * 4
    for i in range(0, whole, 4):
        a += w[OMEGA_SUM + i] * w[VALID + i]
        b += w[OMEGA_SUM + i + 1] * w[VALID + i + 1]
        c += w[OMEGA_SUM + i + 2] * w[VALID + i + 2]
        d += w[OMEGA_SUM + i + 3] * w[VALID + i + 3]
    for i in range(whole, lanes):
        a += w[OMEGA_SUM + i] * w[VALID + i]
    return (a + b) + (c + d)
