"""The loop over one pixel for a GPU, one text for every target.

One thread renders one pixel. The arithmetic, its bounds and the rounding test are those of the
certified kernel (`certified.py`, `docs/kernels.md`): what IEEE 754 makes exact is done in the
reference's order, and polynomials stand in for libm. Here they stand in for its exponentials in the
sensor as well, so that no library of the device is called.

Numba compiles this for the CPU as it stands. For a GPU `nbport/compilation/spelling.py` makes of it a twin in which
every operator is a call of an operation that no compiler contracts.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from .certificate import Certificate
from .certified import domain_vectors, spindle_vectors
from .device_terms import captured, lattice, nearest_factor, polarized, tricubic_factor
from .elementary import fma
from .reference import POLAR_VECTOR, detector_plane, out_of_range, solid_angle, vector_at
from .scalar import cross_product, dot_product, magnitude, scalar, unitize
from .scene import Scene
from .stopping import stopped

NAN = math.nan
NOWHERE = 2**62  # offset of the first of no pixels
CARRIED = 10  # numbers that a pixel needs to go on in another launch


class Tables(NamedTuple):
    """The arrays of a scene as a device reads them."""

    mask: np.ndarray  # uint16, one a pixel; empty: no mask
    sources: np.ndarray  # [sources, 4]: towards the source, wavelength (m)
    axes: np.ndarray  # [sources, 9]: incident, E_in, B_in, unit vectors for the polarization
    vectors: np.ndarray  # m, [phisteps, mosaic domains, 9]: a, b, c
    bordered: np.ndarray  # structure factors for `certificate.Table`
    grid: np.ndarray  # the same without a border, flat


class Place(NamedTuple):
    """Which pixels a launch renders: those numbered start .. stop-1 in raster order of the rendered columns.

    And which sub-pixels of them, numbered layer after layer: a launch adds up begin .. end-1, and one that does not
    end with the last one is a part of a pixel.
    """

    leftmost: int  # first rendered fast index
    columns: int  # rendered columns
    start: int  # row * columns + column
    stop: int
    begin: int = 0
    end: int = 1


def make_tables(scene: Scene, certificate: Certificate, state: np.ndarray) -> Tables:
    """Tables for a scene; every number in them is exact.

    Parameters
    ----------
    scene : Scene
    certificate : Certificate
        Of this scene.
    state : float64 [STATE_SIZE]
        Settled.
    """
    beam, arrays = scene.beam, certificate.arrays
    sources = np.column_stack((beam.source_X, beam.source_Y, beam.source_Z, beam.source_lambda))
    axes = np.zeros((len(sources), 9))
    vectors = np.zeros((arrays.turned.size, arrays.mosaic_umats.shape[0], 9))
    _fill_tables(certificate.numbers.scene, arrays, sources, state, axes, vectors)
    return Tables(scene.geometry.mask, sources, axes, vectors, arrays.bordered, arrays.grid)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_tables(scene, arrays, sources, state, axes, vectors):
    """C: 2742-2747, 2779-2808, 4053-4082"""
    for source in range(sources.shape[0]):
        _, incident = unitize((-sources[source, 0], -sources[source, 1], -sources[source, 2]))
        _, axis = unitize(vector_at(state, POLAR_VECTOR))
        _, B_in = unitize(cross_product(axis, incident))
        _, E_in = unitize(cross_product(incident, B_in))
        axes[source] = incident + E_in + B_in
    crystal = scene.crystal
    for phi_tic in range(vectors.shape[0]):
        ap, bp, cp = spindle_vectors(crystal, scene.sampling, arrays.rotated, arrays.turned, phi_tic, state)
        for mos_tic in range(vectors.shape[1]):
            a, b, c = domain_vectors(crystal, arrays.mosaic_umats, mos_tic, ap, bp, cp)
            vectors[phi_tic, mos_tic] = a + b + c


@scalar
def certain(value, bound):
    """The pixel, if everything within its bound rounds to one float32; otherwise NaN."""
    pixel = np.float32(0.0 + value)
    if (
        np.float32(value * (1.0 - bound)) == pixel
        and np.float32(value * (1.0 + bound)) == pixel
        and math.fabs(value) < 1e300
    ):
        return pixel
    return np.float32(NAN)


@scalar
def structure_factor(numbers, bordered, grid, interpolate, h, k, l):
    """F_cell, and whether a neighbourhood may have left the grid. C: 2931-3007"""
    fgrid = numbers.scene.fgrid
    if interpolate:
        if out_of_range(fgrid, h, k, l) or h != h or k != k or l != l:
            return NAN, True
        return tricubic_factor(fgrid, grid, h, k, l), False
    if fgrid.hkls != 0:
        return nearest_factor(numbers.table, bordered, h, k, l), False
    return fgrid.default_F, False


@scalar
def summed(sampling, may_skip, F_cell, F_latt, error, factors, I, sum_error, relative):
    """The sum with one more term, and bounds of its error: absolute, and relative from factors. C: 3013-3018

    Parameters
    ----------
    sampling : Sampling
    may_skip : bool
        Whether the reference skips a term of zero.
    F_cell, F_latt, error : float
        Of the term; `error` is that of F_latt.
    factors : tuple of float
        Capture fraction, its relative error, polarization factor, its relative error, solid angle (sr).
    I, sum_error, relative : float
        Before this term.
    """
    capture_fraction, capture_error, polar, polar_error, omega_pixel = factors
    magnitude_error = F_cell * F_cell * error * (2.0 * math.fabs(F_latt) + error)
    term = F_cell * F_cell * F_latt * F_latt
    if not sampling.fix_oversample:
        term = term + I
        magnitude_error = magnitude_error + sum_error
    if sampling.oversample_thick or sampling.oversample_polar or sampling.oversample_omega:
        factor_error = 0.0
        if sampling.oversample_thick:
            term *= capture_fraction
            magnitude_error *= capture_fraction
            factor_error += capture_error
        if sampling.oversample_polar:
            term *= polar
            magnitude_error *= polar
            factor_error += polar_error
        if sampling.oversample_omega:
            term *= omega_pixel
            magnitude_error *= omega_pixel
        if not sampling.fix_oversample:
            relative += factor_error
        elif factor_error > relative:
            relative = factor_error
        if math.fabs(F_latt) <= error and may_skip:
            term = NAN  # the reference may have skipped it
    if not sampling.fix_oversample:
        return term, magnitude_error, relative
    return I + term, sum_error + magnitude_error, relative


@scalar
def scaled(beam, sampling, factors, I, relative):
    """Photons of a sum, and the bound of their relative error without that of the sum. C: 3033-3039"""
    capture_fraction, capture_error, polar, polar_error, omega_pixel = factors
    value = beam.r_e_sqr * beam.fluence * I / sampling.steps
    if not sampling.oversample_thick:
        value *= capture_fraction
        relative += capture_error
    if not sampling.oversample_polar:
        value *= polar
        relative += polar_error
    if not sampling.oversample_omega:
        value *= omega_pixel
    return value, relative


@scalar
def pixel(fpixel, spixel, begin, end, carried, numbers, sources, axes, vectors, bordered, grid, interpolate):
    """One pixel, or a part of it: layers, sub-pixels, sources, phi steps, mosaic domains. C: 2655-3039

    Parameters
    ----------
    fpixel, spixel : int
    begin, end : int
        Of `Place`.
    carried : float64 [CARRIED]
        What the part before left, if there was one; filled, if another one follows.
    numbers : certificate.Numbers
    sources, axes, vectors, bordered, grid : arrays
        Of `Tables`.
    interpolate : bool
        Whether interpolation is still on.

    Returns
    -------
    (float32 photons or NaN where they are uncertain, sum of solid angles in sr,
    whether a neighbourhood may have left the grid); NaN, 0 and False if another part follows.
    """
    g, beam, sampling = numbers.scene.geometry, numbers.scene.beam, numbers.scene.sampling
    skip_zero = beam.water_size == 0.0
    left_grid = False
    # I, and bounds of its error: absolute, and relative from factors of the running sum
    I = beam.I_bg
    sum_error = 0.0
    relative = 0.0
    polar = 1.0 if beam.nopolar else 0.0
    polar_error = capture_error = 0.0
    capture_fraction = omega_pixel = omega_sum = 0.0
    if begin > 0:
        I, sum_error, relative = carried[0], carried[1], carried[2]
        polar, polar_error = carried[3], carried[4]
        capture_fraction, capture_error = carried[5], carried[6]
        omega_pixel, omega_sum, left_grid = carried[7], carried[8], carried[9] != 0.0
    a_layer = g.oversample * g.oversample
    for thick_tic in range(begin // a_layer, (end + a_layer - 1) // a_layer):
        Odet = thick_tic * g.detector_thickstep
        # the compiler for GPUs takes no min and max of whole numbers
        first = begin - thick_tic * a_layer if begin > thick_tic * a_layer else 0
        last = end - thick_tic * a_layer if end < (thick_tic + 1) * a_layer else a_layer
        if first == 0:
            capture_fraction = 1.0 if g.detector_thick == 0.0 else 0.0
        # of a layer's fraction only the last one's counts, unless it weighs the running sum
        wants_capture = sampling.oversample_thick or thick_tic == g.detector_thicksteps - 1
        for sub in range(first, last):
            subS, subF = sub // g.oversample, sub % g.oversample
            Fdet = g.subpixel_size * (fpixel * g.oversample + subF) + g.subpixel_size * 0.5
            Sdet = g.subpixel_size * (spixel * g.oversample + subS) + g.subpixel_size * 0.5
            airpath, diffracted = unitize(detector_plane(g, Fdet, Sdet, Odet))
            if omega_pixel == 0.0 or sampling.oversample_omega:
                omega_pixel = solid_angle(g, airpath)
            omega_sum += omega_pixel
            if wants_capture and (capture_fraction == 0.0 or sampling.oversample_thick):
                capture_fraction, capture_error = captured(
                    g, thick_tic, diffracted, sampling.oversample_thick, numbers.polynomials.exp
                )
            for source in range(sources.shape[0]):
                wavelength = sources[source, 3]
                scattering = (
                    (sources[source, 0] + diffracted[0]) / wavelength,
                    (sources[source, 1] + diffracted[1]) / wavelength,
                    (sources[source, 2] + diffracted[2]) / wavelength,
                )
                if beam.dmin > 0.0:
                    stol = 0.5 * magnitude(scattering)
                    if stol > 0.0 and beam.dmin > 0.5 / stol:
                        continue
                if polar == 0.0 or sampling.oversample_polar:
                    polar, polar_error, diffracted = polarized(beam.polarization, axes, source, diffracted)
                for phi_tic in range(vectors.shape[0]):
                    for mos_tic in range(vectors.shape[1]):
                        row = vectors[phi_tic, mos_tic]
                        h = dot_product((row[0], row[1], row[2]), scattering)
                        k = dot_product((row[3], row[4], row[5]), scattering)
                        l = dot_product((row[6], row[7], row[8]), scattering)
                        F_latt, error = lattice(numbers, h, k, l)
                        if F_latt == 0.0 and error == 0.0 and skip_zero:
                            continue
                        F_cell, left = structure_factor(numbers, bordered, grid, interpolate, h, k, l)
                        left_grid = left_grid or left
                        factors = capture_fraction, capture_error, polar, polar_error, omega_pixel
                        I, sum_error, relative = summed(
                            sampling, skip_zero, F_cell, F_latt, error, factors, I, sum_error, relative
                        )
    if end < g.detector_thicksteps * a_layer:
        carried[0], carried[1], carried[2] = I, sum_error, relative
        carried[3], carried[4] = polar, polar_error
        carried[5], carried[6] = capture_fraction, capture_error
        carried[7], carried[8], carried[9] = omega_pixel, omega_sum, 1.0 if left_grid else 0.0
        return np.float32(NAN), 0.0, False
    factors = capture_fraction, capture_error, polar, polar_error, omega_pixel
    value, bound = scaled(beam, sampling, factors, I, numbers.relative_error + relative)
    if sum_error != 0.0:
        bound += sum_error / I
    return certain(value, bound), omega_sum, left_grid


@njit(cache=True, nogil=True, error_model="numpy")
def render_place(
    place, numbers, mask, sources, axes, vectors, bordered, grid, interpolate, pixels, omega_sums, carried
):
    """Render the pixels of a place on the CPU.

    Parameters
    ----------
    place : Place
    numbers : certificate.Numbers
    mask, sources, axes, vectors, bordered, grid : arrays
        Of `Tables`.
    interpolate : bool
    pixels : float32 [stop - start]
        Filled with photons, NaN where they are uncertain.
    omega_sums : float64 [rows that the place touches]
        Increased by the solid angles (sr).
    carried : float64 [stop - start or more, CARRIED]
        From one part of the pixels to the next; of any size if there is only one.

    Returns
    -------
    Offset of the first pixel at which interpolation may end, or NOWHERE.
    """
    first = NOWHERE
    for n in range(place.start, place.stop):
        if stopped(numbers.scene.stop):
            break
        spixel, fpixel = n // place.columns, place.leftmost + n % place.columns
        if mask.size > 0 and mask[spixel * numbers.scene.geometry.fpixels + fpixel] == 0:
            pixels[n - place.start] = 0.0
            continue
        photons, omega_sum, left_grid = pixel(
            fpixel, spixel, place.begin, place.end, carried[(n - place.start) % carried.shape[0]],
            numbers, sources, axes, vectors, bordered, grid, interpolate,
        )  # fmt: skip
        pixels[n - place.start] = photons
        omega_sums[spixel - place.start // place.columns] += omega_sum
        if left_grid and first == NOWHERE:
            first = n - place.start
    return first


@scalar
def probe(x, y, z):
    """Results of a device's operations, to be compared with what they must be."""
    return x * y + z, fma(x, y, z), x / y, math.sqrt(x)
