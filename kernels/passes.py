"""Loops over a chunk of pixels of one row, each simple enough to be vectorized.

The scratch array `w` holds rows of CHUNK doubles at fixed offsets: with constant bounds and
offsets the compiler sees that rows do not overlap. Arithmetic that must be exact stands in the
reference's order, without contraction; see `elementary.py` for the rest.
"""

import math

import numpy as np
from numba import njit

from .elementary import (
    EXP_ERROR,
    EXP_UNDERFLOW,
    SINC3_ERROR,
    TINY,
    abs_sin_cos,
    exp_of,
    inlined,
    lesser,
    nearest_multiple,
    nearest_whole,
    quotient,
    reduced,
    sin_reduced,
    two_part_reciprocal,
    weighted_cubic,
)
from .scalar import magnitude, rotate_by

CHUNK = 256
NAN = math.nan
VANISHING = 1e-300  # an F_latt whose square is zero

# rows of the scratch array
(
    LANE,  # 0, 1, 2, ...
    D1, D2, D3,  # diffracted
    Q1, Q2, Q3,  # scattering, 1/m
    ACTIVE,  # 1, or 0 where dmin skips the source
    H, K, L,  # fractional Miller indices
    F_LATT, F_CELL,
    LATT_ERROR,  # absolute error of F_latt
    SUM, SUM_ERROR,  # I and a bound of its absolute error
    POLAR, POLAR_ERROR,  # relative error of a factor that was computed without libm
    OMEGA, OMEGA_SUM, CAPTURE, CAPTURE_ERROR, NO_ERROR,
    RELATIVE,  # relative error of I from such factors
    VALUE, BOUND, VALID,  # VALID: 1 where the pixel is certified
) = (CHUNK * row for row in range(27))  # fmt: skip
# rows that are free while positions are found
SINE, COSINE, S_ANGLE, F_ANGLE = Q1, Q2, Q3, H
# shorter rows behind them, for interpolation
BLOCK = 32
(
    H0, K0, L0,  # four rows of weights each
    Y0, Y1, Y2, Y3, Z0, X0,  # values to interpolate between; Z0 and X0 stand for four rows
) = (27 * CHUNK + BLOCK * row for row in (0, 4, 8, 12, 13, 14, 15, 16, 20))  # fmt: skip
SCRATCH = 27 * CHUNK + 24 * BLOCK

jitted = njit(error_model="numpy", nogil=True)


@jitted
def fill(w, row, value):
    for i in range(CHUNK):
        w[row + i] = value


@jitted
def positions(w, g, fpixel, subF, Sdet, Odet, want_omega):
    """Unit vectors to one sub-pixel of every pixel, and its solid angle if wanted. Exact. C: 2694-2727"""
    f, s, o, p = g.fdet_vector, g.sdet_vector, g.odet_vector, g.pix0_vector
    base = float(fpixel * g.oversample + subF)
    oversample = float(g.oversample)
    for i in range(CHUNK):
        Fdet = g.subpixel_size * (base + w[LANE + i] * oversample) + g.subpixel_size / 2.0
        x = Fdet * f[0] + Sdet * s[0] + Odet * o[0] + p[0]
        y = Fdet * f[1] + Sdet * s[1] + Odet * o[1] + p[1]
        z = Fdet * f[2] + Sdet * s[2] + Odet * o[2] + p[2]
        airpath = math.sqrt(x * x + y * y + z * z)
        reciprocal = two_part_reciprocal(airpath)
        w[D1 + i] = quotient(x, airpath, reciprocal)
        w[D2 + i] = quotient(y, airpath, reciprocal)
        w[D3 + i] = quotient(z, airpath, reciprocal)
        w[VALUE + i] = airpath
    if want_omega:
        _solid_angles(w, g)


@jitted
def curved_positions(w, turns, g, fpixel, subF, Sdet, Odet, want_omega):
    """The same on a curved detector. Exact, with libm's sines. C: 2707-2717

    The angle about the slow axis is often the same along a row, and the one about the fast axis the
    same in every row: `turns` remembers the latter.

    turns : float64 [3, oversample, columns]
        Angle, sine and cosine of the last use of each sub-pixel column; NaN before.
    """
    f, s, o, p = g.fdet_vector, g.sdet_vector, g.odet_vector, g.pix0_vector
    base = float(fpixel * g.oversample + subF)
    oversample = float(g.oversample)
    reciprocal = two_part_reciprocal(g.distance)
    others = unknown = 0
    for i in range(CHUNK):
        Fdet = g.subpixel_size * (base + w[LANE + i] * oversample) + g.subpixel_size / 2.0
        y = quotient(Fdet * f[1] + Sdet * s[1] + Odet * o[1] + p[1], g.distance, reciprocal)
        z = quotient(Fdet * f[2] + Sdet * s[2] + Odet * o[2] + p[2], g.distance, reciprocal)
        w[S_ANGLE + i] = y
        w[F_ANGLE + i] = z
        unknown += 1 if z != turns[0, subF, fpixel + i] else 0
    for i in range(CHUNK):
        others += 1 if w[S_ANGLE + i] != w[S_ANGLE] else 0
    if unknown > 0:
        for i in range(CHUNK):
            z = w[F_ANGLE + i]
            if z != turns[0, subF, fpixel + i]:
                turns[0, subF, fpixel + i] = z
                turns[1, subF, fpixel + i] = math.sin(z)
                turns[2, subF, fpixel + i] = math.cos(z)
    fill(w, SINE, math.sin(w[S_ANGLE]))
    fill(w, COSINE, math.cos(w[S_ANGLE]))
    if others > 0:
        for i in range(CHUNK):
            y = w[S_ANGLE + i]
            w[SINE + i] = math.sin(y)
            w[COSINE + i] = math.cos(y)
    b = g.beam_vector
    vector = (g.distance * b[0], g.distance * b[1], g.distance * b[2])
    for i in range(CHUNK):
        v = rotate_by(
            rotate_by(vector, s, w[SINE + i], w[COSINE + i]), f, turns[1, subF, fpixel + i], turns[2, subF, fpixel + i]
        )
        airpath = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
        w[VALUE + i] = airpath
        w[D1 + i] = v[0] / airpath
        w[D2 + i] = v[1] / airpath
        w[D3 + i] = v[2] / airpath
    if want_omega:
        _solid_angles(w, g)


@jitted
def _solid_angles(w, g):
    if g.point_pixel:
        for i in range(CHUNK):
            airpath = w[VALUE + i]
            w[OMEGA + i] = 1.0 / airpath / airpath
    else:
        for i in range(CHUNK):
            airpath = w[VALUE + i]
            w[OMEGA + i] = g.pixel_size * g.pixel_size / airpath / airpath * g.close_distance / airpath


@jitted
def add_omegas(w, times):
    for i in range(CHUNK):
        w[OMEGA_SUM + i] += times * w[OMEGA + i]


@jitted
def captures(w, g, thick_tic):
    """Absorption in a layer by libm, where it is still zero. Exact. C: 2730-2739"""
    o = g.odet_vector
    before = float(-thick_tic) * g.detector_thickstep * g.detector_mu
    after = float(-(thick_tic + 1)) * g.detector_thickstep * g.detector_mu
    pending = False
    for i in range(CHUNK):
        if w[CAPTURE + i] == 0.0:
            parallax = w[D1 + i] * o[0] + w[D2 + i] * o[1] + w[D3 + i] * o[2]
            w[CAPTURE + i] = math.exp(before / parallax) - math.exp(after / parallax)
            pending = pending or w[CAPTURE + i] == 0.0
    return pending


@jitted
def fast_captures(w, g, thick_tic, poly):
    """The same for every sub-pixel, with a bound of the relative error; NaN where it is not positive."""
    o = g.odet_vector
    before = float(-thick_tic) * g.detector_thickstep * g.detector_mu
    after = float(-(thick_tic + 1)) * g.detector_thickstep * g.detector_mu
    e = poly.exp
    for i in range(CHUNK):
        parallax = w[D1 + i] * o[0] + w[D2 + i] * o[1] + w[D3 + i] * o[2]
        z1 = before / parallax
        z2 = after / parallax
        e1 = exp_of(z1, e)
        e2 = exp_of(z2, e)
        # beyond the polynomial's range, or a difference without digits: left to the reference kernel
        fine = z1 <= 0.0 and z2 > EXP_UNDERFLOW and e1 > e2
        capture = e1 - e2 if fine else NAN
        w[CAPTURE + i] = capture
        w[CAPTURE_ERROR + i] = (e1 + e2) * (EXP_ERROR + 1e-15) / capture + 1e-15


@jitted
def scatterings(w, incident, wavelength, dmin):
    """Scattering vectors for one source, and which pixels dmin leaves. Exact. C: 2742-2770"""
    reciprocal = two_part_reciprocal(wavelength)
    for i in range(CHUNK):
        w[Q1 + i] = quotient(w[D1 + i] - incident[0], wavelength, reciprocal)
        w[Q2 + i] = quotient(w[D2 + i] - incident[1], wavelength, reciprocal)
        w[Q3 + i] = quotient(w[D3 + i] - incident[2], wavelength, reciprocal)
    if dmin > 0.0:
        for i in range(CHUNK):
            stol = 0.5 * magnitude((w[Q1 + i], w[Q2 + i], w[Q3 + i]))
            w[ACTIVE + i] = 0.0 if stol > 0.0 and dmin > 0.5 / stol else 1.0


@jitted
def polarizations(w, kahn, incident, E_in, B_in, always):
    """Polarization factors where they are due, and the vectors that this normalizes. C: 2772-2776

    Exact for a Kahn factor of 0. Otherwise cos(2 psi) comes from the components themselves instead
    of from atan2 and cos: |difference| <= 2e-15, see `docs/kernels.md`.

    Returns
    -------
    How many pixels have a factor of zero still, and so will try again.
    """
    for i in range(CHUNK):
        due = (always or w[POLAR + i] == 0.0) and w[ACTIVE + i] != 0.0
        x, y, z = w[D1 + i], w[D2 + i], w[D3 + i]
        m = math.sqrt(x * x + y * y + z * z)
        x, y, z = x / m, y / m, z / m
        cos2theta = incident[0] * x + incident[1] * y + incident[2] * z
        cos2theta_sqr = cos2theta * cos2theta
        sin2theta_sqr = 1.0 - cos2theta_sqr
        cos2psi = 1.0
        if kahn != 0.0:
            E_out = x * E_in[0] + y * E_in[1] + z * E_in[2]
            B_out = x * B_in[0] + y * B_in[1] + z * B_in[2]
            cos2psi = (E_out * E_out - B_out * B_out) / (E_out * E_out + B_out * B_out)
        polar = 0.5 * (1.0 + cos2theta_sqr - kahn * cos2psi * sin2theta_sqr)
        w[POLAR + i] = polar if due else w[POLAR + i]
        w[D1 + i] = x if due else w[D1 + i]
        w[D2 + i] = y if due else w[D2 + i]
        w[D3 + i] = z if due else w[D3 + i]
    if kahn != 0.0:
        for i in range(CHUNK):
            w[POLAR_ERROR + i] = (math.fabs(kahn) * 2e-15 + 1e-15) / math.fabs(w[POLAR + i])
    zeros = 0
    for i in range(CHUNK):
        zeros += 1 if w[POLAR + i] == 0.0 else 0
    return zeros


@inlined
def parallelepiped(h, k, l, Na, Nb, Nc, s):
    """|F_latt| from six sines of exact arguments; NaN where one is next to nothing. C: 2826-2838"""
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
        error = factor * SINC3_ERROR + math.fabs(F_latt) * 2e-15
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
        # adds nothing, but is not zero; exp itself becomes zero between -745.1 and -745.2
        tiny = VANISHING if z > -745.1 else NAN
        tiny = 0.0 if z < -745.2 else tiny
        F_latt = volume * exp_of(z, e)
        w[F_LATT + i] = (F_latt if z <= 700.0 else NAN) if z >= EXP_UNDERFLOW else tiny


@jitted
def tophat(w, crystal):
    """Top hat: all or nothing. Exact. C: 2861-2865"""
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
def out_of_range(w, fgrid, lanes, skip_zero):
    """Does any of the first lanes, where it counts, leave the range of interpolation? C: 2937-2942"""
    found = False
    for i in range(lanes):
        h, k, l = w[H + i], w[K + i], w[L + i]
        out = (
            (h - fgrid.h_min + 3) > fgrid.h_range
            or h - 2 < fgrid.h_min
            or (k - fgrid.k_min + 3) > fgrid.k_range
            or k - 2 < fgrid.k_min
            or (l - fgrid.l_min + 3) > fgrid.l_range
            or l - 2 < fgrid.l_min
        )
        found = found or (out and w[ACTIVE + i] != 0.0 and not (skip_zero and w[F_LATT + i] == 0.0))
    return found


@jitted
def _corner(index, first, extent):
    """First grid point of a neighbourhood, kept inside the grid: floor(index) - 1 - first."""
    at = np.floor(index) - 1.0 - first
    at = at if at > 0.0 else 0.0
    return at if at < extent - 4.0 else extent - 4.0


@jitted
def tricubic(w, fgrid, F, places):
    """F_cell interpolated in the 4x4x4 neighbourhood. Exact. C: 2953-2990

    Neighbouring pixels mostly share their neighbourhood; its values are then constants of the loop.
    """
    l_size = fgrid.l_range + 1
    k_size = (fgrid.k_range + 1) * l_size
    for i in range(CHUNK):
        h = _corner(w[H + i], float(fgrid.h_min), float(fgrid.h_range))
        k = _corner(w[K + i], float(fgrid.k_min), float(fgrid.k_range))
        l = _corner(w[L + i], float(fgrid.l_min), float(fgrid.l_range))
        places[i] = np.int32(h * k_size + k * l_size + l)
    for block in range(0, CHUNK, BLOCK):
        _weights(w, L + block, L0)
        _weights(w, K + block, K0)
        _weights(w, H + block, H0)
        at = places[block]
        differing = 0
        for i in range(BLOCK):
            differing += 1 if places[block + i] != at else 0
        for m in range(4):
            for n in range(4):
                shift = m * k_size + n * l_size
                if differing == 0:
                    first = np.int64(at) + shift
                    _cubic_of(w, L0, F[first], F[first + 1], F[first + 2], F[first + 3], Z0 + n * BLOCK)
                    continue
                for i in range(BLOCK):
                    first = np.int64(places[block + i]) + shift
                    w[Y0 + i] = F[first]
                    w[Y1 + i] = F[first + 1]
                    w[Y2 + i] = F[first + 2]
                    w[Y3 + i] = F[first + 3]
                _cubic(w, L0, Y0, Z0 + n * BLOCK)
            _cubic(w, K0, Z0, X0 + m * BLOCK)
        _cubic(w, H0, X0, F_CELL + block)


@inlined
def _weights(w, index, out):
    """The four products of `polint` that do not depend on the values."""
    for i in range(BLOCK):
        x = w[index + i]
        first = np.floor(x) - 1.0
        d0, d1, d2, d3 = x - first, x - (first + 1.0), x - (first + 2.0), x - (first + 3.0)
        w[out + i] = d1 * d2 * d3
        w[out + BLOCK + i] = d0 * d2 * d3
        w[out + 2 * BLOCK + i] = d0 * d1 * d3
        w[out + 3 * BLOCK + i] = d0 * d1 * d2


@inlined
def _cubic(w, weights, y, out):
    """`polint` for values in four rows."""
    for i in range(BLOCK):
        w[out + i] = weighted_cubic(
            w[weights + i], w[weights + BLOCK + i], w[weights + 2 * BLOCK + i], w[weights + 3 * BLOCK + i],
            w[y + i], w[y + BLOCK + i], w[y + 2 * BLOCK + i], w[y + 3 * BLOCK + i],
        )  # fmt: skip


@inlined
def _cubic_of(w, weights, y0, y1, y2, y3, out):
    """`polint` for the same four values in every pixel."""
    for i in range(BLOCK):
        w[out + i] = weighted_cubic(
            w[weights + i], w[weights + BLOCK + i], w[weights + 2 * BLOCK + i], w[weights + 3 * BLOCK + i],
            y0, y1, y2, y3,
        )  # fmt: skip


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
    """The running sum times a factor, where the reference got that far. C: 3015-3018"""
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
    """Store the pixels whose whole bound rounds to one float32; mark the others in VALID; how many those are."""
    for i in range(CHUNK):
        value, bound = w[VALUE + i], w[BOUND + i]
        pixel = np.float32(0.0 + value)
        certain = (
            np.float32(value * (1.0 - bound)) == pixel
            and np.float32(value * (1.0 + bound)) == pixel
            and math.fabs(value) < 1e300
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
