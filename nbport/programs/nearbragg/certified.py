"""The pixel loop of nearBragg, with vectors of atoms and a proof for each pixel.

Phases are rounded as in the C program, operation by operation; their sines and cosines, and the order of the sums, are
not those of libm and the C program. A bound of the difference goes with the intensity. A pixel counts if all
intensities within the bound round to the same 32-bit float; others are rendered by `pixels.py`.

With u = 2**-53, T the sum of the moduli of n terms, both sums are within n*u*T of the true one. A term differs by
TERM_ERROR of its modulus: sine and cosine (1.2e-14, with some room for an argument slightly above pi/2 after
reduction), quotients, and those of libm. A temperature factor exp(z) adds EXP_ERROR and |z| times the error of its
argument.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from ...kernels.bounds import EXP_ERROR
from ...kernels.elementary import INV_PI, PI_1, PI_2, PI_3, ROUNDER, Polynomials, exp_of, fmuladd, sin_cos_of_reduced
from ...kernels.scene import Geometry
from .options import TWO_PI
from .pixels import R_E_SQR, Source, render_pixel, solid_angle, subpixel_position

LANES = 32  # atoms at a time
LONGEST_PHASE = 3e12  # rad, up to which the reduction is exact
TERM_ERROR = 3e-14
EXPONENT_ERROR = 1e-14
LARGEST_EXPONENT = 600.0
SUM_ERROR = 2.5e-16  # of each term of a sum, for both programs
SCALE_ERROR = 2e-15

# rows of the table of one source, [ROWS, atoms]
X, Y, Z, PATH, WEIGHT, PHASE, B, S0X, S0Y, S0Z, ROWS = range(11)
# rows of the scratch array, [SUMS, LANES]
COSINES, SINES, MODULI, ERRORS, SUMS = range(5)

cached = njit(cache=True, nogil=True, error_model="numpy")
jitted = njit(error_model="numpy", nogil=True)
inlined = njit(error_model="numpy", inline="always")


class Tables(NamedTuple):
    """Atoms as each point of the source sees them; those with a B factor come first."""

    rows: np.ndarray  # float64 [points * ROWS * atoms]
    atoms: int  # a multiple of LANES, as is the next
    warm: int  # atoms with a B factor
    polynomials: Polynomials


@inlined
def long_reduced(y, k):
    """y - k*pi for a whole number k near y/pi, |k| < 2**40: all but the last two operations are exact.

    PI_1 and PI_2 have 33 bits, and k is split at 2**20, so that all products have 53.
    """
    upper = ((k * 2.0**-20 + ROUNDER) - ROUNDER) * 2.0**20
    lower = k - upper
    return (((y - upper * PI_1) - lower * PI_1) - upper * PI_2) - lower * PI_2 - k * PI_3


@inlined
def add_wave(w, rows, at, n, i, lane, pixel, wavelength, reciprocal_angstroms, warm, s, c, e):
    """Add one atom to the sums of a lane."""
    px, py, pz = pixel[0] - rows[at + i], pixel[1] - rows[at + Y * n + i], pixel[2] - rows[at + Z * n + i]
    to_pixel = math.sqrt(px * px + py * py + pz * pz)
    phase = TWO_PI * (rows[at + PATH * n + i] + to_pixel) / wavelength + rows[at + PHASE * n + i]
    k = fmuladd(phase, INV_PI, ROUNDER) - ROUNDER
    r = long_reduced(phase, k)
    half = k * 0.5
    sign = 1.0 - 4.0 * (half - np.floor(half))
    sine, cosine = sin_cos_of_reduced(r, s, c)
    reciprocal = 1.0 / to_pixel
    weight = rows[at + WEIGHT * n + i] * reciprocal
    error = TERM_ERROR
    if warm:
        x = (px * reciprocal - rows[at + S0X * n + i]) * reciprocal_angstroms
        y = (py * reciprocal - rows[at + S0Y * n + i]) * reciprocal_angstroms
        z = (pz * reciprocal - rows[at + S0Z * n + i]) * reciprocal_angstroms
        exponent = rows[at + B * n + i] * (x * x + y * y + z * z) * -0.25
        size = abs(exponent)
        # beyond the range of the polynomial there is no bound
        error = error + EXP_ERROR + size * EXPONENT_ERROR if size < LARGEST_EXPONENT else math.inf
        weight = weight * exp_of(exponent if size < LARGEST_EXPONENT else 0.0, e)
    modulus = abs(weight)
    weight = weight * sign
    w[COSINES * LANES + lane] += weight * cosine
    w[SINES * LANES + lane] += weight * sine
    w[MODULI * LANES + lane] += modulus
    w[ERRORS * LANES + lane] += modulus * error


@jitted
def amplitude(w, tables, point, pixel, wavelength):
    """Both parts of the amplitude of all atoms for one point of the source, and a bound of the error of each."""
    n, poly = tables.atoms, tables.polynomials
    s, c, e = poly.sin_long, poly.cos_long, poly.exp
    at = point * ROWS * n
    reciprocal_angstroms = 1.0 / (wavelength * 1e10)
    w[:] = 0.0
    for first in range(0, tables.warm, LANES):
        for lane in range(LANES):
            add_wave(w, tables.rows, at, n, first + lane, lane, pixel, wavelength, reciprocal_angstroms, True, s, c, e)
    for first in range(tables.warm, n, LANES):
        for lane in range(LANES):
            add_wave(w, tables.rows, at, n, first + lane, lane, pixel, wavelength, reciprocal_angstroms, False, s, c, e)
    Fa = Fb = modulus = error = 0.0
    for lane in range(LANES):
        Fa += w[COSINES * LANES + lane]
        Fb += w[SINES * LANES + lane]
        modulus += w[MODULI * LANES + lane]
        error += w[ERRORS * LANES + lane]
    return Fa, Fb, error + modulus * (n + LANES) * SUM_ERROR


@cached
def render_certified(first, last, g, source, atoms, tables, images, w, nothing):
    """Render the rows first..last-1; returns how many pixels `pixels.render_pixel` did.

    Parameters
    ----------
    g, source, atoms, images
        As for `pixels.render_rows`.
    tables : Tables
    w : float64 [SUMS * LANES]
    nothing : float64 [1, 1, 0]
    """
    again = 0
    for spixel in range(first, last):
        omega_sum = 0.0
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            I = bound = omega = 0.0
            for sub in range(g.oversample * g.oversample):
                pixel = subpixel_position(g, fpixel, spixel, sub)
                airpath = math.sqrt(pixel[0] * pixel[0] + pixel[1] * pixel[1] + pixel[2] * pixel[2])
                omega = solid_angle(g, airpath)
                omega_sum += omega
                for wavelength in source.wavelengths:
                    for direction in range(source.directions):
                        Fa = Fb = error = 0.0
                        for depth in range(source.depths):
                            a, b, more = amplitude(w, tables, direction * source.depths + depth, pixel, wavelength)
                            Fa += a
                            Fb += b
                            error += more + (abs(Fa) + abs(Fb)) * SUM_ERROR
                        I += Fa * Fa + Fb * Fb
                        bound += 2.0 * (abs(Fa) + abs(Fb)) * error + 2.0 * error * error
            steps = g.oversample * g.oversample * source.wavelengths.size * source.directions
            bound += I * (SCALE_ERROR + SUM_ERROR * steps)
            scale = omega * source.fluence * R_E_SQR / source.steps
            j = spixel * g.fpixels + fpixel
            before = np.float64(images.floats[j])
            low, high = np.float32(before + (I - bound) * scale), np.float32(before + (I + bound) * scale)
            # a subnormal product would have lost digits
            if low == high and abs((I - bound) * scale) > 1e-280:
                images.floats[j] = low
                continue
            again += 1
            render_pixel(fpixel, spixel, g, source, atoms, images, nothing[0, 0], nothing[0])
        images.omega_sums[spixel] = omega_sum
    return again


def tables_of(g: Geometry, source: Source, atoms: np.ndarray) -> Tables | None:
    """What `render_certified` needs; None where it proves nothing: for amplitudes, long phases, infinities and NaN."""
    if source.coherent or not len(atoms) or not len(source.position):
        return None
    warm, cold = (_padded(atoms[(atoms[:, 4] != 0.0) == flag]) for flag in (True, False))
    ordered = np.concatenate([warm, cold])
    with np.errstate(all="ignore"):
        rows = np.stack([_rows(ordered, point, bool(source.far)) for point in source.position])
        longest = np.abs(rows[:, PATH]).max() + _farthest(g) + np.abs(ordered[:, :3]).sum(1).max()
        phase = TWO_PI * longest / np.abs(source.wavelengths).min() + np.abs(ordered[:, 5]).max()
        if not (np.isfinite(rows).all() and phase < LONGEST_PHASE):
            return None
    return Tables(rows.reshape(-1), len(ordered), len(warm), Polynomials())


def _padded(atoms: np.ndarray) -> np.ndarray:
    """As many atoms as fill all lanes; those that are added weigh nothing."""
    missing = -len(atoms) % LANES
    weightless = np.repeat(atoms[:1], missing, axis=0)
    weightless[:, 3] = 0.0
    return np.concatenate([atoms, weightless])


def _rows(atoms: np.ndarray, point: np.ndarray, far: bool) -> np.ndarray:
    """Table of one point of the source, paths to atoms as in `pixels.wave`."""
    x, y, z, occupancy, B_factor, phase = atoms.T
    sx, sy, sz = point[0] - x, point[1] - y, point[2] - z
    path = x if far else np.sqrt(sx * sx + sy * sy + sz * sz)
    division = np.ones_like(x) if far else path
    S0 = (np.ones_like(x), 0.0 * x, 0.0 * x) if far else (-sx / path, -sy / path, -sz / path)
    return np.stack([x, y, z, path, occupancy / division, phase, B_factor, *S0])


def _farthest(g: Geometry) -> float:
    """Not less than the distance of any pixel, m."""
    if g.curved_detector:
        return 1.001 * abs(g.distance)
    corners = [
        np.array(g.pix0_vector) + f * np.array(g.fdet_vector) + s * np.array(g.sdet_vector)
        for f in (0.0, g.pixel_size * g.fpixels)
        for s in (0.0, g.pixel_size * g.spixels)
    ]
    return max(float(np.linalg.norm(corner)) for corner in corners)
