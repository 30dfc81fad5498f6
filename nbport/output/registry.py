"""Files beside those of the reference, which options of ours ask for: a picture, and other formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import OptionError

if TYPE_CHECKING:
    import numpy as np

    from ..options.scan import OwnOptions
    from ..parameters import Parameters
    from ..run import Run

NAMES = ("cbf", "tiff", "edf", "nexus", "png")


def _writers() -> dict[str, Callable[[Run, np.ndarray, str], None]]:
    # imported here: most runs write no such file, and are short
    from .exports import write_cbf, write_edf, write_tiff
    from .nexus import write_nexus
    from .png import write_png

    return dict(zip(NAMES, (write_cbf, write_tiff, write_edf, write_nexus, write_png), strict=True))


def check_options(own: OwnOptions, p: Parameters) -> None:
    """Before anything is set up: are the packages there, and is the detector one that can be described?

    Raises
    ------
    OptionError
    """
    if own.png:
        from ..view.picture import load_pillow

        load_pillow()
    if own.nexus:
        from .nexus import load_h5py

        load_h5py()
        if p.curved_detector:
            raise OptionError("--nexus: NXmx cannot describe -curved_det, expected a flat detector")


def check(own: OwnOptions, run: Run, warn: Callable[[str], None]) -> None:
    """Before the image is rendered: can what was asked for be written?

    Raises
    ------
    OptionError
        If a package is missing, or the file cannot describe the image.
    """
    check_options(own, run.parameters)
    wanted = [f"--{name}" for name in NAMES if getattr(own, name)]
    if not wanted:
        return
    from ..flat_detector import FlatDetector
    from .exports import check_tiff

    if not run.scene.beam.source_lambda.size:
        raise OptionError(f"{wanted[0]}: found no source, expected one to take the wavelength from")
    flat = FlatDetector.of(run)
    if not flat.shape[0] * flat.shape[1]:
        raise OptionError(f"{wanted[0]}: found an image of {flat.shape[1]} x {flat.shape[0]} pixels, expected some")
    if own.tiff:
        check_tiff(flat.shape)
    if run.parameters.curved_detector:
        warn(f"{', '.join(wanted)}: the geometry is that of the flat detector that -curved_det bends")
    if own.cbf and not flat.faces_the_beam:
        warn("--cbf: common header lines cannot say that the detector is tilted; those that begin with nbport_ do")


def write_side_files(own: OwnOptions, run: Run, pixels: np.ndarray) -> None:
    """Write what was asked for.

    Raises
    ------
    OutputError
        At the first file that cannot be written; earlier ones stay.
    """
    for name in NAMES:
        path = getattr(own, name)
        if path:
            _writers()[name](run, pixels, path)
