"""Whole photons as a mini-CBF, with the geometry in the header."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..flat_detector import FlatDetector
from ..parameters import RTD
from .headers import let_write, rendered, two_dimensional, vectors

if TYPE_CHECKING:
    from ..run import Run

NOT_RENDERED, NOT_A_NUMBER = -1, -2  # as detectors mark gaps and bad pixels
INT_MAX = 2**31 - 1


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
    let_write(CbfImage(data=whole_photons(run, image), header=header).write, "image.cbf", path)


def whole_photons(run: Run, image: np.ndarray) -> np.ndarray:
    """The float image times -scale, or times 1 if that was not given, rounded to int32 [spixels, fpixels].

    There is no pedestal. Pixels that a mask or the region of interest left out are -1, NaNs are -2, and what is more
    than an int32 holds is its largest value.
    """
    pixels = two_dimensional(run, image).astype(np.float64) * cbf_scale(run)
    whole = np.rint(np.clip(np.nan_to_num(pixels, nan=NOT_A_NUMBER), NOT_A_NUMBER, INT_MAX)).astype(np.int32)
    whole[~rendered(run)] = NOT_RENDERED
    return whole


def cbf_scale(run: Run) -> float:
    """What photons are multiplied by in a CBF."""
    scale = run.parameters.intfile_scale
    return scale if scale > 0.0 else 1.0


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
        *(f"{key} {value}" for key, value in vectors(run).items()),
    ]


if TYPE_CHECKING:
    from ..run import Run


def check_image(flat: FlatDetector, warn: Callable[[str], None]) -> None:
    """Warn of a detector that common header lines cannot describe."""
    if not flat.faces_the_beam:
        warn("--cbf: common header lines cannot say that the detector is tilted; those that begin with nbport_ do")
