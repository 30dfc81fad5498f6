"""What fabio makes of a file, for a process that may be ended: `system.time_limit` calls `work` there."""

from __future__ import annotations

import warnings

import fabio
import numpy as np

from .mini_cbf import HEADER, read_mini_cbf

# what a library has to say of a broken file is in its error
warnings.simplefilter("ignore")


def work(path: str) -> tuple[dict, memoryview]:
    """Read the first image of a file.

    Returns
    -------
    dict
        `shape`, `dtype` as NumPy writes it, and `mini_cbf`, the values of a MiniCbf or None.
    memoryview
        The pixels, row by row; none if they are no numbers.
    """
    with fabio.open(path) as image:
        pixels, mini_cbf = np.asarray(image.data), read_mini_cbf(image.header.get(HEADER, ""))
    numbers = pixels if pixels.dtype.kind in "buif" else np.empty(0)
    facts = {"shape": pixels.shape, "dtype": pixels.dtype.str, "mini_cbf": mini_cbf}
    return facts, memoryview(np.ascontiguousarray(numbers).reshape(-1).view(np.uint8))
