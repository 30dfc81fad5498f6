"""The pixel loop of nonBragg. C: nonBragg.c 1415-1617"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from ...kernels.reference import detector_position, solid_angle, subpixel_place
from ...kernels.scalar import magnitude, polarization_factor, unitize

R_E_SQR = 7.94079248018965e-30  # m^2

# columns of what -printout shows of a pixel
P_STOL, P_X, P_Y, P_Z, P_POLAR, P_OMEGA, PRINTOUT_SIZE = range(7)

cached = njit(cache=True, nogil=True, error_model="numpy")
scalar = njit(error_model="numpy")


class Light(NamedTuple):
    """Sources and polarization."""

    incident: np.ndarray  # float64 [sources, 3]: unit vectors from the sources to the sample
    weight: np.ndarray  # float64 [sources]
    wavelength: np.ndarray  # m
    kahn: float
    nopolar: int
    # The E vector is normalized in place on every call (quirk: nonbragg-polar-in-place). Call n has axes[n],
    # and behind their end those from `cycle` on over and over; float64 [n, 3]
    axes: np.ndarray
    cycle: int


class Material(NamedTuple):
    """Table of scattering, and what makes photons of it."""

    stol_of: np.ndarray  # 1/m
    Fbg_of: np.ndarray
    stols: int
    fluence: float
    molecules: float
    steps: int
    Fmap: int


class Inversion(NamedTuple):
    """An image that is turned into a table; empty arrays if there is none."""

    image: np.ndarray  # float32 [pixels]
    adc_offset: float
    quantum_gain: float
    ignored: np.ndarray  # float32 [n]
    F: np.ndarray  # float32 [pixels], filled
    bins: np.ndarray  # int64 [pixels], filled


@scalar
def find(stol, stol_of, stols, nearest):
    """Index of the table's point below, searched from that of the last time (quirk: nonbragg-table-order)."""
    while nearest <= stols and stol > stol_of[nearest]:
        nearest += 1
    while nearest >= 2 and stol < stol_of[nearest]:
        nearest -= 1
    return nearest


@scalar
def interpolate(xa, ya, first, x):
    """Cubic through four points of the table. C: nonBragg.c 2158-2166"""
    a0, a1, a2, a3 = xa[first], xa[first + 1], xa[first + 2], xa[first + 3]
    x0 = (x - a1) * (x - a2) * (x - a3) * ya[first] / ((a0 - a1) * (a0 - a2) * (a0 - a3))
    x1 = (x - a0) * (x - a2) * (x - a3) * ya[first + 1] / ((a1 - a0) * (a1 - a2) * (a1 - a3))
    x2 = (x - a0) * (x - a1) * (x - a3) * ya[first + 2] / ((a2 - a0) * (a2 - a1) * (a2 - a3))
    x3 = (x - a0) * (x - a1) * (x - a2) * ya[first + 3] / ((a3 - a0) * (a3 - a1) * (a3 - a2))
    return x0 + x1 + x2 + x3


@scalar
def axis_of_call(light, n):
    """The E vector as so many calls have left it."""
    if n >= light.axes.shape[0]:
        n = light.cycle + (n - light.cycle) % (light.axes.shape[0] - light.cycle)
    return (light.axes[n, 0], light.axes[n, 1], light.axes[n, 2])


@scalar
def invert(inversion, material, j, polar, omega_pixel, stol, nearest):
    """Structure factor of a pixel of the image, and its bin of the table. C: nonBragg.c 1537-1574"""
    value = inversion.image[j]
    invalid = False
    for k in range(inversion.ignored.size):
        invalid = invalid or value == inversion.ignored[k]
    deviate = np.float32((np.float64(value) - inversion.adc_offset) / inversion.quantum_gain)
    sign = -1.0 if deviate < np.float32(0.0) else 1.0
    square = np.float64(abs(deviate)) / polar / omega_pixel / material.fluence / R_E_SQR / material.molecules
    inversion.F[j] = np.float32(sign * math.sqrt(square * material.steps))
    bin = 0
    if not invalid:
        bin = nearest
        if stol > (material.stol_of[bin] + material.stol_of[bin + 1]) / 2.0:
            bin += 1
    inversion.bins[j] = bin


@cached
def render_rows(first, last, g, light, material, inversion, carried, image, omega_sums, printout):
    """Render the rows first..last-1 within the region of interest.

    Parameters
    ----------
    g : Geometry
    light : Light
    material : Material
    inversion : Inversion
    carried : int64 [1]
        Index of the table at which the last search ended.
    image : float32 [pixels]
    omega_sums : float64 [spixels]
        Sums of solid angles, filled.
    printout : float64 [rows * fpixels, PRINTOUT_SIZE], or no row
    """
    left, right = max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)
    top = max(g.roi_ymin, 0)
    sources = light.weight.size
    subpixels = g.oversample * g.oversample
    nearest = carried[0]
    for spixel in range(first, last):
        omega_sum = 0.0
        for fpixel in range(left, right):
            calls = ((spixel - top) * (right - left) + (fpixel - left)) * subpixels * sources
            Ibg = Fbg = stol = omega_pixel = 0.0
            polar = 1.0
            position = (0.0, 0.0, 0.0)
            for sub in range(subpixels):
                Sdet = subpixel_place(g, spixel, sub // g.oversample)
                Fdet = subpixel_place(g, fpixel, sub % g.oversample)
                position = detector_position(g, Fdet, Sdet, 0.0)
                airpath, diffracted = unitize(position)
                omega_pixel = solid_angle(g, airpath)
                omega_sum += omega_pixel
                for source in range(sources):
                    ray = (light.incident[source, 0], light.incident[source, 1], light.incident[source, 2])
                    wavelength = light.wavelength[source]
                    stol = 0.5 * magnitude(
                        (
                            (diffracted[0] - ray[0]) / wavelength,
                            (diffracted[1] - ray[1]) / wavelength,
                            (diffracted[2] - ray[2]) / wavelength,
                        )
                    )
                    nearest = find(stol, material.stol_of, material.stols, nearest)
                    Fbg = interpolate(material.stol_of, material.Fbg_of, max(nearest - 1, 0), stol)
                    sign = -1.0 if Fbg < 0.0 else 1.0
                    if not light.nopolar:
                        axis = axis_of_call(light, calls + sub * sources + source)
                        polar, diffracted, _ = polarization_factor(light.kahn, ray, diffracted, axis)
                    Ibg += sign * Fbg * Fbg * polar * omega_pixel * light.weight[source]
            j = spixel * g.fpixels + fpixel
            photons = Ibg * R_E_SQR * material.fluence * material.molecules / material.steps
            image[j] = np.float32(Fbg) if material.Fmap else np.float32(0.0 + photons)
            if inversion.image.size > 0:
                invert(inversion, material, j, polar, omega_pixel, stol, nearest)
            if printout.shape[0] > 0:
                row = printout[(spixel - first) * g.fpixels + fpixel]
                row[P_STOL], row[P_POLAR], row[P_OMEGA] = stol, polar, omega_pixel
                row[P_X], row[P_Y], row[P_Z] = position
        omega_sums[spixel] = omega_sum
    carried[0] = nearest


@cached
def incident_rays(sources):
    """Unit vectors from sources [n, 5] to the sample, float64 [n, 3]. C: nonBragg.c 1472-1478"""
    rays = np.empty((sources.shape[0], 3))
    for i in range(rays.shape[0]):
        _, ray = unitize((-sources[i, 0], -sources[i, 1], -sources[i, 2]))
        rays[i, 0], rays[i, 1], rays[i, 2] = ray
    return rays


@cached
def normalized_again(vector):
    """A vector as one more call leaves it."""
    _, vector = unitize(vector)
    return vector


@cached
def squared_deviations(g, image, mean):
    """Sum of the squared deviations of each pixel's successor (quirk: nonbragg-rmsd). C: nonBragg.c 1688-1705"""
    total = 0.0
    count = 0
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            j = spixel * g.fpixels + fpixel + 1
            test = (np.float64(image[j]) if j < image.size else 0.0) - mean
            total += test * test
            count += 1
    return total, count
