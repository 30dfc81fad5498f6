"""The picture of a run that `nanoBragg --png` writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..flat_detector import FlatDetector
from ..system.files import write_file
from ..view.annotate import Sheet, automatic_rings, draw_beam, draw_rings
from ..view.picture import Style, paint, to_png

if TYPE_CHECKING:
    from ..run import Run


def write_png(run: Run, image: np.ndarray, path: str | os.PathLike, style: Style | None = None) -> None:
    """Write a picture with resolution rings and the beam centre.

    Parameters
    ----------
    run : Run
        That made the image.
    image : float32 [spixels, fpixels] or [spixels * fpixels]
        Photons.
    path : path
    style : Style, optional
        Default: grey on a logarithmic scale.

    Raises
    ------
    OptionError
        If Pillow is not installed.
    OutputError
        If the file cannot be written.
    """
    style = style or Style()
    flat = FlatDetector.of(run)
    picture = paint(np.reshape(image, flat.shape), style)
    sheet = Sheet(picture, style.colours)
    draw_rings(sheet, flat, automatic_rings(flat))
    draw_beam(sheet, flat)
    write_file(path, [to_png(picture.image)])
