"""SMV images: headers of keywords in braces, then unsigned 16-bit pixels.

Reading takes the geometry from the header by the reference's loose rules; writing reproduces
its header byte for byte. Not for general use: fabio reads SMV properly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..ctext import add, atof, printf, to_int
from ..files import InputError, InputStream

LONGEST_HEADER = 2**24
MAGIC = b"{\nHEADER_BYT"  # as many characters as the reference compares


class SmvFrame(NamedTuple):
    """An SMV image that was read."""

    header: str
    width: int
    height: int
    pixels: np.ndarray  # uint16 [width * height], zero where the file is short
    header_bytes: bytes  # as they are in the file


def value_of(keyword: str, header: str) -> float:
    """Number after the `=` that follows the last occurrence of a keyword. C: 4236-4263

    The keyword also matches inside longer ones (quirk: header-substring). NaN if it is
    absent, 0 if no `=` follows.
    """
    at = header.rfind(keyword)
    if at < 0:
        return math.nan
    _, equals, text = header[at + len(keyword) :].partition("=")
    return atof(text) if equals else 0.0


def read_smv(path: str) -> SmvFrame | None:
    """Read an SMV image; None if it does not begin like one. C: 4124-4233

    Raises
    ------
    InputError
        Where the reference stops or crashes: short file, impossible sizes, no BYTE_ORDER. Or if it is a pipe, from
        which the reference would take other bytes for pixels.
    """
    with InputStream(path, "an SMV image") as stream:
        if stream.is_pipe:
            raise InputError(f"{path}: found a pipe, expected an SMV image in a file, which is read more than once")
        return _read(path, stream)


def _read(path: str, stream: InputStream) -> SmvFrame | None:
    data = stream.read_up_to(512)
    if len(data) < 512:
        raise InputError(f"{path}: found {len(data)} bytes, expected an SMV header of at least 512")
    if not data.startswith(MAGIC):
        return None
    header = _text(data[:512])
    header_size = to_int(value_of("HEADER_BYTES", header))
    if header_size != 512:
        most = min(stream.size(), LONGEST_HEADER)
        if not 0 < header_size <= most:
            raise InputError(f"{path}: HEADER_BYTES is {header_size}, expected 1 to {most}")
        stream.rewind()
        data = stream.read_up_to(header_size)
        header = _text(data)
    if "BYTE_ORDER=" not in header:
        raise InputError(f"{path}: no BYTE_ORDER in the header")
    width, height = to_int(value_of("SIZE1", header)), to_int(value_of("SIZE2", header))
    if width == 0:
        width = height = to_int(value_of("DETECTOR_DIMENSIONS", header))
    if width <= 0 or height <= 0 or width * height >= 2**30:
        raise InputError(
            f"{path}: image size {width} x {height}, expected SIZE1 and SIZE2 from 1 and less than {2**30} pixels"
        )
    # no byte is swapped, whatever BYTE_ORDER says; an odd header size loses its half
    stream.rewind(header_size // 2 * 2)
    pixels = np.zeros(width * height, np.uint16)
    stream.read_into(memoryview(pixels).cast("B"))
    return SmvFrame(header, width, height, pixels, data)


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("latin-1")


class SmvHeader(NamedTuple):
    """Values of the header that is written, in m and rad as everywhere."""

    fpixels: int
    spixels: int
    pixel_size: float
    distance: float
    close_distance: float
    lambda0: float
    Xbeam: float
    Ybeam: float
    Fbeam: float
    Sbeam: float
    detsize_s: float
    dials_origin: tuple[float, float, float]  # mm
    ORGX: float
    ORGY: float
    phi0_deg: float
    osc_deg: float
    twotheta_deg: float


def smv_header(h: SmvHeader, noise: bool) -> bytes:
    """The header of an image, padded to 512 bytes if it is shorter. C: 3167-3182, 3266-3281

    A long one is not cut, although HEADER_BYTES then lies (quirk: long-header). The noise image
    adds 0.0*pixel where the other one subtracts it: they can differ in the sign of a zero or a NaN.
    """
    zero = 0.0 * h.pixel_size
    denzo = (add(zero, h.Sbeam), add(h.Fbeam, zero)) if noise else (h.Sbeam - zero, h.Fbeam - zero)
    text = printf(
        "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\n"
        "WAVELENGTH=%g;\n"
        "BEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n"
        "ADXV_CENTER_X=%g;\nADXV_CENTER_Y=%g;\n"
        "MOSFLM_CENTER_X=%g;\nMOSFLM_CENTER_Y=%g;\n"
        "DENZO_X_BEAM=%g;\nDENZO_Y_BEAM=%g;\n"
        "DIALS_ORIGIN=%g,%g,%g\n"
        "XDS_ORGX=%g;\nXDS_ORGY=%g;\n"
        "CLOSE_DISTANCE=%g;\n"
        "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\n"
        "TWOTHETA=%g;\n",
        h.fpixels, h.spixels, h.pixel_size * 1000.0, h.distance * 1000.0,
        h.lambda0 * 1e10,
        h.Xbeam * 1000.0, h.Ybeam * 1000,
        h.Fbeam * 1000.0, (h.detsize_s - h.Sbeam) * 1000,
        (h.Sbeam - 0.5 * h.pixel_size) * 1000.0, (h.Fbeam - 0.5 * h.pixel_size) * 1000,
        denzo[0] * 1000.0, denzo[1] * 1000,
        *h.dials_origin,
        h.ORGX, h.ORGY,
        h.close_distance * 1000.0,
        h.phi0_deg, h.phi0_deg, h.osc_deg,
        h.twotheta_deg,
    )  # fmt: skip
    return padded_header(first_keywords("unsigned_short") + text)


def first_keywords(pixel_type: str) -> str:
    """The beginning of every header that is written."""
    return f"{{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE={pixel_type};\n"


def padded_header(keywords: str) -> bytes:
    """Keywords with the end of every header that is written, and blanks up to 512 bytes."""
    return f"{keywords}DETECTOR_SN=000;\nBEAMLINE=fake;\n}}\f".encode("ascii").ljust(512, b" ")
