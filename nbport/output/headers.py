"""What headers of CBF, TIFF and EDF have in common, and how fabio is let write a file.

The bytes depend on nothing but the run and the image: files hold no date and no name of a file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..errors import OutputError
from ..flat_detector import FlatDetector
from ..parameters import RTD
from ..system.files import write_file

if TYPE_CHECKING:
    from ..run import Run


def rendered(run: Run) -> np.ndarray:
    """Which pixels are in the region of interest and not masked, bool [spixels, fpixels]."""
    g = run.scene.geometry
    shape = (max(g.spixels, 0), max(g.fpixels, 0))
    inside = np.zeros(shape, bool)
    inside[max(g.roi_ymin, 0) : g.roi_ymax + 1, max(g.roi_xmin, 0) : g.roi_xmax + 1] = True
    if g.mask.size:
        inside &= g.mask[: inside.size].reshape(shape) != 0
    return inside


def geometry_items(run: Run) -> dict[str, str]:
    """The geometry for headers of keys and values: those of the ESRF (m, pixels), and the vectors."""
    p, flat = run.parameters, FlatDetector.of(run)
    fast, slow = flat.beam_centre
    return {
        "Title": f"photons, simulated by nbport {__version__}",
        "WaveLength": repr(flat.wavelength),
        "SampleDistance": repr(flat.beam_distance),
        "PSize_1": repr(p.pixel_size),
        "PSize_2": repr(p.pixel_size),
        "Center_1": repr(fast),
        "Center_2": repr(slow),
        "nbport_phi_deg": repr(p.phi0 * RTD),
        "nbport_osc_deg": repr(run.plan.phi.range * RTD),
        **vectors(run),
    }


def vectors(run: Run) -> dict[str, str]:
    """Where everything is in the laboratory frame; m, or unit vectors."""
    p, d = run.parameters, run.detector
    vectors = {
        "pix0_vector": d.pix0_vector, "fdet_vector": d.fdet_vector, "sdet_vector": d.sdet_vector,
        "odet_vector": d.odet_vector, "beam_vector": p.beam_vector, "spindle_vector": p.spindle_vector,
        "polar_vector": p.polar_vector,
    }  # fmt: skip
    return {f"nbport_{name}": " ".join(map(repr, map(float, vector))) for name, vector in vectors.items()}


def two_dimensional(run: Run, image: np.ndarray) -> np.ndarray:
    """An image as float32 [spixels, fpixels]."""
    return np.asarray(image, np.float32).reshape(FlatDetector.of(run).shape)


def let_write(write: Callable[[str], object], name: str, path: str | os.PathLike) -> None:
    """Let a library write a file of a fixed name, which it may put into the file, and move the content to the path."""
    with tempfile.TemporaryDirectory(prefix="nbport-") as folder:
        made = Path(folder, name)
        try:
            write(str(made))
            content = made.read_bytes()
        except OSError as error:
            raise OutputError(f"{path}: cannot write: {error.strerror or error}") from None
    write_file(path, [content])
