"""The pixel loop of nearBragg, written like that of the C program. C: nearBragg.c 957-1210"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from ...kernels.reference import detector_plane, subpixel_place
from ...kernels.scalar import c_int, rotate
from .options import TWO_PI

R_E_SQR = 7.94079248018965e-30  # m^2

# columns of what -printout shows of a pixel
P_X, P_Y, P_Z, P_AIRPATH, P_OMEGA, P_FA, P_FB, P_I, PRINTOUT_SIZE = range(9)
TERM = 3  # what -debug shows of a wave: phase and the sums so far

cached = njit(cache=True, nogil=True, error_model="numpy")
scalar = njit(error_model="numpy")


class Source(NamedTuple):
    """Where waves come from."""

    directions: int
    depths: int
    position: np.ndarray  # float64 [directions * depths, 3], m
    far: int
    wavelengths: np.ndarray  # float64 [n], m
    coherent: int
    fluence: float
    steps: int


class Images(NamedTuple):
    """What is filled; float32 [pixels] each, but for the sums of solid angles, float64 [spixels]."""

    floats: np.ndarray
    sines: np.ndarray
    cosines: np.ndarray
    omega_sums: np.ndarray


@scalar
def subpixel_position(g, fpixel, spixel, sub):
    """Sub-pixel position, m. C: nearBragg.c 1003-1025"""
    Fdet = subpixel_place(g, fpixel, sub % g.oversample)
    Sdet = subpixel_place(g, spixel, sub // g.oversample)
    x, y, z = detector_plane(g, Fdet, Sdet, 0.0)
    if g.curved_detector:
        return rotate((g.distance, 0.0, 0.0), 0.0, z / g.distance, y / g.distance)
    return (x, y, z)


@scalar
def solid_angle(g, airpath):
    """Solid angle of a pixel times the square of its distance, which is in the amplitude. C: nearBragg.c 1028-1036"""
    return 1.0 if g.point_pixel else g.pixel_size * g.pixel_size * g.distance / airpath


@scalar
def wave(atom, pixel, source, far, wavelength):
    """Phase of a wave, its two paths and its weight. C: nearBragg.c 1073-1107"""
    ax, ay, az = atom[0], atom[1], atom[2]
    if far:
        to_atom = ax
    else:
        sx, sy, sz = source[0] - ax, source[1] - ay, source[2] - az
        to_atom = math.sqrt(sx * sx + sy * sy + sz * sz)
    px, py, pz = pixel[0] - ax, pixel[1] - ay, pixel[2] - az
    to_pixel = math.sqrt(px * px + py * py + pz * pz)
    phase = TWO_PI * (to_atom + to_pixel) / wavelength + atom[5]
    weight = atom[3]
    if far:
        to_atom = 1.0
    if atom[4] != 0.0:
        S0x, S0y, S0z = 1.0, 0.0, 0.0
        if not far:
            S0x, S0y, S0z = (ax - source[0]) / to_atom, (ay - source[1]) / to_atom, (az - source[2]) / to_atom
        angstroms = wavelength * 1e10
        x = (px / to_pixel - S0x) / angstroms
        y = (py / to_pixel - S0y) / angstroms
        z = (pz / to_pixel - S0z) / angstroms
        stol = math.sqrt(x * x + y * y + z * z) / 2.0
        weight *= math.exp(-atom[4] * stol * stol)
    return phase, to_atom, to_pixel, weight


@scalar
def finish(j, Fa, Fb, I, omega, source, images):
    """Amplitude and intensity of a pixel for the images (quirk: nearbragg-coherent). C: nearBragg.c 1137-1164

    Returns
    -------
    (Fa, Fb, I)
    """
    if source.coherent:
        Fa += np.float64(images.cosines[j] * np.float32(source.steps))
        Fb += np.float64(images.sines[j] * np.float32(source.steps))
        images.cosines[j] = np.float32(Fa / source.steps)
        images.sines[j] = np.float32(Fb / source.steps)
        root = math.sqrt(np.float64(source.steps))
        Fa /= root
        Fb /= root
    I += Fa * Fa + Fb * Fb
    photons = I / source.steps * omega * source.fluence * R_E_SQR
    images.floats[j] = np.float32(np.float64(images.floats[j]) + photons)
    return Fa, Fb, I


@scalar
def render_pixel(fpixel, spixel, g, source, atoms, images, row, waves):
    """Render one pixel; returns the sum of the solid angles of its sub-pixels.

    Parameters
    ----------
    row : float64 [PRINTOUT_SIZE], or nothing
        Filled with what -printout shows.
    waves : float64 [waves of a pixel, TERM], or nothing
        Filled with every wave.
    """
    omega_sum = 0.0
    Fa = Fb = I = airpath = omega = 0.0
    pixel = (0.0, 0.0, 0.0)
    n = 0
    for sub in range(g.oversample * g.oversample):
        pixel = subpixel_position(g, fpixel, spixel, sub)
        airpath = math.sqrt(pixel[0] * pixel[0] + pixel[1] * pixel[1] + pixel[2] * pixel[2])
        omega = solid_angle(g, airpath)
        omega_sum += omega
        for wavelength in source.wavelengths:
            for direction in range(source.directions):
                for depth in range(source.depths):
                    place = source.position[direction * source.depths + depth]
                    for i in range(atoms.shape[0]):
                        phase, to_atom, to_pixel, weight = wave(atoms[i], pixel, place, source.far, wavelength)
                        Fa += weight * math.cos(phase) / to_atom / to_pixel
                        Fb += weight * math.sin(phase) / to_atom / to_pixel
                        if waves.size > 0:
                            waves[n, 0], waves[n, 1], waves[n, 2] = phase, Fa, Fb
                            n += 1
                if not source.coherent:
                    I += Fa * Fa + Fb * Fb
                    Fa = Fb = 0.0
    Fa, Fb, I = finish(spixel * g.fpixels + fpixel, Fa, Fb, I, omega, source, images)
    if row.size > 0:
        row[P_X], row[P_Y], row[P_Z] = pixel
        row[P_AIRPATH], row[P_OMEGA], row[P_FA], row[P_FB], row[P_I] = airpath, omega, Fa, Fb, I
    return omega_sum


@cached
def render_rows(first, last, g, source, atoms, images, printout, terms):
    """Render the rows first..last-1 within the region of interest.

    Parameters
    ----------
    g : Geometry
    source : Source
    atoms : float64 [atoms, 6]
        x, y, z (m), occupancy, B (Angstrom^2), phase (rad).
    images : Images
    printout : float64 [rows * fpixels, PRINTOUT_SIZE], or [1, 0]
    terms : float64 [rows * fpixels, waves of a pixel, TERM], or [1, 0, 0]
        Filled as by `render_pixel`.
    """
    for spixel in range(first, last):
        omega_sum = 0.0
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            at = (spixel - first) * g.fpixels + fpixel
            row = printout[at if printout.shape[0] > 1 else 0]
            waves = terms[at if terms.shape[0] > 1 else 0]
            omega_sum += render_pixel(fpixel, spixel, g, source, atoms, images, row, waves)
        images.omega_sums[spixel] = omega_sum


@cached
def serial_omega_sum(g):
    """Sum of the solid angles of all sub-pixels, one by one."""
    total = 0.0
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            for sub in range(g.oversample * g.oversample):
                x, y, z = subpixel_position(g, fpixel, spixel, sub)
                total += solid_angle(g, math.sqrt(x * x + y * y + z * z))
    return total


@cached
def integers(g, image, scale, intimage):
    """Scaled and truncated with an offset of 40; negative values wrap. C: nearBragg.c 1236-1251"""
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            j = spixel * g.fpixels + fpixel
            test = np.float64(image[j]) * scale + 40.0
            if test > 65535.0:
                test = 65535.0
            intimage[j] = c_int(test) & 0xFFFF
