"""Loops over a chunk of pixels that do not depend on the crystal: positions, absorption, scattering, polarization.

Each is simple enough to be vectorized; `rows.py` says which row holds which quantity. Arithmetic that must be
exact stands in the reference's order, without contraction; see `elementary.py` for the rest.
"""

import math

from .bounds import (
    CAPTURE_ROUNDING,
    COS2PSI_ERROR,
    EXP_ERROR,
    EXP_ROUNDING,
    EXP_UNDERFLOW,
    POLARIZATION_ROUNDING,
)
from .elementary import exp_of, quotient, two_part_reciprocal
from .rows import (
    ACTIVE,
    CAPTURE,
    CAPTURE_ERROR,
    CHUNK,
    COSINE,
    D1,
    D2,
    D3,
    F_ANGLE,
    LANE,
    OMEGA,
    OMEGA_SUM,
    POLAR,
    POLAR_ERROR,
    Q1,
    Q2,
    Q3,
    S_ANGLE,
    SINE,
    VALUE,
    fill,
    jitted,
)
from .scalar import magnitude, rotate_by

NAN = math.nan


@jitted
def positions(w, g, fpixel, subF, Sdet, Odet, want_omega):
    """Unit vectors to one sub-pixel of every pixel, and its solid angle (sr) if wanted. Exact. C: 2694-2727"""
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

    Within a row the angle about the slow axis often repeats. The angle about the fast axis is the same in every
    row; `turns` stores it.

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
    """Fraction absorbed in a layer, computed with libm where it is still zero. Exact. C: 2730-2739"""
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
        w[CAPTURE_ERROR + i] = (e1 + e2) * (EXP_ERROR + EXP_ROUNDING) / capture + CAPTURE_ROUNDING


@jitted
def scatterings(w, incident, wavelength, dmin):
    """s = (d - i) / lambda for one source, in 1/m, and which pixels dmin leaves. Exact. C: 2742-2770"""
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
    of from atan2 and cos: |difference| <= COS2PSI_ERROR, see `docs/kernels.md`.

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
            w[POLAR_ERROR + i] = (math.fabs(kahn) * COS2PSI_ERROR + POLARIZATION_ROUNDING) / math.fabs(w[POLAR + i])
    zeros = 0
    for i in range(CHUNK):
        zeros += 1 if w[POLAR + i] == 0.0 else 0
    return zeros
