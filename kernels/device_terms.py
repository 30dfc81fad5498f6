"""Parts of one pixel's sum for a GPU, each with a bound of its error; see `device_body.py`.

They are one lane of the loops of `geometry.py` and `terms.py`, except that the exponentials of the sensor are
polynomials, too.
"""

import math

import numpy as np

from .certificate import HALF_ULP, ONE_CELL
from .elementary import EXP_ERROR, EXP_UNDERFLOW, SINC3_ERROR, abs_sin_cos, exp_of, weighted_cubic
from .scalar import dot_product, scalar, unitize
from .scene import GAUSS, ROUND, SQUARE, TOPHAT
from .terms import parallelepiped

NAN = math.nan
# exp(z) is zero below the first and is not above the second
EXP_ZERO, EXP_NONZERO = -745.2, -745.1
NEXT_TO_NOTHING = 1e-300  # in place of what is not zero, while its square is


@scalar
def exp_or_zero(z, e):
    """exp(z) within EXP_ERROR; zero where it is, NaN where the polynomial does not reach."""
    if z >= EXP_UNDERFLOW and z <= 700.0:
        return exp_of(z, e)
    return 0.0 if z < EXP_ZERO else NAN


@scalar
def captured(g, thick_tic, diffracted, only_positive, e):
    """Fraction absorbed in a layer and a bound of its relative error; NaN where it has no digits. C: 2730-2739"""
    parallax = dot_product(g.odet_vector, diffracted)
    z1 = float(-thick_tic) * g.detector_thickstep * g.detector_mu / parallax
    z2 = float(-(thick_tic + 1)) * g.detector_thickstep * g.detector_mu / parallax
    if z1 == z2 and math.fabs(z1) <= 700.0 and not only_positive:
        return 0.0, 0.0
    before, after = exp_or_zero(z1, e), exp_or_zero(z2, e)
    fraction = before - after
    if fraction == 0.0 and before == 0.0 and not only_positive:
        return 0.0, 0.0
    error = (before + after) * (EXP_ERROR + 1e-15)
    if not (math.fabs(fraction) > error) or (only_positive and not fraction > 0.0):
        return NAN, 0.0
    return fraction, error / math.fabs(fraction) + 40.0 * HALF_ULP


@scalar
def polarized(kahn, axes, source, diffracted):
    """Polarization factor, a bound of its relative error, and the vector that this normalizes. C: 4053-4095

    `geometry.polarizations` for one pixel.
    """
    incident = (axes[source, 0], axes[source, 1], axes[source, 2])
    _, diffracted = unitize(diffracted)
    cos2theta = dot_product(incident, diffracted)
    cos2theta_sqr = cos2theta * cos2theta
    sin2theta_sqr = 1.0 - cos2theta_sqr
    if kahn == 0.0:
        return 0.5 * (1.0 + cos2theta_sqr - kahn * sin2theta_sqr), 0.0, diffracted
    E_out = dot_product(diffracted, (axes[source, 3], axes[source, 4], axes[source, 5]))
    B_out = dot_product(diffracted, (axes[source, 6], axes[source, 7], axes[source, 8]))
    cos2psi = (E_out * E_out - B_out * B_out) / (E_out * E_out + B_out * B_out)
    polar = 0.5 * (1.0 + cos2theta_sqr - kahn * cos2psi * sin2theta_sqr)
    error = (math.fabs(kahn) * 2e-15 + 1e-15) / math.fabs(polar)
    # without a digit nobody knows whether the reference has zero here, and tries again
    return (polar if error < 0.5 else NAN), error, diffracted


@scalar
def lattice(numbers, h, k, l):
    """F_latt up to its sign, and its absolute error where that grows. C: 2822-2866

    Zero only where the reference has zero for certain, NaN where that cannot be said.
    """
    crystal, polynomials = numbers.scene.crystal, numbers.polynomials
    Na, Nb, Nc = crystal.Na, crystal.Nb, crystal.Nc
    if numbers.shape == SQUARE:
        return parallelepiped(h, k, l, Na, Nb, Nc, polynomials.sin_short), 0.0
    if numbers.shape == ONE_CELL:
        return 1.0, 0.0
    dh, dk, dl = h - np.ceil(h - 0.5), k - np.ceil(k - 0.5), l - np.ceil(l - 0.5)
    volume = Na * Nb * Nc
    if numbers.shape == ROUND:
        hrad_sqr = dh * dh * Na * Na + dk * dk * Nb * Nb + dl * dl * Nc * Nc
        x = math.pi * math.sqrt(hrad_sqr * crystal.fudge)
        sine, cosine = abs_sin_cos(x, polynomials.sin_long, polynomials.cos_long)
        volume = volume * 0.723601254558268
        F_latt = volume * (3.0 * (sine / x - cosine) / (x * x))
        error = volume * 3.0 * SINC3_ERROR / (x * x) + math.fabs(F_latt) * 2e-15
        # the reference's F_latt may be exactly zero here, and what is zero does not weigh a running sum
        return (F_latt if math.fabs(F_latt) > error else math.nan), error
    a, b, c = crystal.a_star, crystal.b_star, crystal.c_star
    x = dh * a[0] + dk * b[0] + dl * c[0]
    y = dh * a[1] + dk * b[1] + dl * c[1]
    z = dh * a[2] + dk * b[2] + dl * c[2]
    rad_star_sqr = (x * x + y * y + z * z) * Na * Na * Nb * Nb * Nc * Nc
    if numbers.shape == GAUSS:
        exponent = -(rad_star_sqr / 0.63 * crystal.fudge)
        if exponent < EXP_UNDERFLOW and exponent > EXP_NONZERO:
            return NEXT_TO_NOTHING, 0.0
        return volume * exp_or_zero(exponent, polynomials.exp), 0.0
    if numbers.shape == TOPHAT:
        return volume * (1.0 if rad_star_sqr * crystal.fudge < 0.3969 else 0.0), 0.0
    return math.nan, 0.0


@scalar
def nearest_factor(table, bordered, h, k, l):
    """F_cell at the nearest indices; `terms.nearest` for one pixel. Exact. C: 2993-3005"""
    h, k, l = np.ceil(h - 0.5), np.ceil(k - 0.5), np.ceil(l - 0.5)
    # comparisons that NaN fails end inside the table
    h = h if h > table.h_first else table.h_first
    k = k if k > table.k_first else table.k_first
    l = l if l > table.l_first else table.l_first
    h = h if h < table.h_last else table.h_last
    k = k if k < table.k_last else table.k_last
    l = l if l < table.l_last else table.l_last
    place = (h - table.h_first) * table.h_stride + (k - table.k_first) * table.k_stride + (l - table.l_first)
    return bordered[int(place)]


@scalar
def weights(x):
    """The four products of `scalar.polint` that do not depend on the values."""
    first = np.floor(x) - 1.0
    d0, d1, d2, d3 = x - first, x - (first + 1.0), x - (first + 2.0), x - (first + 3.0)
    return d1 * d2 * d3, d0 * d2 * d3, d0 * d1 * d3, d0 * d1 * d2


@scalar
def cubic_of(w, y0, y1, y2, y3):
    """`scalar.polint` from weights."""
    return weighted_cubic(w[0], w[1], w[2], w[3], y0, y1, y2, y3)


@scalar
def bicubic_factor(F, at, k_stride, wk, wl):
    """F_cell interpolated along l, then k, in the 4x4 block at a place of the flat grid."""
    b, c, d = at + k_stride, at + 2 * k_stride, at + 3 * k_stride
    return cubic_of(
        wk,
        cubic_of(wl, F[at], F[at + 1], F[at + 2], F[at + 3]),
        cubic_of(wl, F[b], F[b + 1], F[b + 2], F[b + 3]),
        cubic_of(wl, F[c], F[c + 1], F[c + 2], F[c + 3]),
        cubic_of(wl, F[d], F[d + 1], F[d + 2], F[d + 3]),
    )


@scalar
def tricubic_factor(fgrid, F, h, k, l):
    """F_cell interpolated in the 4x4x4 neighbourhood, which is within the grid. Exact. C: 2953-2990"""
    k_stride = fgrid.l_range + 1
    h_stride = (fgrid.k_range + 1) * k_stride
    i = int(np.floor(h)) - 1 - fgrid.h_min
    j = int(np.floor(k)) - 1 - fgrid.k_min
    at = i * h_stride + j * k_stride + int(np.floor(l)) - 1 - fgrid.l_min
    wk, wl = weights(k), weights(l)
    return cubic_of(
        weights(h),
        bicubic_factor(F, at, k_stride, wk, wl),
        bicubic_factor(F, at + h_stride, k_stride, wk, wl),
        bicubic_factor(F, at + 2 * h_stride, k_stride, wk, wl),
        bicubic_factor(F, at + 3 * h_stride, k_stride, wk, wl),
    )
