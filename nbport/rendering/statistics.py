"""Figures of a finished image, added up in the reference's order."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numba import njit

from ..compilation.nan_signs import careful
from ..crules.text import wrap_int
from ..kernels.reference import detector_position, solid_angle, subpixel_place
from ..kernels.scalar import unitize
from ..kernels.scene import Geometry, Scene
from ..kernels.stopping import NOBODY, stopped
from ..run import Statistics

TINY = 1e-290  # sr; solid angles near the end of a double's range have few digits

cached = njit(cache=True, nogil=True, error_model="numpy")


def image_statistics(g: Geometry, image: np.ndarray, stop: int = NOBODY) -> Statistics:
    """Maximum, mean, rms and rms deviation. C: 3042-3049, 3096-3119

        The deviation counts masked pixels, mean and rms do not (quirk: rmsd-masked-pixels). The
        position of the maximum is that of its last sub-pixel (quirk: max-position).

    Parameters
    ----------
    g : Geometry
    image : float32 [spixels * fpixels]
    stop : int
        As `Scene.stop`.
    """
    total, sumsqr, sumn, max_I, at = sums(g, image, stop)
    mean = total / max(sumn, 1)
    rms = root_of_mean(sumsqr, sumn)
    deviation, counted = squared_deviations(g, image, mean, stop)
    return Statistics(max_I, *place_of(g, at), mean, rms, root_of_mean(deviation, counted), total)


def place_of(g: Geometry, at: int) -> tuple[float, float]:
    """Where the last sub-pixel of a pixel is on the detector, m; zeros for an index below 0."""
    if at < 0:
        return 0.0, 0.0
    spixel, fpixel = divmod(at, g.fpixels)
    return tuple(
        g.subpixel_size * wrap_int(pixel * g.oversample + g.oversample - 1) + g.subpixel_size / 2.0
        for pixel in (fpixel, spixel)
    )


def root_of_mean(squares: float, count: int) -> float:
    """Root of a sum of squares divided by one less than their number, which counts as 2 at least; NaN stays."""
    mean_square = squares / ((2 if count <= 1 else count) - 1)
    return math.sqrt(mean_square) if mean_square >= 0.0 else mean_square


@careful
@cached
def sums(g, image, stop):
    """Sum, sum of squares (each square rounded to float32), count, maximum and its index or -1."""
    total = 0.0
    sumsqr = 0.0
    sumn = 0
    max_I = 0.0
    at = -1
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if stopped(stop):
                return total, sumsqr, sumn, max_I, at
            imgidx = spixel * g.fpixels + fpixel
            if g.mask.size > 0 and g.mask[imgidx] == 0:
                continue
            value = image[imgidx]
            if value > max_I:
                max_I = np.float64(value)
                at = imgidx
            total = np.float64(value) + total
            sumsqr = np.float64(value * value) + sumsqr
            sumn += 1
    return total, sumsqr, sumn, max_I, at


@careful
@cached
def squared_deviations(g, image, mean, stop):
    """Sum of squared deviations over the region of interest, and its number of pixels."""
    sumsqr = 0.0
    sumn = 0
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if stopped(stop):
                return sumsqr, sumn
            test = np.float64(image[spixel * g.fpixels + fpixel]) - mean
            sumsqr += test * test
            sumn += 1
    return sumsqr, sumn


@careful
@cached
def serial_omega_sum(scene):
    """Sum of the solid angles of all layers and sub-pixels, added one by one. C: 2721-2729"""
    g = scene.geometry
    omega_sum = 0.0
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if g.mask.size > 0 and g.mask[spixel * g.fpixels + fpixel] == 0:
                continue
            omega_pixel = 0.0
            for thick_tic in range(g.detector_thicksteps):
                for sub in range(g.oversample * g.oversample):
                    if stopped(scene.stop):
                        return omega_sum
                    if omega_pixel == 0.0 or scene.sampling.oversample_omega:
                        subS, subF = sub // g.oversample, sub % g.oversample
                        Fdet, Sdet = subpixel_place(g, fpixel, subF), subpixel_place(g, spixel, subS)
                        airpath, _ = unitize(detector_position(g, Fdet, Sdet, thick_tic * g.detector_thickstep))
                        omega_pixel = solid_angle(g, airpath)
                    omega_sum += omega_pixel
    return omega_sum


def omega_sum(scene: Scene, omega_sums: np.ndarray, text_of: Callable[[float], str]) -> float:
    """The serial sum of all solid angles, or a number that prints the same text.

    Parameters
    ----------
    omega_sums : float64 [spixels]
        Sums of the rows.
    text_of : callable
        The text that will be printed of a sum.
    """
    low, high = omega_sum_bounds(scene, omega_sums)
    return low if text_of(low) == text_of(high) else serial_omega_sum(scene)


def omega_sum_bounds(scene: Scene, omega_sums: np.ndarray) -> tuple[float, float]:
    """Bounds of the serial sum, from sums of the rows; infinite if those are not finite, or tiny.

    All terms have one sign, so a sum of n terms in any order is within n*2**-53 of the true
    one, relative to it (to first order; the factor 2.1 covers two such sums and the rest).
    """
    g = scene.geometry
    terms = float(g.fpixels) * g.spixels * g.detector_thicksteps * g.oversample * g.oversample
    if not np.isfinite(omega_sums).all():
        return -math.inf, math.inf
    total = math.fsum(omega_sums.tolist())
    if 0.0 < abs(total) < terms * TINY:
        return -math.inf, math.inf
    slack = abs(total) * terms * 2.0**-53 * 2.1
    return total - slack, total + slack
