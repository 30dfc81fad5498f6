"""The float image as a TIFF, with the geometry in its description."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..errors import OptionError
from ..flat_detector import FlatDetector
from .headers import geometry_items, let_write, two_dimensional

if TYPE_CHECKING:
    from ..run import Run
LARGEST_TIFF = 2**32 - 2**16  # bytes of pixels, which leaves room for the description


def write_tiff(run: Run, image: np.ndarray, path: str | os.PathLike) -> None:
    """Write the float image as a TIFF of 32-bit floats, its geometry in the description. Parameters as `write_cbf`."""
    check_image(FlatDetector.of(run), print)
    from fabio.TiffIO import TiffIO

    def write(name: str) -> None:
        with TiffIO(name, mode="wb+") as tiff:
            tiff.writeImage(two_dimensional(run, image), info=geometry_items(run), software=f"nbport {__version__}")

    let_write(write, "image.tif", path)


def check_image(flat: FlatDetector, warn: Callable[[str], None]) -> None:
    """Refuse an image that no TIFF can hold, whose places in the file are 32-bit numbers.

    Raises
    ------
    OptionError
    """
    size = 4 * flat.shape[0] * flat.shape[1]
    if size > LARGEST_TIFF:
        raise OptionError(f"TIFF: found an image of {size} bytes, expected at most {LARGEST_TIFF}; EDF can hold it")
