"""The default kernel on the CPU: the reference's bytes at SIMD speed.

Rows of pixels are the innermost loops (`passes.py`). Everything that IEEE 754 makes exact is done
in the reference's order; libm's functions are replaced by polynomials (`elementary.py`) with a
proved bound. All terms of a pixel have one sign, so its relative error is bounded too. A pixel is
*certified* if everything within its bound rounds to the same float32; the few others are rendered
again by the reference kernel. `docs/kernels.md` has the proof and the table of paths.

Not for scenes that `obstacle` names, nor for -printout: those the reference kernel renders whole.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from . import passes as p
from .borrowing import borrowed
from .elementary import EXP_ERROR, SIN_ERROR, SIN_LIMIT, Polynomials, inlined
from .reference import AP, INTERPOLATE, POLAR_VECTOR, put_vector, render_pixel, vector_at
from .scalar import cross_product, rotate_umat, unitize
from .scene import GAUSS, ROUND, SQUARE, TOPHAT, Fgrid, Geometry, Scene

HALF_ULP = 2.0**-53
ONE_CELL = TOPHAT + 1  # shape code of a parallelepiped of one cell: F_latt is 1, exactly


class Table(NamedTuple):
    """Where structure factors are in a flat grid with a border of default_F; whole numbers as doubles."""

    h_first: float
    h_last: float
    h_stride: float
    k_first: float
    k_last: float
    k_stride: float
    l_first: float
    l_last: float


class Numbers(NamedTuple):
    """The scene without its arrays (each field of an array is 0), and what certifying needs besides.

    Inner functions get this one: handing on a tuple with arrays counts references, which costs more
    than the arithmetic of a short row.
    """

    scene: Scene
    table: Table
    shape: int
    polynomials: Polynomials
    relative_error: float  # of a pixel, from the lattice factor and the additions; 0: exact


class Arrays(NamedTuple):
    """The arrays that inner functions take one by one."""

    rotated: np.ndarray
    turned: np.ndarray
    mosaic_umats: np.ndarray
    bordered: np.ndarray  # structure factors for `Table`
    grid: np.ndarray  # the same without a border, flat


class Certificate(NamedTuple):
    """A scene made ready for this kernel."""

    numbers: Numbers
    arrays: Arrays


def obstacle(scene: Scene) -> str | None:
    """Why a scene is left to the reference kernel, or None if it can be certified.

    Conditions under which the bounds are proved; see `docs/kernels.md`.
    """
    g, beam, crystal, fgrid, sampling = scene
    if sampling.steps <= 0 or crystal.turned.size == 0 or beam.source_X.size == 0:
        return "no steps to add up"
    # more photons would make sums visible that are subnormal, and so have no relative bound
    if not (abs(beam.fluence) < 1e200 and 0.0 <= beam.I_bg < 1e150):
        return "fluence or water is negative, not finite or beyond 1e200 photons/m^2"
    if not _is_ordinary(g):
        return "a length or direction of the detector is beyond 1e-100 .. 1e20"
    wavelengths = np.abs(beam.source_lambda)
    if not ((wavelengths > 1e-100) & (wavelengths < 1e100)).all():
        return "a wavelength is beyond 1e-100 .. 1e100 m"
    if not (math.isfinite(fgrid.default_F) and abs(fgrid.default_F) < 1e70):
        return "default_F is not finite or beyond 1e70"
    if fgrid.hkls:
        if min(fgrid.h_range, fgrid.k_range, fgrid.l_range) < 1 or fgrid.Fhkl.size >= 2**30:
            return "the grid of structure factors is empty or too large"
        F = np.abs(fgrid.Fhkl)
        if not ((F < 1e70) & ((F > 1e-70) | (F == 0.0))).all():
            return "a structure factor is not finite or beyond 1e-70 .. 1e70"
        if sampling.interpolate and min(fgrid.h_range, fgrid.k_range, fgrid.l_range) < 5:
            return "the grid is too small to interpolate"
    if not _largest_angle(scene) < SIN_LIMIT:
        return "too many cells for the reduction of the sine"
    if sampling.oversample_polar and not abs(beam.polarization) <= 1.0:
        return "oversample_polar with a Kahn factor beyond 1"
    if sampling.oversample_omega and not (g.close_distance > 0.0 or g.point_pixel):
        return "oversample_omega behind the sample"
    if sampling.oversample_thick and not (g.detector_thick > 0.0 and g.detector_mu > 0.0):
        return "oversample_thick without a sensor"
    weighed = sampling.oversample_thick or sampling.oversample_polar or sampling.oversample_omega
    if crystal.xtal_shape == GAUSS and weighed and not sampling.fix_oversample:
        # a term that adds nothing weighs the sum nevertheless, unless its F_latt is zero, and not only its square
        return "oversample_* with a gaussian crystal"
    return None


def _is_ordinary(g: Geometry) -> bool:
    """Can coordinates be divided by distances without underflow?"""
    parts = np.abs(g.fdet_vector + g.sdet_vector + g.odet_vector + g.pix0_vector + (g.detector_thickstep,))
    sizes = np.abs((g.pixel_size, g.subpixel_size, g.distance if g.curved_detector else 1.0))
    return bool(((parts == 0.0) | (parts > 1e-100) & (parts < 1e20)).all() and ((sizes > 1e-20) & (sizes < 1e20)).all())


def _largest_angle(scene: Scene) -> float:
    """Bound of every argument of a sine, and of every Miller index."""
    crystal = scene.crystal
    vectors = np.array(crystal.a0 + crystal.b0 + crystal.c0).reshape(3, 3)
    lengths = np.sqrt((vectors * vectors).sum(axis=1))
    # a scattering vector is at most 2/lambda long; rotations may stretch a little
    h = 2.01 / float(np.abs(scene.beam.source_lambda).min()) * float(lengths.max())
    if crystal.xtal_shape != SQUARE:
        # whole indices must fit a 32-bit int all the same
        return max(h, math.pi * max(crystal.Na, crystal.Nb, crystal.Nc) * (math.sqrt(abs(crystal.fudge)) + 1.0))
    return math.pi * max(crystal.Na, crystal.Nb, crystal.Nc) * h


def certify(scene: Scene, polynomials: Polynomials | None = None, slack: float = 0.0) -> Certificate:
    """Bounds and tables for a scene without an `obstacle`.

    Parameters
    ----------
    scene : Scene
    polynomials : Polynomials, optional
        Others than the proved ones, for tests.
    slack : float
        Added to the relative error of every pixel; 1 makes every pixel uncertain.
    """
    crystal, sampling = scene.crystal, scene.sampling
    shape = crystal.xtal_shape
    if shape == SQUARE and max(crystal.Na, crystal.Nb, crystal.Nc) <= 1:
        shape = ONE_CELL
    # six sines, squared; the rest is at most 60 roundings in either kernel
    term = {SQUARE: 12 * SIN_ERROR + 60 * HALF_ULP, GAUSS: 2 * EXP_ERROR + 40 * HALF_ULP, ROUND: 40 * HALF_ULP}
    relative = term.get(shape, 0.0)
    factors = sampling.oversample_thick + sampling.oversample_polar + sampling.oversample_omega
    if relative or factors:
        layers = scene.geometry.detector_thicksteps
        additions = layers * scene.geometry.oversample**2 * scene.beam.source_X.size
        additions *= crystal.turned.size * crystal.mosaic_umats.shape[0]
        # either kernel's sum of non-negative terms is within (additions)/2 ulp of its own exact sum
        relative += (2.0 * additions * (1 + factors) + 40) * HALF_ULP
    if scene.beam.polarization != 0.0:
        relative += 40 * HALF_ULP
    table, bordered = _table(scene.fgrid)
    numbers = Numbers(_without_arrays(scene), table, shape, polynomials or Polynomials(), relative + slack)
    arrays = Arrays(crystal.rotated, crystal.turned, crystal.mosaic_umats, bordered, scene.fgrid.Fhkl.reshape(-1))
    return Certificate(numbers, arrays)


def _without_arrays(scene: Scene) -> Scene:
    def bare(part):
        return part._replace(**{name: 0 for name, v in part._asdict().items() if isinstance(v, np.ndarray)})

    return Scene(*(bare(part) for part in scene))


def _table(f: Fgrid) -> tuple[Table, np.ndarray]:
    if not f.hkls:
        return Table(*(0.0,) * 8), np.zeros(1)
    bordered = np.full((f.h_range + 2, f.k_range + 2, f.l_range + 2), f.default_F)
    bordered[1:-1, 1:-1, 1:-1] = f.Fhkl[: f.h_range, : f.k_range, : f.l_range]
    _, rows, columns = bordered.shape
    table = Table(
        f.h_min - 1.0, f.h_max + 1.0, float(rows * columns),
        f.k_min - 1.0, f.k_max + 1.0, float(columns),
        f.l_min - 1.0, f.l_max + 1.0,
    )  # fmt: skip
    return table, bordered.reshape(-1)


@njit(cache=True, nogil=True, error_model="numpy")
def render_certified(first, last, scene, state, image, omega_sums, printout, certificate, recomputed):
    """Render the rows first <= spixel < last; parameters as `reference.render_rows`, and:

    certificate : Certificate
    recomputed : int64 [spixels]
        Set to the number of the row's pixels that the reference kernel rendered.
    """
    memory = np.empty(p.SCRATCH + 8)
    # rows that begin on cache lines: vectors that straddle two are read and written at half speed
    aligned = (64 - memory.ctypes.data % 64) % 64 // 8
    places = np.empty(p.CHUNK, np.int32)
    g = scene.geometry
    columns = min(g.roi_xmax + 1, g.fpixels) + p.CHUNK if g.curved_detector else 0
    turns = np.full((3, max(g.oversample, 0), max(columns, 0)), math.nan)
    _render_rows(
        first, last, borrowed(scene), borrowed(state), borrowed(image), borrowed(omega_sums), borrowed(certificate),
        borrowed(recomputed), borrowed(memory[aligned : aligned + p.SCRATCH]), borrowed(places), borrowed(turns),
    )  # fmt: skip
    # what is borrowed is held until here
    return memory.size + places.size + turns.size


@njit(error_model="numpy", nogil=True)
def _render_rows(first, last, scene, state, image, omega_sums, certificate, recomputed, w, places, turns):
    """`render_certified` with its scratch arrays."""
    g = scene.geometry
    for i in range(p.CHUNK):
        w[p.LANE + i] = float(i)
    for row in (p.LATT_ERROR, p.POLAR_ERROR, p.CAPTURE_ERROR, p.NO_ERROR):
        p.fill(w, row, 0.0)
    p.fill(w, p.ACTIVE, 1.0)
    p.fill(w, p.F_LATT, 1.0)
    p.fill(w, p.F_CELL, scene.fgrid.default_F)
    leftmost, rightmost = max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)
    masked = g.mask.size > 0
    for spixel in range(first, last):
        recomputed[spixel] = 0
        if spixel < g.roi_ymin or spixel > g.roi_ymax:
            continue
        fpixel = leftmost
        while fpixel < rightmost and not settled(scene, state):
            recomputed[spixel] += again(fpixel, spixel, scene, state, image, omega_sums)
            fpixel += 1
        while fpixel < rightmost:
            lanes = min(p.CHUNK, rightmost - fpixel)
            if _chunk(w, places, turns, fpixel, lanes, spixel, scene.beam, state, certificate):
                uncertain = p.certify_lanes(w, image, spixel * g.fpixels + fpixel, lanes)
                if uncertain > 0 or masked:
                    recomputed[spixel] += _again_where_uncertain(
                        w, fpixel, lanes, spixel, scene, state, image, omega_sums
                    )
                omega_sums[spixel] += p.sum_omegas(w, lanes)
            else:
                # interpolation ends here: the chunk pixel by pixel
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
    """Sum the terms of a chunk of pixels; False if interpolation would end within it. C: 2655-3030"""
    numbers, arrays = certificate
    g, beam, crystal, fgrid, sampling = numbers.scene
    rotated, turned, umats, bordered, grid = arrays
    p.fill(w, p.SUM, beam.I_bg)
    p.fill(w, p.POLAR, 1.0 if beam.nopolar else 0.0)
    p.fill(w, p.SUM_ERROR, 0.0)
    p.fill(w, p.RELATIVE, 0.0)
    p.fill(w, p.OMEGA_SUM, 0.0)
    omegas = g.detector_thicksteps * g.oversample * g.oversample
    wants_polar = not beam.nopolar or sampling.oversample_polar
    for thick_tic in range(g.detector_thicksteps):
        p.fill(w, p.CAPTURE, 1.0 if g.detector_thick == 0.0 else 0.0)
        # of a layer's factor only the last one's counts, unless it weighs the running sum
        wants_capture = g.detector_thick != 0.0 and thick_tic == g.detector_thicksteps - 1
        Odet = thick_tic * g.detector_thickstep
        for sub in range(g.oversample * g.oversample):
            subS, subF = sub // g.oversample, sub % g.oversample
            Sdet = g.subpixel_size * (spixel * g.oversample + subS) + g.subpixel_size / 2.0
            wants_omega = sampling.oversample_omega or (thick_tic == 0 and sub == 0)
            if g.curved_detector:
                p.curved_positions(w, turns, g, fpixel, subF, Sdet, Odet, wants_omega)
            else:
                p.positions(w, g, fpixel, subF, Sdet, Odet, wants_omega)
            if wants_omega:
                p.add_omegas(w, 1.0 if sampling.oversample_omega else float(omegas))
            if sampling.oversample_thick:
                p.fast_captures(w, g, thick_tic, numbers.polynomials)
            elif wants_capture:
                wants_capture = p.captures(w, g, thick_tic)
            for source in range(sources.source_X.size):
                incident = (-sources.source_X[source], -sources.source_Y[source], -sources.source_Z[source])
                p.scatterings(w, incident, sources.source_lambda[source], beam.dmin)
                if wants_polar:
                    zeros = _polarize(w, beam, incident, state, sampling.oversample_polar)
                    wants_polar = zeros > 0 or sampling.oversample_polar
                if not _sweep(w, places, lanes, numbers, rotated, turned, umats, bordered, grid, state):
                    return False
    p.finish(w, beam.r_e_sqr * beam.fluence, sampling, numbers.relative_error, numbers.shape == ROUND)
    return True


@inlined
def _polarize(w, beam, incident, state, always):
    """Polarization for one source, whose own axes are exact. C: 4053-4095"""
    _, incident = unitize(incident)
    _, axis = unitize(vector_at(state, POLAR_VECTOR))
    _, B_in = unitize(cross_product(axis, incident))
    _, E_in = unitize(cross_product(incident, B_in))
    return p.polarizations(w, beam.polarization, incident, E_in, B_in, always)


@inlined
def _sweep(w, places, lanes, numbers, rotated, turned, umats, bordered, grid, state):
    """Every spindle position and mosaic domain for one source; False as in `_chunk`. C: 2779-3025"""
    crystal = numbers.scene.crystal
    interpolate = state[INTERPOLATE] != 0.0
    for phi_tic in range(turned.size):
        ap, bp, cp = spindle_vectors(crystal, numbers.scene.sampling, rotated, turned, phi_tic, state)
        for mos_tic in range(umats.shape[0]):
            a, b, c = domain_vectors(crystal, umats, mos_tic, ap, bp, cp)
            if numbers.shape == SQUARE:
                p.square(w, a, b, c, crystal, numbers.polynomials.sin_short)
            else:
                p.indices(w, a, b, c)
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
        p.ellipsoid(w, crystal, polynomials)
    elif numbers.shape == GAUSS:
        p.radial(w, crystal)
        p.gaussian(w, crystal, polynomials)
    elif numbers.shape == TOPHAT:
        p.radial(w, crystal)
        p.tophat(w, crystal)
    elif numbers.scene.beam.dmin > 0.0:
        p.fill(w, p.F_LATT, 1.0)


@inlined
def _add(w, places, lanes, numbers, bordered, grid, interpolate):
    """Look up the structure factors and add one term to every pixel; False as in `_chunk`. C: 2931-3018"""
    g, beam, crystal, fgrid, sampling = numbers.scene
    skip_zero = beam.water_size == 0.0
    if fgrid.hkls != 0:
        if interpolate:
            if p.out_of_range(w, fgrid, lanes, skip_zero):
                return False
            p.tricubic(w, fgrid, grid, places)
        else:
            p.nearest(w, numbers.table, bordered, places)
    if beam.dmin > 0.0:
        p.only_active(w)
    if sampling.fix_oversample:
        p.add_weighted_terms(w, sampling.oversample_thick, sampling.oversample_polar, sampling.oversample_omega)
        return True
    p.add_terms(w)
    if numbers.shape == ROUND:
        p.add_errors(w)
    if sampling.oversample_thick:
        p.weigh(w, p.CAPTURE, p.CAPTURE_ERROR, skip_zero)
    if sampling.oversample_polar:
        p.weigh(w, p.POLAR, p.POLAR_ERROR, skip_zero)
    if sampling.oversample_omega:
        p.weigh(w, p.OMEGA, p.NO_ERROR, skip_zero)
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
            w[p.VALID + i] = 0.0
        elif w[p.VALID + i] == 0.0:
            recomputed += again(fpixel + i, spixel, scene, state, image, omega_sums)
    return recomputed
