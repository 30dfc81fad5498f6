"""Geometry from the headers of a mask and an image, which are read before any option."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import InputError
from ..formats.images import Frame, is_known, read_image
from ..formats.smv import SmvFrame, read_smv, value_of
from ..parameters import RTD, Parameters
from ..system.files import readable


def read_headers(p: Parameters, say: Callable[..., None], warn: Callable[[str], None]) -> None:
    """Take size, distances, wavelength, beam centre and spindle from -mask, then from -img. C: 419-502

    The two differ in the direction of BEAM_CENTER_Y (quirk: mask-ybeam). Files that the reference would pass over
    because they are no SMV images are read by fabio if they begin like a format of its own.
    """
    if p.mask is not None:
        frame = _read(p.mask, say, warn)
        if isinstance(frame, Frame):
            _apply_other(p, frame)
            p.mask_shape = frame.pixels.shape
            p.mask_pixels = (frame.pixels.reshape(-1) > 0).astype("uint16")
        elif frame is not None:
            apply_header(p, frame.header, frame)
            ybeam = value_of("BEAM_CENTER_Y", frame.header)
            if not math.isnan(ybeam):
                p.Ybeam = p.detsize_s - ybeam / 1000.0
            p.mask_pixels = frame.pixels
    if p.img is not None:
        frame = _read(p.img, say, warn)
        if isinstance(frame, Frame):
            _apply_other(p, frame)
            if frame.mini_cbf is None:
                warn(f"{p.img}: no geometry is known from this header, only the size of the image is used")
        elif frame is not None:
            apply_header(p, frame.header, frame)


def _read(path: str, say: Callable[..., None], warn: Callable[[str], None]) -> SmvFrame | Frame | None:
    """A file that cannot be opened or is no image is passed over with a warning (quirk: header-errors)."""
    if not readable(path):
        warn(f"{path}: no file that can be read; its header is not used")
        return None
    if is_known(path):
        say("reading %s", path)
        return read_image(path)
    frame = read_smv(path)
    if frame is None:
        say("ERROR: %s is no SMV image and is ignored", path)
        return None
    say("reading %s", path)
    return frame


def apply_header(p: Parameters, header: str, frame: SmvFrame) -> None:
    """What a header says of size, distances, wavelength, beam centre and spindle. C: 419-502

    Its size beats -detsize, and TWOTHETA is not among it (quirk: header-beats-size).
    """

    def given(keyword: str, name: str, divisor: float) -> None:
        value = value_of(keyword, header)
        if not math.isnan(value):
            setattr(p, name, value / divisor)

    p.fpixels, p.spixels = frame.width, frame.height
    given("PIXEL_SIZE", "pixel_size", 1000.0)
    p.detsize_f = p.pixel_size * p.fpixels
    p.detsize_s = p.pixel_size * p.spixels
    given("DISTANCE", "distance", 1000.0)
    # every header of the reference's own has these two (quirk: own-header)
    given("CLOSE_DISTANCE", "close_distance", 1000.0)
    given("WAVELENGTH", "lambda0", 1e10)
    given("BEAM_CENTER_X", "Xbeam", 1000.0)
    given("BEAM_CENTER_Y", "Ybeam", 1000.0)
    given("ORGX", "ORGX", 1.0)
    given("ORGY", "ORGY", 1.0)
    given("PHI", "phi0", RTD)
    given("OSC_RANGE", "osc", RTD)


def _apply_other(p: Parameters, frame: Frame) -> None:
    """Size of an image in another format, and the geometry if it has a mini-CBF header."""
    p.spixels, p.fpixels = frame.pixels.shape
    if frame.pixels.size >= 2**30:
        raise InputError(f"{frame.name}: found {p.fpixels} x {p.spixels} pixels, expected less than {2**30} in all")
    facts = frame.mini_cbf
    if facts is not None:
        p.pixel_size = facts.pixel_size or p.pixel_size
        if facts.distance:
            p.distance, p.close_distance = facts.distance, math.nan
        p.lambda0 = facts.wavelength or p.lambda0
        p.phi0 = p.phi0 if facts.start_deg is None else facts.start_deg / RTD
        p.osc = p.osc if facts.osc_deg is None else facts.osc_deg / RTD
    p.detsize_f, p.detsize_s = p.pixel_size * p.fpixels, p.pixel_size * p.spixels
    if facts is not None and facts.beam_centre is not None:
        fast, slow = facts.beam_centre
        p.header_beam = fast * p.pixel_size, slow * p.pixel_size
        p.Xbeam = p.Ybeam = math.nan
        # for conventions that begin with the near point, which it is where the detector faces the beam
        p.ORGX, p.ORGY = fast + 0.5, slow + 0.5
