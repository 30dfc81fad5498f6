"""Runs to export, and what is known of them without the code that writes the files.

Where pixels are is what a trace says, which is the C program's own arithmetic. Where the beam, its E vector and the
spindle point to is written down here, by hand, for each convention.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import numpy as np

import nbport
from c_reference.cases import HERE

ROOT = HERE.parent
SLOW, FAST = 20, 30  # pixels
PIXEL = 0.5e-3  # m
EXPOSURE, FLUX, BEAM_SIZE = 0.25, 2e12, 0.05e-3  # s, photons/s, m
WAVELENGTH, KAHN, PHI, OSC = 1.1, 0.8, 10.0, 2.0  # Angstrom, -, degrees
THICKNESS = 320e-6  # m
OPTIONS = (
    "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -oversample 1 -seed 1 -lambda 1.1 -distance 80 -detpixels_x 30"
    " -detpixels_y 20 -pixel 0.5 -Xbeam 7 -Ybeam 4 -phi 10 -osc 2 -phisteps 2 -exposure 0.25 -flux 2e12 -beamsize 0.05"
    " -polar 0.8 -detector_thick 320 -detector_abs 250 -nonoise"
)


class Convention(NamedTuple):
    """Options, and what they mean: directions in the laboratory frame."""

    options: str
    beam: tuple[float, ...]
    E_vector: tuple[float, ...]
    spindle: tuple[float, ...]


ALONG_X = (1, 0, 0), (0, 0, 1), (0, 0, 1)
ALONG_Z = (0, 0, 1), (1, 0, 0), (1, 0, 0)
CONVENTIONS = {
    "mosflm": Convention("-mosflm", *ALONG_X),
    "denzo": Convention("-denzo", *ALONG_X),
    "xds": Convention("-xds", *ALONG_Z),
    "adxv": Convention("-adxv", *ALONG_Z),
    "dials": Convention("-dials", (0, 0, 1), (0, 1, 0), (0, 1, 0)),
    # turned by atan(3/4) about y, with the axes of the detector along other lines than those of the beam
    "custom": Convention(
        "-beam_vector 0.6 0 0.8 -fdet_vector 0 -1 0 -sdet_vector 0.8 0 -0.6 -odet_vector 0.6 0 0.8"
        " -spindle_axis 0 0.6 0.8 -polar_vector 0.8 0 -0.6",
        (0.6, 0, 0.8),
        (0.8, 0, -0.6),
        (0, 0.6, 0.8),
    ),
}
TILTS = {
    "facing": "",
    "tilted": "-detector_rotx 3 -detector_roty 4 -detector_rotz 5",
    "two-theta": "-twotheta 20",
    "both": "-twotheta 20 -detector_rotx 3 -detector_roty 4 -detector_rotz 5",
}
UNITS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "rad": 1.0, "deg": np.pi / 180.0}  # of NeXus files
CORNERS = ((0, 0), (0, FAST - 1), (SLOW - 1, 0))
PIXELS = (*CORNERS, (SLOW - 1, FAST - 1), (7, 11))  # (slow, fast)


class Known(NamedTuple):
    """A run, and its pixels by the trace."""

    result: nbport.Result
    convention: Convention
    positions: dict[tuple[int, int], np.ndarray]  # centre of a pixel in the laboratory frame, m
    polarization: dict[tuple[int, int], float]  # factor of a pixel

    def plane(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Outer corner of the first pixel, and a step along a fast and a slow row of pixels; m."""
        first, along, below = (self.positions[corner] for corner in CORNERS)
        fast, slow = (along - first) / (FAST - 1), (below - first) / (SLOW - 1)
        return first - (fast + slow) / 2, fast, slow

    def beam_meets(self) -> tuple[float, float, float]:
        """Fast and slow place, in pixels, where the beam meets the detector, and how far that is from the sample, m."""
        corner, fast, slow = self.plane()
        return tuple(np.linalg.solve(np.transpose([-fast, -slow, self.convention.beam]), corner))


@cache
def known(convention: str, tilt: str = "facing", more: str = "") -> Known:
    """The run of a convention, tilt and further options."""
    chosen = CONVENTIONS[convention]
    options = f"{OPTIONS} {chosen.options} {TILTS[tilt]} {more}".split()
    traces = nbport.trace(options, *PIXELS)
    places = [(trace.spixel, trace.fpixel) for trace in traces]
    positions = {place: trace["pixel_pos"][0] for place, trace in zip(places, traces, strict=True)}
    polarization = {place: float(trace["polar"][-1]) for place, trace in zip(places, traces, strict=True)}
    return Known(nbport.render(options), chosen, positions, polarization)


def documented(section: str) -> dict[str, str]:
    """Names of fields that a section of the documentation lists, and their units."""
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", text.split(f"\n## {section}\n")[1].split("\n## ")[0], re.MULTILINE)
    units = {name: unit for names, unit in rows for name in re.findall("`(.*?)`", names)}
    assert len(units) == sum(names.count("`") for names, _ in rows) // 2
    return units


def matrix(axis):
    """What an axis does, [4, 4], by the definition of NXtransformations; m."""
    vector = np.asarray(axis.attrs["vector"], float)
    value = float(np.ravel(axis[()])[0]) * UNITS[axis.attrs["units"]]
    step = np.eye(4)
    step[:3, 3] = np.asarray(axis.attrs.get("offset", np.zeros(3))) * UNITS[axis.attrs.get("offset_units", "m")]
    if axis.attrs["transformation_type"] == "translation":
        step[:3, 3] += value * vector / np.linalg.norm(vector)
    else:
        x, y, z = vector / np.linalg.norm(vector)
        across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        step[:3, :3] += np.sin(value) * across + (1 - np.cos(value)) * across @ across
    return step


def chain(file, group, path):
    """The product of an axis and everything that it depends on, [4, 4]."""
    total = np.eye(4)
    while path != ".":
        axis = (file if path.startswith("/") else group)[path]
        total = matrix(axis) @ total
        group, path = axis.parent, axis.attrs["depends_on"]
    return total


def place(file, slow, fast):
    """Where a point, in pixels, is in the frame of the file, m."""
    module = file["/entry/instrument/detector/module"]
    axes = (module["fast_pixel_direction"], module["slow_pixel_direction"])
    point = np.zeros(3)
    for axis, count in zip(axes, (fast, slow), strict=True):
        point += count * matrix(axis)[:3, 3]
    return (chain(file, module, axes[0].attrs["depends_on"]) @ [*point, 1.0])[:3]
