"""Files that our own options write besides those of the reference: a picture, and formats of other programs.

`options/output_formats.py` has a row per format. The module of its name here has `write_NAME(run, image, path)`. It
may have `check_options(parameters)`, for what is known before anything is set up, and `check_image(flat, warn)`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from ..errors import OptionError

if TYPE_CHECKING:
    import numpy as np

    from ..options.scan import OwnOptions
    from ..parameters import Parameters
    from ..run import Run


def _module(name: str) -> ModuleType:
    # imported here: most runs write no such file, and are short
    return import_module(f"{__package__}.{name}")


def _pass(*_: object) -> None:
    """For a format without a check of its own."""


def check_options(own: OwnOptions, p: Parameters) -> None:
    """Before anything is set up: are the packages there, and is the detector one that can be described?

    Raises
    ------
    OptionError
    """
    for name in own.formats:
        getattr(_module(name), "check_options", _pass)(p)


def check(own: OwnOptions, run: Run, warn: Callable[[str], None]) -> None:
    """Before the image is rendered: can what was asked for be written?

    Raises
    ------
    OptionError
        If a package is missing, or the file cannot describe the image.
    """
    check_options(own, run.parameters)
    wanted = [f"--{name}" for name in own.formats]
    if not wanted:
        return
    from ..flat_detector import FlatDetector

    if not run.scene.beam.source_lambda.size:
        raise OptionError(f"{wanted[0]}: found no source, expected one to take the wavelength from")
    flat = FlatDetector.of(run)
    if not flat.shape[0] * flat.shape[1]:
        raise OptionError(f"{wanted[0]}: found an image of {flat.shape[1]} x {flat.shape[0]} pixels, expected some")
    if run.parameters.curved_detector:
        warn(f"{', '.join(wanted)}: the geometry is that of the flat detector that -curved_det bends")
    for name in own.formats:
        getattr(_module(name), "check_image", _pass)(flat, warn)


def write_formats(own: OwnOptions, run: Run, pixels: np.ndarray) -> None:
    """Write what was asked for.

    Raises
    ------
    OutputError
        At the first file that cannot be written; earlier ones stay.
    """
    for name, path in own.formats.items():
        getattr(_module(name), f"write_{name}")(run, pixels, path)
