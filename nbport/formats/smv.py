"""SMV images: headers of keywords in braces, then unsigned 16-bit pixels.

There are two readers, since `-img` and `-mask` follow the reference's loose rules (`read_smv`), while all else wants
the pixels where they are (`decode_smv`). Writing reproduces the reference's header byte for byte.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..crules.text import add, atof, long_int, printf, to_int
from ..errors import InputError
from ..system.files import InputStream

LONGEST_HEADER = 2**24
MAGIC = b"{\nHEADER_BYT"  # as many characters as the reference compares
PIXEL_BYTES = 2


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


class SmvImage(NamedTuple):
    """An SMV image that fits its file."""

    header: dict[str, str]
    pixels: np.ndarray  # uint16 [slow, fast]


def decode_smv(data: bytes, name: str) -> SmvImage:
    """The image in the bytes of an SMV file, wherever its header ends.

    A header can be longer than its HEADER_BYTES, because the reference does not cut it (quirk: long-header). Pixels
    then follow the closing brace and its form feed at once.

    Parameters
    ----------
    data : bytes
        The whole file; it begins with MAGIC.
    name : str
        For messages.

    Raises
    ------
    InputError
        If header, size of the image and size of the file do not fit each other exactly.
    """
    brace = data.find(b"}")
    if brace < 0:
        raise InputError(f"{name}: found no closing brace, expected one at the end of the SMV header")
    header = header_texts(data)
    header_bytes, fast, slow = (_whole(header, key, name) for key in ("HEADER_BYTES", "SIZE1", "SIZE2"))
    end = brace + (2 if data[brace + 1 : brace + 2] == b"\f" else 1)
    start = max(header_bytes, end)
    expected = start + PIXEL_BYTES * fast * slow
    if len(data) != expected:
        raise InputError(
            f"{name}: found {len(data)} bytes, expected {expected}: a header of {start} bytes,"
            f" and {fast} x {slow} pixels of {PIXEL_BYTES} bytes"
        )
    kind = ">u2" if header.get("BYTE_ORDER") == "big_endian" else "<u2"
    pixels = np.frombuffer(data, kind, offset=start).astype(np.uint16, copy=False)
    return SmvImage(header, pixels.reshape(slow, fast))


def header_texts(data: bytes) -> dict[str, str]:
    """Keys and texts of an SMV header in the order of the file; of lines without a key, the line."""
    text = data[: data.find(b"}")].decode("latin-1").lstrip("{")
    lines = [line.strip().rstrip(";") for line in text.splitlines()]
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines if line)}


def _whole(header: dict[str, str], key: str, name: str) -> int:
    text = header.get(key, "")
    if not (text.isascii() and text.isdigit() and 0 < long_int(text) < 2**40):
        raise InputError(f"{name}: found {key} {text[:40]!r} in the SMV header, expected a whole number from 1")
    return long_int(text)


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
