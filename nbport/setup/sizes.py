"""Sizes of detector, beam and crystal: what is not given follows from what is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isnan

from ..crules.text import add, ceiling, divide, to_int
from ..errors import InputError
from ..parameters import Parameters
from ..system import memory
from .memory_estimate import of_images


def fill_blanks(given: Parameters, say: Callable[..., None]) -> Parameters:
    """Pixel counts, fluence, sample clipping, near point and region of interest. C: 1118-1170

    Returns
    -------
    Parameters
        A copy.

    Raises
    ------
    InputError
        If the image cannot be allocated.
    """
    p = replace(given)
    if p.fpixels:
        p.detsize_f = p.pixel_size * p.fpixels
    if p.spixels:
        p.detsize_s = p.pixel_size * p.spixels
    # also what was given as a number of pixels (quirk: detector-rounding)
    p.fpixels = to_int(ceiling(divide(p.detsize_f, p.pixel_size) - 0.5))
    p.spixels = to_int(ceiling(divide(p.detsize_s, p.pixel_size) - 0.5))
    check_image(p)
    # (quirk: fluence-from-flux)
    if p.flux != 0.0 and p.exposure > 0.0 and p.beamsize >= 0:
        p.fluence = divide(divide(p.flux * p.exposure, p.beamsize), p.beamsize)
    if p.beamsize >= 0:
        if p.beamsize < p.sample_y:
            say("WARNING: sample clipped by the beam: %g m high, beam %g m", p.sample_y, p.beamsize)
            p.sample_y = p.beamsize
        if p.beamsize < p.sample_z:
            say("WARNING: sample clipped by the beam: %g m wide, beam %g m", p.sample_z, p.beamsize)
            p.sample_z = p.beamsize
    # (quirk: roi-bounds)
    xmin, xmax, ymin, ymax = p.roi
    p.roi = (max(xmin, 0), p.fpixels if xmax < 0 else xmax, max(ymin, 0), p.spixels if ymax < 0 else ymax)
    return p


def check_image(p: Parameters) -> None:
    """Refuse an image that cannot be allocated. If a side is zero or less, the size need not be their product."""
    size = f"image of {p.fpixels} x {p.spixels} pixels"
    wrapped = p.fpixels > 0 and p.spixels > 0 and p.pixels != p.fpixels * p.spixels
    if p.pixels < 0 or wrapped:
        raise InputError(f"{size}: expected 0 to {2**31 - 1} in all")
    memory.check(size, of_images(p))


def near_point(p: Parameters) -> tuple[float, float]:
    """Fclose and Sclose, the fast and slow coordinates (m) of the point nearest to the sample. C: 1156-1161"""
    Fclose = (p.ORGX - 0.5) * p.pixel_size
    Sclose = (p.ORGY - 0.5) * p.pixel_size
    # products with zero keep the NaN of an infinite pixel size
    if isnan(Fclose):
        Fclose = (p.detsize_f - 0 * p.pixel_size) / 2.0
    if isnan(Sclose):
        Sclose = add(0.0 * p.pixel_size, p.detsize_s) / 2.0
    return Fclose, Sclose
