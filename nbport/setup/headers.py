"""Geometry from the headers of a mask and an image, before any option counts."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..files import readable
from ..formats.smv import SmvFrame, read_smv, value_of
from ..parameters import RTD, Parameters


def read_headers(p: Parameters, say: Callable[..., None], warn: Callable[[str], None]) -> None:
    """Take size, distances, wavelength, beam centre and spindle from -mask, then from -img. C: 419-502

    The two differ in the direction of BEAM_CENTER_Y (quirk: mask-ybeam).
    """
    if p.mask is not None:
        frame = _read(p.mask, say, warn)
        if frame is not None:
            _apply(p, frame.header, frame)
            ybeam = value_of("BEAM_CENTER_Y", frame.header)
            if not math.isnan(ybeam):
                p.Ybeam = p.detsize_s - ybeam / 1000.0
            p.mask_pixels = frame.pixels
    if p.img is not None:
        frame = _read(p.img, say, warn)
        if frame is not None:
            _apply(p, frame.header, frame)


def _read(path: str, say: Callable[..., None], warn: Callable[[str], None]) -> SmvFrame | None:
    """A file that cannot be opened or is no SMV image is passed over with a warning."""
    if not readable(path):
        warn(f"{path}: no file that can be read; its header is not used")
        return None
    frame = read_smv(path)
    if frame is None:
        say("ERROR: %s is no SMV image and is ignored", path)
        return None
    say("reading %s", path)
    return frame


def _apply(p: Parameters, header: str, frame: SmvFrame) -> None:
    def given(keyword: str, name: str, divisor: float) -> None:
        value = value_of(keyword, header)
        if not math.isnan(value):
            setattr(p, name, value / divisor)

    p.fpixels, p.spixels = frame.width, frame.height
    given("PIXEL_SIZE", "pixel_size", 1000.0)
    p.detsize_f = p.pixel_size * p.fpixels
    p.detsize_s = p.pixel_size * p.spixels
    given("DISTANCE", "distance", 1000.0)
    given("CLOSE_DISTANCE", "close_distance", 1000.0)
    given("WAVELENGTH", "lambda0", 1e10)
    given("BEAM_CENTER_X", "Xbeam", 1000.0)
    given("BEAM_CENTER_Y", "Ybeam", 1000.0)
    given("ORGX", "ORGX", 1.0)
    given("ORGY", "ORGY", 1.0)
    given("PHI", "phi0", RTD)
    given("OSC_RANGE", "osc", RTD)
