"""Images in any format: raw floats, NumPy arrays, SMV, PGM and whatever else fabio reads.

For pixels and the facts of common headers; the reference's own way with SMV headers is in `smv.read_smv`.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..crules.text import long_int
from ..errors import InputError
from ..system.files import read_beginning, read_bytes
from ..system.time_limit import time_limit
from .mini_cbf import HEADER, MiniCbf, read_mini_cbf
from .smv import MAGIC, decode_smv, header_texts

PATIENCE = 60.0  # s, for fabio
RAW = ".bin"
SMV_TYPE = "unsigned short int"  # as d*TREK calls it, whose files begin likewise
SURE = 4  # bytes that a format begins with before it is believed; shorter beginnings are common in other files
_PGM_HEADER = re.compile(rb"P5" + rb"(?:\s|#[^\n]*\n)+(\d+)" * 3 + rb"\s")


@dataclass
class Frame:
    """An image.

    Attributes
    ----------
    pixels : array [spixel, fpixel]
    header : dict or None
        Keys and texts of an SMV header.
    mini_cbf : MiniCbf or None
        What a mini-CBF header says.
    name : str
        For messages.

    Raises
    ------
    InputError
        If the array is not two-dimensional or holds no real numbers.
    """

    pixels: np.ndarray
    header: dict[str, str] | None = None
    name: str = "array"
    mini_cbf: MiniCbf | None = None

    def __post_init__(self) -> None:
        found = self.pixels
        if found.ndim != 2 or found.dtype.kind not in "buif" or not found.size:
            raise InputError(f"{self.name}: found {found.dtype} of shape {found.shape}, expected numbers [slow, fast]")


def read_image(path: str | Path, shape: tuple[int, int] | None = None, square: bool = False) -> Frame:
    """Read an image in any format.

    Parameters
    ----------
    path : path
    shape : pair of int, optional
        Slow and fast size of raw floats; default: that of the SMV images beside them.
    square : bool
        Whether raw floats of unknown shape may be taken for a square image.

    Raises
    ------
    InputError
        If it cannot be read or is not two-dimensional.
    """
    path = Path(path)
    data = read_bytes(path, "an image")
    mini_cbf = None
    header = header_texts(data) if data.startswith(MAGIC) else None
    if path.suffix == RAW:
        pixels = _raw(path, data, shape, square)
    elif path.suffix == ".npy":
        pixels = _numpy(path, data)
    elif data.startswith(b"P5"):
        pixels = _pgm(path, data)
    elif header is not None and header.get("Data_type", SMV_TYPE) == SMV_TYPE:
        pixels = decode_smv(data, str(path)).pixels
    else:
        pixels, mini_cbf = _by_fabio(path)
    return Frame(pixels, header, str(path), mini_cbf)


def is_known(path: str | Path) -> bool:
    """Does a file begin like an image in a format of its own? Raw floats, SMV, pipes and devices do not count."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        beginning = file.read(1024)
    if beginning.startswith(MAGIC):
        return False
    from fabio.openimage import MAGIC_NUMBERS

    beginnings = [magic for magic, _ in MAGIC_NUMBERS if len(magic) >= SURE and magic.strip(b"\0{\r\n")]
    is_edf = beginning.lstrip().startswith(b"{") and any(key in beginning for key in (b"EDF_", b"HeaderID"))
    return is_edf or beginning.startswith((b"P5", *beginnings))


def _raw(path: Path, data: bytes, shape: tuple[int, int] | None, square: bool) -> np.ndarray:
    if len(data) % 4:
        raise InputError(f"{path}: found {len(data)} bytes, expected 4-byte floats")
    floats = np.frombuffer(data, "<f4")
    shapes = {shape} if shape else {other.shape for other in beside(path) if math.prod(other.shape) == floats.size}
    side = math.isqrt(floats.size)
    if square and not shapes and side * side == floats.size > 0:
        shapes = {(side, side)}
    if len(shapes) != 1:
        found = ", ".join(f"{s} x {f}" for s, f in sorted(shapes)) or "no SMV image of that size beside it"
        raise InputError(f"{path}: {floats.size} floats of unknown shape: found {found}, expected --shape SLOW FAST")
    [shape] = shapes
    if min(shape) < 1 or shape[0] * shape[1] != floats.size:
        raise InputError(f"{path}: found {floats.size} floats, expected {shape[0]} x {shape[1]}")
    return floats.reshape(shape)


class Neighbour(NamedTuple):
    """An SMV image in the same folder."""

    shape: tuple[int, int]  # slow, fast
    header: dict[str, str]


def beside(path: Path) -> Iterator[Neighbour]:
    """The SMV images in the folder of a file."""
    for other in sorted(path.parent.glob("*.img")):
        try:
            beginning = read_beginning(other, "an image", 4096) if other.is_file() else b""
        except InputError:
            beginning = b""
        header = header_texts(beginning) if beginning.startswith(MAGIC) else {}
        size = header.get("SIZE2", ""), header.get("SIZE1", "")
        if all(text.isascii() and text.isdigit() for text in size):
            yield Neighbour((long_int(size[0]), long_int(size[1])), header)


def _numpy(path: Path, data: bytes) -> np.ndarray:
    try:
        return np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # its header is parsed as Python, which fails in many ways
        raise InputError(f"{path}: cannot read a NumPy array: {type(error).__name__} {error}") from None


def _pgm(path: Path, data: bytes) -> np.ndarray:
    """Binary PGM with comments in its header, which fabio does not take."""
    found = _PGM_HEADER.match(data)
    width, height, largest = (long_int(text.decode("ascii")) for text in found.groups()) if found else (0, 0, 0)
    if not (0 < largest < 65536 and 0 < width * height <= len(data)):
        raise InputError(f"{path}: found {data[:40]!r}, expected P5, width, height and largest value")
    body, kind = data[found.end() :], np.dtype(np.uint8 if largest < 256 else ">u2")
    if len(body) < width * height * kind.itemsize:
        raise InputError(f"{path}: found {len(body)} bytes of pixels, expected {width * height * kind.itemsize}")
    return np.frombuffer(body, kind, width * height).reshape(height, width)


def _by_fabio(path: Path) -> tuple[np.ndarray, MiniCbf | None]:
    import fabio

    logging.getLogger("fabio").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), time_limit(PATIENCE):
            # what a library has to say of a broken file is in its error
            warnings.simplefilter("ignore")
            with fabio.open(str(path)) as image:
                return np.asarray(image.data), read_mini_cbf(image.header.get(HEADER, ""))
    except TimeoutError:
        # some of its readers look for the end of a header behind that of the file
        raise InputError(f"{path}: no image that fabio reads within {PATIENCE:g} s") from None
    except Exception as error:  # whatever one of its readers raises at a broken file
        text = str(error).splitlines()[0] if str(error) else ""
        raise InputError(f"{path}: no image that fabio reads: {type(error).__name__} {text}") from None
