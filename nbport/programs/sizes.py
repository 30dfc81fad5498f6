"""Size and region of interest of a detector, as nonBragg and nearBragg have them."""

from __future__ import annotations

from typing import Protocol

from ..crules.text import ceiling, divide, multiply, to_int
from ..setup.sizes import check_image


class Sized(Protocol):
    """Parameters of a program with a detector; lengths in m."""

    pixel_size: float
    fpixels: int
    spixels: int
    detsize_f: float
    detsize_s: float
    roi: tuple[int, int, int, int]


def count_pixels(p: Sized) -> None:
    """Size of the detector from its pixels where these are given, then the pixels from the size.
    C: nonBragg.c 828-835, nearBragg.c 479-486

    Raises
    ------
    InputError
        If there can be no such image.
    """
    if p.fpixels:
        p.detsize_f = multiply(p.pixel_size, float(p.fpixels))
    if p.spixels:
        p.detsize_s = multiply(p.pixel_size, float(p.spixels))
    p.fpixels = to_int(ceiling(divide(p.detsize_f, p.pixel_size)))
    p.spixels = to_int(ceiling(divide(p.detsize_s, p.pixel_size)))
    check_image(p)


def complete_roi(p: Sized) -> None:
    """The whole image where a side of the region of interest is not given; it reaches a pixel beyond the image."""
    xmin, xmax, ymin, ymax = p.roi
    p.roi = (max(xmin, 0), p.fpixels if xmax < 0 else xmax, max(ymin, 0), p.spixels if ymax < 0 else ymax)
