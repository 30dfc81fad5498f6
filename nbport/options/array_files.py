"""Arrays as the files that the reference reads: all digits are written, so that it reads the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OptionError
from .given import is_masked, refuse

if TYPE_CHECKING:
    import numpy as np


class ArrayFile(NamedTuple):
    """How an option's array becomes a file."""

    name: str
    content: Callable[[object, str], bytes]  # (array, keyword for errors) -> bytes


def hkl_text(rows: object, keyword: str) -> bytes:
    """Structure factors, [reflections, 4]: h k l F."""
    array = _floats(rows, keyword, "[reflections, 4]: h k l F", columns=4)
    indices = array[:, :3]
    if not (len(array) and (indices == indices.round()).all() and (abs(indices) < 2**31).all()):
        raise refuse(keyword, rows, "one row or more, and whole numbers as h, k and l")
    return b"".join(b"%d %d %d %r\n" % (*map(int, hkl), F) for *hkl, F in array.tolist())


def matrix_text(matrix: object, keyword: str) -> bytes:
    """Orientation matrix, [3, 3]: columns a*, b*, c*, times the wavelength in Angstrom."""
    array = _floats(matrix, keyword, "[3, 3]: columns a*, b*, c* times the wavelength", columns=3, rows=3)
    return _text(array)


def source_text(rows: object, keyword: str) -> bytes:
    """Sources, [sources, 5]: x y z weight wavelength (m)."""
    array = _floats(rows, keyword, "[sources, 5]: x y z weight wavelength", columns=5)
    if not len(array):
        raise refuse(keyword, rows, "one row or more")
    return _text(array)


def mask_smv(mask: object, keyword: str) -> bytes:
    """Mask, [spixel, fpixel]: zero or False where a pixel is skipped. The header has its size and nothing else."""

    array = _array(mask, keyword, "a file name, or whole numbers or bools [spixel, fpixel]")
    if array.ndim != 2 or not array.size or array.dtype.kind not in "bui":
        raise OptionError(
            f"{keyword}: found {array.dtype} of shape {array.shape}, expected whole numbers or bools [spixel, fpixel]"
        )
    header = (
        "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n"
        f"SIZE1={array.shape[1]};\nSIZE2={array.shape[0]};\n}}\f"
    )
    return header.encode().ljust(512) + (array != 0).astype("<u2").tobytes()


def _text(array: np.ndarray) -> bytes:
    return "".join(" ".join(map(repr, row)) + "\n" for row in array.tolist()).encode()


def _array(values: object, keyword: str, expected: str) -> np.ndarray:
    """An array of anything of which nothing is masked."""
    import numpy as np

    if is_masked(values):
        raise OptionError(f"{keyword}: found an array that is masked in part, expected {expected}")
    try:
        return np.asarray(values)
    except Exception:  # ragged lists, or somebody else's class
        raise refuse(keyword, values, expected) from None


def _floats(values: object, keyword: str, expected: str, columns: int, rows: int | None = None) -> np.ndarray:
    import numpy as np

    array = _array(values, keyword, f"a file name or numbers {expected}")
    if array.dtype.kind not in "iuf":
        raise OptionError(f"{keyword}: found an array of {array.dtype}, expected a file name or numbers {expected}")
    array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[1] != columns or rows not in (None, array.shape[0]):
        raise OptionError(f"{keyword}: found an array of shape {array.shape}, expected {expected}")
    if not np.isfinite(array).all():
        raise OptionError(f"{keyword}: found numbers that are not finite, expected {expected}")
    return array


ARRAY_FILES = {
    "-hkl": ArrayFile("structure_factors.hkl", hkl_text),
    "-mat": ArrayFile("orientation.mat", matrix_text),
    "-sourcefile": ArrayFile("sources.txt", source_text),
    "-mask": ArrayFile("mask.img", mask_smv),
}
