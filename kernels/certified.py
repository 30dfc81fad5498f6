"""The default kernel on the CPU: the reference's bytes at SIMD speed.

Rows of pixels are the innermost loops: `geometry.py`, `terms.py` and `interpolation.py`. Everything that
IEEE 754 makes exact is done in the reference's order; libm's functions are replaced by polynomials
(`elementary.py`) with a proved bound. All terms of a pixel have one sign, so its relative error is bounded
too (`certificate.py`). A pixel is *certified* if everything within its bound rounds to the same float32; the
few others are rendered again by the reference kernel. `docs/kernels.md` has the proof and the table of paths.

Not for scenes that `obstacle` names, nor for -printout: those the reference kernel renders whole.
"""

import math

import numpy as np
from numba import njit

from . import geometry, interpolation, rows, terms
from .borrowing import borrowed
from .certificate import ONE_CELL
from .elementary import inlined
from .reference import AP, INTERPOLATE, POLAR_VECTOR, put_vector, render_pixel, vector_at
from .scalar import cross_product, rotate_umat, unitize
from .scene import GAUSS, ROUND, SQUARE, TOPHAT
from .stopping import stopped


@njit(cache=True, nogil=True, error_model="numpy")
def render_certified(first, last, scene, state, image, omega_sums, printout, certificate, recomputed):
    """Render the rows first <= spixel < last; parameters as `reference.render_rows`, and:

    certificate : Certificate
    recomputed : int64 [spixels]
        Set to the number of the row's pixels that the reference kernel rendered.
    """
    memory = np.empty(rows.SCRATCH + 8)
    # rows that begin on cache lines: vectors that straddle two are read and written at half speed
    aligned = (64 - memory.ctypes.data % 64) % 64 // 8
    places = np.empty(rows.CHUNK, np.int32)
    g = scene.geometry
    columns = min(g.roi_xmax + 1, g.fpixels) + rows.CHUNK if g.curved_detector else 0
    turns = np.full((3, max(g.oversample, 0), max(columns, 0)), math.nan)
    _render_rows(
        first, last, borrowed(scene), borrowed(state), borrowed(image), borrowed(omega_sums), borrowed(certificate),
        borrowed(recomputed), borrowed(memory[aligned : aligned + rows.SCRATCH]), borrowed(places), borrowed(turns),
    )  # fmt: skip
    # what is borrowed is held until here
    return memory.size + places.size + turns.size


@njit(error_model="numpy", nogil=True)
def _render_rows(first, last, scene, state, image, omega_sums, certificate, recomputed, w, places, turns):
    """`render_certified` with its scratch arrays."""
    g = scene.geometry
    for i in range(rows.CHUNK):
        w[rows.LANE + i] = float(i)
    for row in (rows.LATT_ERROR, rows.POLAR_ERROR, rows.CAPTURE_ERROR, rows.NO_ERROR):
        rows.fill(w, row, 0.0)
    rows.fill(w, rows.ACTIVE, 1.0)
    rows.fill(w, rows.F_LATT, 1.0)
    rows.fill(w, rows.F_CELL, scene.fgrid.default_F)
    leftmost, rightmost = max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)
    masked = g.mask.size > 0
    for spixel in range(first, last):
        recomputed[spixel] = 0
        if spixel < g.roi_ymin or spixel > g.roi_ymax:
            continue
        fpixel = leftmost
        while fpixel < rightmost and not stopped(scene.stop) and not settled(scene, state):
            recomputed[spixel] += again(fpixel, spixel, scene, state, image, omega_sums)
            fpixel += 1
        while fpixel < rightmost and not stopped(scene.stop):
            lanes = min(rows.CHUNK, rightmost - fpixel)
            if _chunk(w, places, turns, fpixel, lanes, spixel, scene.beam, state, certificate):
                uncertain = terms.certify_lanes(w, image, spixel * g.fpixels + fpixel, lanes)
                if uncertain > 0 or masked:
                    recomputed[spixel] += _again_where_uncertain(
                        w, fpixel, lanes, spixel, scene, state, image, omega_sums
                    )
                omega_sums[spixel] += terms.sum_omegas(w, lanes)
            else:
                # interpolation ends here, or the kernel was stopped: the chunk pixel by pixel
                for i in range(lanes):
                    recomputed[spixel] += again(fpixel + i, spixel, scene, state, image, omega_sums)
            fpixel += lanes


@njit(error_model="numpy")
def again(fpixel, spixel, scene, state, image, omega_sums):
    """Render one pixel, unless it is masked, by the reference kernel; 1 if so."""
    imgidx = spixel * scene.geometry.fpixels + fpixel
    if scene.geometry.mask.size > 0 and scene.geometry.mask[imgidx] == 0:
        return 0
    image[imgidx] = np.float32(0.0 + render_pixel(fpixel, spixel, scene, state, omega_sums)[0])
    return 1


@njit(error_model="numpy")
def settled(scene, state):
    """Would another sweep leave the carried vectors as they are? If they do not matter, make them so."""
    turned, fix_phi0 = scene.crystal.turned, scene.sampling.fix_phi0
    last = -1
    stale = False
    for phi_tic in range(turned.size):
        if turned[phi_tic]:
            last = phi_tic
        elif not fix_phi0:
            stale = True
    if last >= 0 and stale:
        for i in range(9):
            if state[AP + i] != scene.crystal.rotated[last, i]:
                return False
    elif fix_phi0 and not turned[turned.size - 1]:
        put_vector(state, AP, scene.crystal.a0)
        put_vector(state, AP + 3, scene.crystal.b0)
        put_vector(state, AP + 6, scene.crystal.c0)
    elif last >= 0:
        for i in range(9):
            state[AP + i] = scene.crystal.rotated[last, i]
    if scene.beam.polarization != 0.0:
        axis = vector_at(state, POLAR_VECTOR)
        _, unit = unitize(axis)
        return axis[0] == unit[0] and axis[1] == unit[1] and axis[2] == unit[2]
    return True


@inlined
def _chunk(w, places, turns, fpixel, lanes, spixel, sources, state, certificate):
    """Sum the terms of a chunk of pixels; False if interpolation would end within it, or if stopped. C: 2655-3030"""
    numbers, arrays = certificate
    g, beam, crystal, fgrid, sampling, _ = numbers.scene
    rotated, turned, umats, bordered, grid = arrays
    rows.fill(w, rows.SUM, beam.I_bg)
    rows.fill(w, rows.POLAR, 1.0 if beam.nopolar else 0.0)
    rows.fill(w, rows.SUM_ERROR, 0.0)
    rows.fill(w, rows.RELATIVE, 0.0)
    rows.fill(w, rows.OMEGA_SUM, 0.0)
    omegas = float(g.detector_thicksteps) * g.oversample * g.oversample
    wants_polar = not beam.nopolar or sampling.oversample_polar
    for thick_tic in range(g.detector_thicksteps):
        rows.fill(w, rows.CAPTURE, 1.0 if g.detector_thick == 0.0 else 0.0)
        # of a layer's factor only the last one's counts, unless it weighs the running sum
        wants_capture = g.detector_thick != 0.0 and thick_tic == g.detector_thicksteps - 1
        Odet = thick_tic * g.detector_thickstep
        for sub in range(g.oversample * g.oversample):
            subS, subF = sub // g.oversample, sub % g.oversample
            Sdet = g.subpixel_size * (spixel * g.oversample + subS) + g.subpixel_size / 2.0
            wants_omega = sampling.oversample_omega or (thick_tic == 0 and sub == 0)
            if g.curved_detector:
                geometry.curved_positions(w, turns, g, fpixel, subF, Sdet, Odet, wants_omega)
            else:
                geometry.positions(w, g, fpixel, subF, Sdet, Odet, wants_omega)
            if wants_omega:
                geometry.add_omegas(w, 1.0 if sampling.oversample_omega else omegas)
            if sampling.oversample_thick:
                geometry.fast_captures(w, g, thick_tic, numbers.polynomials)
            elif wants_capture:
                wants_capture = geometry.captures(w, g, thick_tic)
            for source in range(sources.source_X.size):
                incident = (-sources.source_X[source], -sources.source_Y[source], -sources.source_Z[source])
                geometry.scatterings(w, incident, sources.source_lambda[source], beam.dmin)
                if wants_polar:
                    zeros = _polarize(w, beam, incident, state, sampling.oversample_polar)
                    wants_polar = zeros > 0 or sampling.oversample_polar
                if not _sweep(w, places, lanes, numbers, rotated, turned, umats, bordered, grid, state):
                    return False
    terms.finish(w, beam.r_e_sqr * beam.fluence, sampling, numbers.relative_error, numbers.shape == ROUND)
    return True


@inlined
def _polarize(w, beam, incident, state, always):
    """Polarization for one source, whose own axes are exact. C: 4053-4095"""
    _, incident = unitize(incident)
    _, axis = unitize(vector_at(state, POLAR_VECTOR))
    _, B_in = unitize(cross_product(axis, incident))
    _, E_in = unitize(cross_product(incident, B_in))
    return geometry.polarizations(w, beam.polarization, incident, E_in, B_in, always)


@inlined
def _sweep(w, places, lanes, numbers, rotated, turned, umats, bordered, grid, state):
    """Every spindle position and mosaic domain for one source; False as in `_chunk`. C: 2779-3025"""
    crystal = numbers.scene.crystal
    interpolate = state[INTERPOLATE] != 0.0
    for phi_tic in range(turned.size):
        ap, bp, cp = spindle_vectors(crystal, numbers.scene.sampling, rotated, turned, phi_tic, state)
        for mos_tic in range(umats.shape[0]):
            if stopped(numbers.scene.stop):
                return False
            a, b, c = domain_vectors(crystal, umats, mos_tic, ap, bp, cp)
            if numbers.shape == SQUARE:
                terms.square(w, a, b, c, crystal, numbers.polynomials.sin_short)
            else:
                terms.indices(w, a, b, c)
                _other_shapes(w, numbers)
            if not _add(w, places, lanes, numbers, bordered, grid, interpolate):
                return False
    return True


@njit(error_model="numpy")
def spindle_vectors(crystal, sampling, rotated, turned, phi_tic, state):
    """The cell vectors of a spindle position; at a stale phi = 0 those of the position before it."""
    if not turned[phi_tic] and sampling.fix_phi0:
        return crystal.a0, crystal.b0, crystal.c0
    while phi_tic >= 0 and not turned[phi_tic]:
        phi_tic -= 1
    if phi_tic < 0:
        # settled: the last position's, of the sweep before
        return vector_at(state, AP), vector_at(state, AP + 3), vector_at(state, AP + 6)
    row = rotated[phi_tic]
    return vector_at(row, 0), vector_at(row, 3), vector_at(row, 6)


@njit(error_model="numpy")
def domain_vectors(crystal, umats, mos_tic, ap, bp, cp):
    """The cell vectors of a mosaic domain. C: 2795-2808"""
    if crystal.mosaic_spread > 0.0:
        umat = umats[mos_tic]
        return rotate_umat(ap, umat), rotate_umat(bp, umat), rotate_umat(cp, umat)
    return ap, bp, cp


@inlined
def _other_shapes(w, numbers):
    """F_latt from the indices, for every shape but the parallelepiped of more than one cell."""
    crystal, polynomials = numbers.scene.crystal, numbers.polynomials
    if numbers.shape == ROUND:
        terms.ellipsoid(w, crystal, polynomials)
    elif numbers.shape == GAUSS:
        terms.radial(w, crystal)
        terms.gaussian(w, crystal, polynomials)
    elif numbers.shape == TOPHAT:
        terms.radial(w, crystal)
        terms.tophat(w, crystal)
    elif numbers.shape == ONE_CELL:
        if numbers.scene.beam.dmin > 0.0:
            rows.fill(w, rows.F_LATT, 1.0)
    else:
        # of no bound: the reference kernel renders such pixels
        rows.fill(w, rows.F_LATT, math.nan)


@inlined
def _add(w, places, lanes, numbers, bordered, grid, interpolate):
    """Look up the structure factors and add one term to every pixel; False as in `_chunk`. C: 2931-3018"""
    g, beam, crystal, fgrid, sampling, _ = numbers.scene
    skip_zero = beam.water_size == 0.0
    if fgrid.hkls != 0:
        if interpolate:
            if interpolation.out_of_range(w, fgrid, lanes, skip_zero):
                return False
            interpolation.tricubic(w, fgrid, grid, places)
        else:
            terms.nearest(w, numbers.table, bordered, places)
    if beam.dmin > 0.0:
        terms.only_active(w)
    if sampling.fix_oversample:
        terms.add_weighted_terms(w, sampling.oversample_thick, sampling.oversample_polar, sampling.oversample_omega)
        return True
    terms.add_terms(w)
    if numbers.shape == ROUND:
        terms.add_errors(w)
    if sampling.oversample_thick:
        terms.weigh(w, rows.CAPTURE, rows.CAPTURE_ERROR, skip_zero)
    if sampling.oversample_polar:
        terms.weigh(w, rows.POLAR, rows.POLAR_ERROR, skip_zero)
    if sampling.oversample_omega:
        terms.weigh(w, rows.OMEGA, rows.NO_ERROR, skip_zero)
    return True


@njit(error_model="numpy")
def _again_where_uncertain(w, fpixel, lanes, spixel, scene, state, image, omega_sums):
    """Render the pixels of a chunk that are not certified again, and blank the masked ones; how many the former are."""
    first = spixel * scene.geometry.fpixels + fpixel
    mask = scene.geometry.mask
    recomputed = 0
    for i in range(lanes):
        if mask.size > 0 and mask[first + i] == 0:
            image[first + i] = 0.0
            w[rows.VALID + i] = 0.0
        elif w[rows.VALID + i] == 0.0:
            recomputed += again(fpixel + i, spixel, scene, state, image, omega_sums)
    return recomputed
