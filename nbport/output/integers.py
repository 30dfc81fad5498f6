"""Integer images from the float image: scaled, 8-bit preview, and with photon noise."""

from __future__ import annotations

import numpy as np

from ..crules.random import cached, poidev
from ..kernels.scalar import c_int
from ..kernels.stopping import stopped


@cached
def int_image(g, image, intfile_scale, adc_offset, intimage, stop):
    """Scale, add the offset, clamp to 0..65535 and round. C: 3140-3158

    The rounding adds one half in double but rounds to float32 first (quirk: int-rounding).

    Parameters
    ----------
    g : Geometry
    image : float32 [pixels]
    intfile_scale, adc_offset : float
    intimage : uint16 [pixels]
        Written within the region of interest.
    stop : int
        As `Scene.stop`; so in the functions below.
    """
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if stopped(stop):
                return
            imgidx = spixel * g.fpixels + fpixel
            test = np.float64(image[imgidx]) * intfile_scale + adc_offset
            if test > 65535.0:
                test = 65535.0
            if test < 0.0:
                test = 0.0
            intimage[imgidx] = c_int(np.floor(np.float64(np.float32(test + 0.5)))) & 0xFFFF


@cached
def pgm_image(g, image, pgm_scale, pgmimage, stop):
    """Scale, cap at 255 and truncate; negative values wrap (quirk: pgm-wrap). C: 3197-3211

    pgmimage : uint8 [pixels], written within the region of interest.
    """
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if stopped(stop):
                return
            imgidx = spixel * g.fpixels + fpixel
            test = np.float64(image[imgidx]) * pgm_scale
            if test > 255.0:
                test = 255.0
            pgmimage[imgidx] = c_int(test) & 0xFF


@cached
def noise_image(g, image, adc_offset, idum, table, statics, intimage, stop):
    """Replace every pixel by a Poisson deviate plus the offset; truncated, not rounded. C: 3236-3256

    Parameters
    ----------
    idum, table, statics
        Random state, see `nbport.crules.random`.
    intimage : uint16 [pixels]
        Written within the region of interest.

    Returns
    -------
    (sum of the photons, number of overloads)
    """
    total = 0.0
    overloads = 0
    for spixel in range(max(g.roi_ymin, 0), min(g.roi_ymax + 1, g.spixels)):
        for fpixel in range(max(g.roi_xmin, 0), min(g.roi_xmax + 1, g.fpixels)):
            if fpixel % 1024 == 0 and stopped(stop):
                return total, overloads
            imgidx = spixel * g.fpixels + fpixel
            test = np.float64(poidev(image[imgidx], idum, table, statics))
            total += test
            test += adc_offset
            if test > 65535.0:
                test = 65535.0
                overloads += 1
            intimage[imgidx] = c_int(test) & 0xFFFF
    return total, overloads


def pgm_header(fpixels: int, spixels: int, scale_text: str) -> bytes:
    """Header of a PGM file with its scale as a comment. C: 3220-3222"""
    return f"P5\n{fpixels} {spixels}\n# pixels scaled by {scale_text}\n255\n".encode("ascii")
