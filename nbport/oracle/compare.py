"""Comparisons of whatever is given: files, traces, arrays, finished simulations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..formats.images import RAW, Frame, read_image
from ..formats.smv import MAGIC
from ..system.files import is_pipe, read_beginning
from .comparison import Comparison, Gate
from .diff_images import Roi, compare_images
from .diff_traces import compare_traces
from .formats import read_traces
from .trace import Trace

IMAGE_BEGINNINGS = (MAGIC, b"P2", b"P5", b"\x93NUMPY")
TRACE_BEGINNINGS = (b"PK", b'{"')


def compare(
    a: object,
    b: object,
    *,
    rel: float = 0.0,
    abs: float = 0.0,
    ulp: float = 0.0,
    shape: tuple[int, int] | None = None,
    roi: Roi | None = None,
    headers: bool = True,
) -> Comparison:
    """Compare two traces or two images. They are equal if every number is within one of the gates.

    Parameters
    ----------
    a, b : path, Trace, list of Trace, array [spixel, fpixel] or Result
        Files can be traces in any of the formats of `nbport trace`, or images: raw floats (.bin), .npy, SMV, PGM
        and all that fabio reads.
    rel, abs, ulp : float
        Gates: relative and absolute difference, and representable numbers in between. Default: only equal passes.
    shape : pair of int, optional
        Slow and fast size of raw floats; default: that of the SMV images beside them.
    roi : (int, int, int, int), optional
        First and last fast, first and last slow index of an image.
    headers : bool
        Whether the headers of two SMV images count.

    Returns
    -------
    TraceComparison or ImageComparison

    Raises
    ------
    InputError
        If one is neither, or they cannot be compared.
    """
    gate = Gate(rel, abs, ulp)
    one, other = _load(a, shape), _load(b, shape)
    if isinstance(one, Frame) != isinstance(other, Frame):
        raise InputError(f"found {_kind(one)} and {_kind(other)}, expected two traces or two images")
    if isinstance(one, Frame):
        return compare_images(one, other, gate, roi, headers)
    if shape or roi:
        raise InputError("--shape, --roi: they are for images, but traces were found")
    return compare_traces(one, other, gate)


def _kind(loaded: Frame | list[Trace]) -> str:
    return "an image" if isinstance(loaded, Frame) else "a trace"


def _load(given: object, shape: tuple[int, int] | None) -> Frame | list[Trace]:
    if isinstance(given, Trace):
        return [given]
    if isinstance(given, Sequence) and given and all(isinstance(item, Trace) for item in given):
        return list(given)
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return read_traces(path) if _is_trace(path) else read_image(path, shape)
    return Frame(np.asarray(getattr(given, "image", given)))


def _is_trace(path: Path) -> bool:
    """By what is in a file: text, if it is no header of an image, or an archive."""
    if is_pipe(path):
        raise InputError(f"{path}: found a pipe, expected a trace or an image in a file, which is read more than once")
    beginning = read_beginning(path, "a trace or an image", 2048)
    if path.suffix == RAW or beginning.startswith(IMAGE_BEGINNINGS):
        return False
    if beginning.startswith(TRACE_BEGINNINGS):
        return True
    return bool(beginning) and all(byte >= 32 or byte in b"\t\n\r" for byte in beginning)
