"""Size of the image and where the beam is: from the file, a header, or the options."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...crules.text import ceiling, divide, printf, to_int, wrap_int
from ...errors import InputError
from ...formats.smv import first_keywords, padded_header, read_smv, value_of
from ..console import Session
from .options import NOT_GIVEN, Parameters

TYPES = {16: "unsigned_short", 32: "long_integer"}


@dataclass
class Layout:
    """Parameters of the image as they are decided; m."""

    xpixels: int
    ypixels: int
    pixels: int
    pixel: float
    distance: float
    detsize_x: float
    detsize_y: float
    Xbeam: float
    Ybeam: float
    header: bytes | None  # of the SMV image that gives the geometry


def decide(p: Parameters, size: int, session: Session) -> Layout:
    """Sizes, distances and beam centre. C: noisify.c 354-433, 450-452

    Parameters
    ----------
    p : Parameters
    size : int
        Bytes of the float image, -1 of a pipe.

    Raises
    ------
    InputError
        If the header cannot be used or no size can be found.
    """
    d = Layout(
        p.xpixels, p.ypixels, size // 4, p.pixel, p.distance, p.detsize_x, p.detsize_y, p.Xbeam, p.Ybeam, None
    )  # fmt: skip
    if p.header is not None:
        session.say("taking header from %s", p.header)
        _take_header(d, p.header, session)
    _decide_counts(d, p, session)
    if d.xpixels:
        d.detsize_x = d.pixel * d.xpixels
    else:
        d.xpixels = to_int(ceiling(divide(d.detsize_x, d.pixel) - 0.5))
    if d.ypixels:
        d.detsize_y = d.pixel * d.ypixels
    else:
        d.ypixels = to_int(ceiling(divide(d.detsize_y, d.pixel) - 0.5))
    d.pixels = wrap_int(d.xpixels * d.ypixels)
    if d.pixels <= 0 or d.pixels != d.xpixels * d.ypixels:
        raise InputError(f"image of {d.xpixels} x {d.ypixels} pixels: expected 1 to {2**31 - 1} in all")
    if d.Xbeam <= NOT_GIVEN:
        d.Xbeam = d.detsize_x / 2.0
    if d.Ybeam <= NOT_GIVEN:
        d.Ybeam = d.detsize_y / 2.0
    return d


def _take_header(d: Layout, path: str, session: Session) -> None:
    """Options give way to a header (quirk: noisify-header). C: noisify.c 361-379"""
    frame = read_smv(path)
    if frame is None:
        raise InputError(f"{path}: expected an SMV image")
    session.say("reading %s", path)
    d.header = frame.header_bytes
    d.xpixels, d.ypixels = frame.width, frame.height
    d.pixels = d.xpixels * d.ypixels

    def given(keyword: str, otherwise: float) -> float:
        value = value_of(keyword, frame.header)
        return otherwise if math.isnan(value) else value / 1000.0

    d.pixel = given("PIXEL_SIZE", d.pixel)
    d.detsize_x, d.detsize_y = d.pixel * d.xpixels, d.pixel * d.ypixels
    d.distance = given("DISTANCE", d.distance)
    d.Xbeam = given("BEAM_CENTER_X", d.Xbeam)
    ybeam = value_of("BEAM_CENTER_Y", frame.header)
    d.Ybeam = d.Ybeam if math.isnan(ybeam) else d.detsize_y - ybeam / 1000.0


def _decide_counts(d: Layout, p: Parameters, session: Session) -> None:
    """Counts of pixels that are not given (quirk: noisify-guesses-size). C: noisify.c 395-416"""
    if not d.xpixels and not d.ypixels:
        session.say("WARNING: width and height of the image are not given, and guessed from its size")
        if d.pixels <= 0:
            raise InputError(f"{p.floatfile}: expected a file with pixels, or -detpixels")
        # the largest divisor up to the root
        d.xpixels = math.isqrt(d.pixels)
        while d.pixels % d.xpixels:
            d.xpixels -= 1
        d.ypixels = d.pixels // d.xpixels
    elif not d.ypixels:
        d.ypixels = to_int(d.pixels / d.xpixels)
    elif not d.xpixels:
        d.xpixels = to_int(d.pixels / d.ypixels)


def smv_header(d: Layout, p: Parameters) -> bytes:
    """Header of an integer image: that of another image as it is, or our own. C: noisify.c 524-545

    Without 16 or 32 bits it lacks its beginning (quirk: noisify-bits).
    """
    if d.header is not None:
        return d.header
    text = printf(
        "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\n"
        "WAVELENGTH=%g;\nBEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n"
        "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\n",
        d.xpixels, d.ypixels, d.pixel * 1000.0, d.distance * 1000.0,
        p.wavelength, d.Xbeam * 1000.0, (d.detsize_y - d.Ybeam) * 1000,
        p.phi0, p.phi0, p.osc,
    )  # fmt: skip
    return padded_header((first_keywords(TYPES[p.bits]) if p.bits in TYPES else "") + text)
