"""The float image as an EDF, with the geometry in its header."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from .headers import geometry_items, let_write, two_dimensional

if TYPE_CHECKING:
    from ..run import Run


def write_edf(run: Run, image: np.ndarray, path: str | os.PathLike) -> None:
    """Write the float image as an EDF of 32-bit floats, its geometry in the header. Parameters as `write_cbf`."""
    from fabio.edfimage import EdfImage

    let_write(EdfImage(data=two_dimensional(run, image), header=geometry_items(run)).write, "image.edf", path)
