"""The pixel loop of the reference, line by line.

This is the text to read beside the C program, the one that traces instrument and the one
that every other kernel must equal. Clarity before speed.

The loop carries variables from one pixel to the next, and the image depends on them. Here
they live in `state`, so that a block of rows can be rendered apart from its predecessors:
whoever drives the kernel hands each block the state that its predecessor left.
"""

import math

import numpy as np
from numba import njit

from .recording import CAPTURE, LATTICE, PARALLAX, PHI, POLAR, SOURCE, SUBPIXEL, SUM, record
from .scalar import (
    c_int,
    dot_product,
    magnitude,
    polarization_factor,
    rotate_axis,
    rotate_cell,
    scalar,
    sinc3,
    sincg,
    tricubic,
    unitize,
    wrap_int,
)
from .scene import GAUSS, ROUND, SQUARE, TOPHAT
from .stopping import stopped

# state[...]: what the image depends on ...
AP = 0  # 9: ap, bp, cp, the cell vectors after the last spindle rotation
POLAR_VECTOR = 9  # 3: normalized in place, again and again
INTERPOLATE = 12  # becomes 0 for good at the first neighbourhood outside the grid
CARRIED = 13
# ... and what only printing depends on
WARNED = 13  # 1 once the event above has happened, then h, k, l, h0, k0, l0 of it
A = 20  # 9: a, b, c after the mosaic rotation
HKL = 29  # h, k, l, h0, k0, l0, F_cell, F_latt of the last term
STOL = 37
LOST = 38  # 1 once a NaN was to be interpolated: there the reference reads wild memory
STATE_SIZE = 39

# columns of `printout`, one row a pixel of the block
P_POSITION, P_I, P_POLAR, P_OMEGA, P_CAPTURE, P_PIXEL, P_STATE = 0, 3, 4, 5, 6, 7, 8
PRINTOUT_SIZE = P_STATE + STATE_SIZE

UNFINISHED = (0.0, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0))  # in place of a pixel, once the kernel is stopped


def initial_state(scene):
    """State before the first pixel of a run, float64 [STATE_SIZE]. C: 2054-2062"""
    state = np.zeros(STATE_SIZE)
    state[AP : AP + 9] = scene.crystal.a0 + scene.crystal.b0 + scene.crystal.c0
    state[POLAR_VECTOR : POLAR_VECTOR + 3] = scene.beam.polar_vector
    state[INTERPOLATE] = scene.sampling.interpolate
    # what -printout shows as long as every term is skipped
    state[A : A + 9] = state[AP : AP + 9]
    state[HKL + 6] = scene.fgrid.last_F
    return state


@scalar
def vector_at(array, first):
    """Three consecutive elements as a vector."""
    return (array[first], array[first + 1], array[first + 2])


@scalar
def put_vector(array, first, v):
    """Store a vector in three consecutive elements."""
    array[first] = v[0]
    array[first + 1] = v[1]
    array[first + 2] = v[2]


@scalar
def subpixel_place(g, pixel, sub):
    """Where a sub-pixel's centre is along one axis of the detector, m. C: 2694-2695

    Its number is a 32-bit int (quirk: int-products).
    """
    return g.subpixel_size * wrap_int(pixel * g.oversample + sub) + g.subpixel_size / 2.0


@scalar
def detector_plane(g, Fdet, Sdet, Odet):
    """Sub-pixel position on a flat detector in the laboratory frame, m. C: 2703-2706"""
    f, s, o, p = g.fdet_vector, g.sdet_vector, g.odet_vector, g.pix0_vector
    x = f[0] * Fdet + Sdet * s[0] + o[0] * Odet + p[0]
    y = f[1] * Fdet + Sdet * s[1] + o[1] * Odet + p[1]
    z = Sdet * s[2] + Fdet * f[2] + Odet * o[2] + p[2]
    return (x, y, z)


@scalar
def detector_position(g, Fdet, Sdet, Odet):
    """Sub-pixel position in the laboratory frame, m. C: 2703-2716

    A curved detector takes the laboratory y and z as angles, whatever the convention
    (quirk: curved-detector-axes).
    """
    x, y, z = detector_plane(g, Fdet, Sdet, Odet)
    if g.curved_detector:
        f, s, b = g.fdet_vector, g.sdet_vector, g.beam_vector
        vector = (g.distance * b[0], g.distance * b[1], g.distance * b[2])
        return rotate_axis(rotate_axis(vector, s, y / g.distance), f, z / g.distance)
    return (x, y, z)


@scalar
def solid_angle(g, airpath):
    """Solid angle of a pixel, or 1/airpath^2 for a point pixel. C: 2724-2726"""
    if g.point_pixel:
        return 1.0 / airpath / airpath
    return g.pixel_size * g.pixel_size / airpath / airpath * g.close_distance / airpath


@scalar
def captured(g, thick_tic, diffracted):
    """Fraction of the photons that one sensor layer absorbs, and the cosine of their slant. C: 2733-2739"""
    parallax = dot_product(g.odet_vector, diffracted)
    before = math.exp(float(-thick_tic) * g.detector_thickstep * g.detector_mu / parallax)
    after = math.exp(float(-(thick_tic + 1)) * g.detector_thickstep * g.detector_mu / parallax)
    return before - after, parallax


@scalar
def lattice_factor(crystal, h, k, l, h0, k0, l0):
    """F_latt: the transform of the crystal's shape at fractional h, k, l; and its factors along each axis. C: 2822-2866

    Only the parallelepiped and the ellipsoid know phi and mosaic rotations: the other
    shapes measure distances with the unrotated reciprocal cell (quirk: unrotated-a-star).
    """
    Na, Nb, Nc = crystal.Na, crystal.Nb, crystal.Nc
    F_latt_a = F_latt_b = F_latt_c = 1.0
    if crystal.xtal_shape == SQUARE:
        if Na > 1:
            F_latt_a = sincg(math.pi * h, Na)
        if Nb > 1:
            F_latt_b = sincg(math.pi * k, Nb)
        if Nc > 1:
            F_latt_c = sincg(math.pi * l, Nc)
        return F_latt_a * F_latt_b * F_latt_c, (F_latt_a, F_latt_b, F_latt_c)
    whole = (1.0, 1.0, 1.0)
    if crystal.xtal_shape == ROUND:
        hrad_sqr = (h - h0) * (h - h0) * Na * Na + (k - k0) * (k - k0) * Nb * Nb + (l - l0) * (l - l0) * Nc * Nc
        return Nc * (Na * Nb) * 0.723601254558268 * sinc3(math.pi * math.sqrt(hrad_sqr * crystal.fudge)), whole
    a, b, c = crystal.a_star, crystal.b_star, crystal.c_star
    dx = a[0] * (h - h0) + b[0] * (k - k0) + c[0] * (l - l0)
    dy = a[1] * (h - h0) + b[1] * (k - k0) + c[1] * (l - l0)
    dz = a[2] * (h - h0) + b[2] * (k - k0) + c[2] * (l - l0)
    rad_star_sqr = (dx * dx + dy * dy + dz * dz) * Na * Na * Nb * Nb * Nc * Nc
    F_latt = 1.0
    if crystal.xtal_shape == GAUSS:
        F_latt = Nc * (Na * Nb) * math.exp(-(rad_star_sqr / 0.63 * crystal.fudge))
    if crystal.xtal_shape == TOPHAT:
        F_latt = Nc * (Na * Nb) * (1.0 if rad_star_sqr * crystal.fudge < 0.3969 else 0.0)
    return F_latt, whole


@scalar
def out_of_range(fgrid, h, k, l):
    """Does the 4x4x4 neighbourhood of h, k, l leave the grid? C: 2937-2942"""
    return (
        (h - fgrid.h_min + 3) > fgrid.h_range
        or h - 2 < fgrid.h_min
        or (k - fgrid.k_min + 3) > fgrid.k_range
        or k - 2 < fgrid.k_min
        or (l - fgrid.l_min + 3) > fgrid.l_range
        or l - 2 < fgrid.l_min
    )


@scalar
def structure_factor(fgrid, state, h, k, l, h0, k0, l0):
    """F_cell at h, k, l; may switch interpolation off for good. C: 2931-3008

    The switch is global: no later term of the run is interpolated (quirk: sticky-interpolation).
    Every comparison with a NaN is false, so a NaN counts as within the grid.
    """
    if state[INTERPOLATE] != 0.0 and out_of_range(fgrid, h, k, l):
        state[INTERPOLATE] = 0.0
        if state[WARNED] == 0.0:
            state[WARNED] = 1.0
            put_vector(state, WARNED + 1, (h, k, l))
            put_vector(state, WARNED + 4, (float(h0), float(k0), float(l0)))
    if state[INTERPOLATE] != 0.0:
        if h != h or k != k or l != l:
            state[LOST] = 1.0
            return 0.0
        i = c_int(np.floor(h)) - 1
        j = c_int(np.floor(k)) - 1
        n = c_int(np.floor(l)) - 1
        return tricubic(
            fgrid.Fhkl, i - fgrid.h_min, j - fgrid.k_min, n - fgrid.l_min, float(i), float(j), float(n), h, k, l
        )
    if (
        fgrid.hkls != 0
        and fgrid.h_min <= h0 <= fgrid.h_max
        and fgrid.k_min <= k0 <= fgrid.k_max
        and fgrid.l_min <= l0 <= fgrid.l_max
    ):
        return fgrid.Fhkl[h0 - fgrid.h_min, k0 - fgrid.k_min, l0 - fgrid.l_min]
    return fgrid.default_F


@scalar
def render_pixel(fpixel, spixel, scene, state, omega_sums, rows=None):
    """One pixel, photons: layers, sub-pixels, sources, phi steps, mosaic domains. C: 2664-3038

    Parameters
    ----------
    fpixel, spixel : int
    scene : Scene
    state : float64 [STATE_SIZE]
        Carried variables, updated.
    omega_sums : float64 [spixels]
        The row's element is increased by the solid angle (sr) of every layer and sub-pixel.
    rows : float64 array, optional
        From `recording.new_record`; filled with every step of the computation.

    Returns
    -------
    (photons, sum before scaling, polar, omega_pixel, capture_fraction, position of the last sub-pixel in m);
    UNFINISHED if it was stopped.
    """
    g, beam, crystal, fgrid, sampling, stop = scene
    capture_fraction = 0.0
    # The background is inside the sum, and so is divided by steps (quirk: water-in-sum).
    I = beam.I_bg
    polar = 1.0 if beam.nopolar else 0.0
    omega_pixel = 0.0
    position = (0.0, 0.0, 0.0)
    for thick_tic in range(g.detector_thicksteps):
        Odet = thick_tic * g.detector_thickstep
        capture_fraction = 1.0 if g.detector_thick == 0.0 else 0.0
        for subS in range(g.oversample):
            for subF in range(g.oversample):
                if stopped(stop):
                    return UNFINISHED
                Fdet = subpixel_place(g, fpixel, subF)
                Sdet = subpixel_place(g, spixel, subS)
                position = detector_position(g, Fdet, Sdet, Odet)
                airpath, diffracted = unitize(position)
                if omega_pixel == 0.0 or sampling.oversample_omega:
                    omega_pixel = solid_angle(g, airpath)
                omega_sums[spixel] += omega_pixel
                if rows is not None:
                    place = (float(thick_tic), float(subS), float(subF), Fdet, Sdet, Odet)
                    record(rows, SUBPIXEL, place + position + (airpath,) + diffracted + (omega_pixel,))
                if capture_fraction == 0.0 or sampling.oversample_thick:
                    capture_fraction, parallax = captured(g, thick_tic, diffracted)
                    if rows is not None:
                        record(rows, PARALLAX, (parallax,))
                if rows is not None:
                    record(rows, CAPTURE, (capture_fraction,))
                for source in range(beam.source_X.size):
                    incident = (-beam.source_X[source], -beam.source_Y[source], -beam.source_Z[source])
                    wavelength = beam.source_lambda[source]
                    scattering = (
                        (beam.source_X[source] + diffracted[0]) / wavelength,
                        (beam.source_Y[source] + diffracted[1]) / wavelength,
                        (beam.source_Z[source] + diffracted[2]) / wavelength,
                    )
                    stol = 0.5 * magnitude(scattering)
                    state[STOL] = stol
                    if rows is not None:
                        record(rows, SOURCE, (float(source),) + incident + (wavelength,) + scattering + (stol,))
                    if beam.dmin > 0.0 and stol > 0.0 and beam.dmin > 0.5 / stol:
                        continue
                    # Cached over sources and sub-pixels by testing for zero (quirk: cached-polar);
                    # the normalized `diffracted` serves later sources (quirk: polarization-in-place).
                    if polar == 0.0 or sampling.oversample_polar:
                        polar, diffracted, axis = polarization_factor(
                            beam.polarization, incident, diffracted, vector_at(state, POLAR_VECTOR)
                        )
                        if beam.polarization != 0.0:  # else nothing depends on it
                            put_vector(state, POLAR_VECTOR, axis)
                    if rows is not None:
                        record(rows, POLAR, (polar,) + diffracted + vector_at(state, POLAR_VECTOR))
                    for phi_tic in range(crystal.turned.size):
                        # At phi = 0 the vectors of the last rotation stay (quirk: stale-phi).
                        if crystal.turned[phi_tic]:
                            for i in range(9):
                                state[AP + i] = crystal.rotated[phi_tic, i]
                        elif sampling.fix_phi0:
                            put_vector(state, AP, crystal.a0)
                            put_vector(state, AP + 3, crystal.b0)
                            put_vector(state, AP + 6, crystal.c0)
                        if rows is not None:
                            ap, bp, cp = vector_at(state, AP), vector_at(state, AP + 3), vector_at(state, AP + 6)
                            record(rows, PHI, (float(phi_tic),) + ap + bp + cp)
                        for mos_tic in range(crystal.mosaic_umats.shape[0]):
                            if stopped(stop):
                                return UNFINISHED
                            a = vector_at(state, AP)
                            b = vector_at(state, AP + 3)
                            c = vector_at(state, AP + 6)
                            if crystal.mosaic_spread > 0.0:
                                a, b, c = rotate_cell(a, b, c, crystal.mosaic_umats[mos_tic])
                            h = dot_product(a, scattering)
                            k = dot_product(b, scattering)
                            l = dot_product(c, scattering)
                            h0 = c_int(np.ceil(h - 0.5))
                            k0 = c_int(np.ceil(k - 0.5))
                            l0 = c_int(np.ceil(l - 0.5))
                            F_latt, factors = lattice_factor(crystal, h, k, l, h0, k0, l0)
                            put_vector(state, A, a)
                            put_vector(state, A + 3, b)
                            put_vector(state, A + 6, c)
                            put_vector(state, HKL, (h, k, l))
                            put_vector(state, HKL + 3, (float(h0), float(k0), float(l0)))
                            state[HKL + 7] = F_latt
                            if rows is not None:
                                indices = (h, k, l, float(h0), float(k0), float(l0))
                                record(rows, LATTICE, (float(mos_tic),) + a + b + c + indices + factors + (F_latt,))
                            if F_latt == 0.0 and beam.water_size == 0.0:
                                continue
                            F_cell = structure_factor(fgrid, state, h, k, l, h0, k0, l0)
                            state[HKL + 6] = F_cell
                            contribution = F_cell * F_cell * F_latt * F_latt
                            term = contribution
                            if not sampling.fix_oversample:
                                I = term + I
                                term = I
                            # These weigh the running sum (quirk: oversample-running-sum).
                            if sampling.oversample_thick:
                                term *= capture_fraction
                            if sampling.oversample_polar:
                                term *= polar
                            if sampling.oversample_omega:
                                term *= omega_pixel
                            if sampling.fix_oversample:
                                I += term
                            else:
                                I = term
                            if rows is not None:
                                record(rows, SUM, (F_cell, state[INTERPOLATE], contribution, I))
    value = beam.r_e_sqr * beam.fluence * I / sampling.steps
    # Of a thick sensor only the last layer's fraction counts (quirk: last-layer-capture).
    if not sampling.oversample_thick:
        value *= capture_fraction
    if not sampling.oversample_polar:
        value *= polar
    if not sampling.oversample_omega:
        value *= omega_pixel
    return value, I, polar, omega_pixel, capture_fraction, position


@njit(cache=True, nogil=True, error_model="numpy")
def render_rows(first, last, scene, state, image, omega_sums, printout):
    """Render the pixels of the rows first <= spixel < last in raster order. C: 2584-3090

    Parameters
    ----------
    first, last : int
        Slow pixel indices.
    scene : Scene
    state : float64 [STATE_SIZE]
        Carried variables; on return as the last pixel left them.
    image : float32 [spixels * fpixels]
        Photons a pixel, written where a pixel is rendered.
    omega_sums : float64 [spixels]
        Sum of the solid angles (sr) of the row's layers and sub-pixels.
    printout : float64 [(last - first) * fpixels, PRINTOUT_SIZE] or [0, PRINTOUT_SIZE]
        Filled with what the reference prints of a pixel, if it has rows.
    """
    g = scene.geometry
    for spixel in range(first, last):
        if stopped(scene.stop):
            return
        for fpixel in range(g.fpixels):
            if fpixel < g.roi_xmin or fpixel > g.roi_xmax or spixel < g.roi_ymin or spixel > g.roi_ymax:
                continue
            imgidx = spixel * g.fpixels + fpixel
            if g.mask.size > 0 and g.mask[imgidx] == 0:
                continue
            value, I, polar, omega_pixel, capture_fraction, position = render_pixel(
                fpixel, spixel, scene, state, omega_sums
            )
            image[imgidx] = np.float32(0.0 + value)
            if printout.shape[0] > 0:
                row = printout[(spixel - first) * g.fpixels + fpixel]
                put_vector(row, P_POSITION, position)
                row[P_I] = I
                row[P_POLAR] = polar
                row[P_OMEGA] = omega_pixel
                row[P_CAPTURE] = capture_fraction
                row[P_PIXEL] = np.float64(image[imgidx])
                for i in range(STATE_SIZE):
                    row[P_STATE + i] = state[i]
