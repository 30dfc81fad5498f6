"""The float image in formats of other programs: CBF, TIFF and EDF, written by fabio, with the geometry in the header.

Each writer is a function of a run that is set up, an image and a path. The bytes depend on nothing else: files hold no
date and no name of a file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..errors import OptionError, OutputError
from ..flat_detector import FlatDetector
from ..parameters import RTD
from ..system.files import write_file

if TYPE_CHECKING:
    from ..run import Run

NOT_RENDERED, NOT_A_NUMBER = -1, -2  # in integer images, as detectors mark gaps and bad pixels
INT_MAX = 2**31 - 1
LARGEST_TIFF = 2**32 - 2**16  # bytes of pixels, which leaves room for the description


def write_cbf(run: Run, image: np.ndarray, path: str | os.PathLike) -> None:
    """Write whole photons as a mini-CBF, byte-offset compressed.

    Parameters
    ----------
    run : Run
        That made the image.
    image : float32 [spixels, fpixels] or [spixels * fpixels]
        Photons.
    path : path

    Raises
    ------
    OutputError
        If the file cannot be written.

    Notes
    -----
    CBF's compression is for whole numbers, so pixels are rounded: see `whole_photons`. The header has the keywords of
    Dectris' detectors, which say nothing of a detector that does not face the beam; `nbport_` lines say it.
    """
    from fabio.cbfimage import CbfImage

    header = {
        "_array_data.header_convention": "GENERIC_MINI",
        "_array_data.header_contents": "\r\n".join(f"# {line}" for line in mini_cbf_header(run)),
    }
    _write(CbfImage(data=whole_photons(run, image), header=header).write, "image.cbf", path)


def write_tiff(run: Run, image: np.ndarray, path: str | os.PathLike) -> None:
    """Write the float image as a TIFF of 32-bit floats, its geometry in the description. Parameters as `write_cbf`."""
    check_tiff(FlatDetector.of(run).shape)
    from fabio.TiffIO import TiffIO

    def write(name: str) -> None:
        with TiffIO(name, mode="wb+") as tiff:
            tiff.writeImage(_two_dimensional(run, image), info=geometry_items(run), software=f"nbport {__version__}")

    _write(write, "image.tif", path)


def check_tiff(shape: tuple[int, int]) -> None:
    """Refuse an image that no TIFF can hold, whose places in the file are 32-bit numbers.

    Raises
    ------
    OptionError
    """
    size = 4 * shape[0] * shape[1]
    if size > LARGEST_TIFF:
        raise OptionError(f"TIFF: found an image of {size} bytes, expected at most {LARGEST_TIFF}; EDF can hold it")


def write_edf(run: Run, image: np.ndarray, path: str | os.PathLike) -> None:
    """Write the float image as an EDF of 32-bit floats, its geometry in the header. Parameters as `write_cbf`."""
    from fabio.edfimage import EdfImage

    _write(EdfImage(data=_two_dimensional(run, image), header=geometry_items(run)).write, "image.edf", path)


def whole_photons(run: Run, image: np.ndarray) -> np.ndarray:
    """The float image times -scale, or times 1 if that was not given, rounded to int32 [spixels, fpixels].

    There is no pedestal. Pixels that a mask or the region of interest left out are -1, NaNs are -2, and what is more
    than an int32 holds is its largest value.
    """
    pixels = _two_dimensional(run, image).astype(np.float64) * cbf_scale(run)
    whole = np.rint(np.clip(np.nan_to_num(pixels, nan=NOT_A_NUMBER), NOT_A_NUMBER, INT_MAX)).astype(np.int32)
    whole[~rendered(run)] = NOT_RENDERED
    return whole


def cbf_scale(run: Run) -> float:
    """What photons are multiplied by in a CBF."""
    scale = run.parameters.intfile_scale
    return scale if scale > 0.0 else 1.0


def rendered(run: Run) -> np.ndarray:
    """Which pixels are in the region of interest and not masked, bool [spixels, fpixels]."""
    g = run.scene.geometry
    shape = (max(g.spixels, 0), max(g.fpixels, 0))
    inside = np.zeros(shape, bool)
    inside[max(g.roi_ymin, 0) : g.roi_ymax + 1, max(g.roi_xmin, 0) : g.roi_xmax + 1] = True
    if g.mask.size:
        inside &= g.mask[: inside.size].reshape(shape) != 0
    return inside


def mini_cbf_header(run: Run) -> list[str]:
    """Lines of a mini-CBF header, without their number signs."""
    p, flat = run.parameters, FlatDetector.of(run)
    phi = run.plan.phi
    lines = [
        f"Detector: GENERIC, simulated by nbport {__version__}",
        f"Pixel_size {p.pixel_size!r} m x {p.pixel_size!r} m",
    ]
    if run.plan.thick.range > 0.0:
        lines.append(f"Silicon sensor, thickness {run.plan.thick.range!r} m")
    return [
        *lines,
        f"Exposure_time {p.exposure!r} s",
        f"Exposure_period {p.exposure!r} s",
        f"Count_cutoff {INT_MAX} counts",
        f"Wavelength {1e10 * flat.wavelength!r} A",
        f"Detector_distance {flat.beam_distance!r} m",
        "Beam_xy ({!r}, {!r}) pixels".format(*flat.beam_centre),
        f"Start_angle {p.phi0 * RTD!r} deg.",
        f"Angle_increment {phi.range * RTD!r} deg.",
        f"Detector_2theta {p.detector_twotheta * RTD!r} deg.",
        *([] if p.nopolar else [f"Polarization {(1.0 + p.polarization) / 2.0!r}"]),
        f"nbport_scale {cbf_scale(run)!r} counts a photon",
        *(f"{key} {value}" for key, value in _vectors(run).items()),
    ]


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
        **_vectors(run),
    }


def _vectors(run: Run) -> dict[str, str]:
    """Where everything is in the laboratory frame; m, or unit vectors."""
    p, d = run.parameters, run.detector
    vectors = {
        "pix0_vector": d.pix0_vector, "fdet_vector": d.fdet_vector, "sdet_vector": d.sdet_vector,
        "odet_vector": d.odet_vector, "beam_vector": p.beam_vector, "spindle_vector": p.spindle_vector,
        "polar_vector": p.polar_vector,
    }  # fmt: skip
    return {f"nbport_{name}": " ".join(map(repr, map(float, vector))) for name, vector in vectors.items()}


def _two_dimensional(run: Run, image: np.ndarray) -> np.ndarray:
    return np.asarray(image, np.float32).reshape(FlatDetector.of(run).shape)


def _write(write: Callable[[str], object], name: str, path: str | os.PathLike) -> None:
    """Let a library write a file of a fixed name, which it may put into the file, and move the content to the path."""
    with tempfile.TemporaryDirectory(prefix="nbport-") as folder:
        made = Path(folder, name)
        try:
            write(str(made))
            content = made.read_bytes()
        except OSError as error:
            raise OutputError(f"{path}: cannot write: {error.strerror or error}") from None
    write_file(path, [content])
