"""Where the detector is: axes by convention, pivot, rotations, beam centre, near point."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isnan
from typing import NamedTuple

from numba import njit

from ..compilation.nan_signs import careful
from ..crules.text import DBL_MIN, add
from ..kernels.scalar import dot_product, rotate, rotate_axis, unitize
from ..parameters import Convention, Parameters, Pivot, Vector
from ..run import Detector
from .sizes import near_point

cached = njit(cache=True, error_model="numpy")

# beam, fdet, sdet, odet, twotheta axis, polar, spindle; every convention but custom
AXES: dict[Convention, tuple[Vector, ...]] = {
    Convention.ADXV: ((0, 0, 1), (1, 0, 0), (0, -1, 0), (0, 0, 1), (-1, 0, 0), (1, 0, 0), (1, 0, 0)),
    Convention.MOSFLM: ((1, 0, 0), (0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 0, -1), (0, 0, 1), (0, 0, 1)),
    Convention.DENZO: ((1, 0, 0), (0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 0, -1), (0, 0, 1), (0, 0, 1)),
    Convention.XDS: ((0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 0, 0), (1, 0, 0)),
    Convention.DIALS: ((0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 0), (0, 1, 0), (0, 1, 0)),
}
AXIS_NAMES = (
    "beam_vector", "fdet_vector", "sdet_vector", "odet_vector", "twotheta_axis", "polar_vector", "spindle_vector",
)  # fmt: skip


@dataclass
class Frame:
    """Parameters with the axes and beam centre of their convention, before the detector is turned."""

    parameters: Parameters
    Fbeam: float  # m, where the beam meets the detector
    Sbeam: float
    Fclose: float  # m, the point nearest to the sample
    Sclose: float
    polarization_normal: Vector
    vert_vector: Vector


class Straight(NamedTuple):
    """Normalized axes."""

    beam_vector: Vector
    fdet_vector: Vector
    sdet_vector: Vector
    odet_vector: Vector
    polar_vector: Vector
    spindle_vector: Vector
    polarization_normal: Vector  # of the plane of polarization; not normalized
    vert_vector: Vector
    odet_was_unit: bool


def choose_convention(given: Parameters, say: Callable[..., None]) -> Frame:
    """Axes, pivot and beam centre by convention, axes normalized. C: 1156-1272

    Every convention but custom overrules the vectors and the pivot that were given
    (quirk: convention-overrules).
    """
    Fclose, Sclose = near_point(given)
    p = replace(given)
    p.Xclose = Fclose if isnan(p.Xclose) else p.Xclose
    p.Yclose = Sclose if isnan(p.Yclose) else p.Yclose
    if p.convention is not Convention.CUSTOM:
        for name, axis in zip(AXIS_NAMES, AXES[p.convention], strict=True):
            setattr(p, name, tuple(float(x) for x in axis))
    Fbeam, Sbeam = _beam_centre(p)
    if p.convention is Convention.CUSTOM:
        Fclose, Sclose = p.Xbeam, p.Ybeam
    straight = straighten(p.beam_vector, p.fdet_vector, p.sdet_vector, p.odet_vector, p.polar_vector, p.spindle_vector)
    if not straight.odet_was_unit:
        say("WARNING: odet_vector is no unit vector; taken perpendicular to the other two")
    for name in ("beam_vector", "fdet_vector", "sdet_vector", "odet_vector", "polar_vector", "spindle_vector"):
        setattr(p, name, getattr(straight, name))
    return Frame(p, Fbeam, Sbeam, Fclose, Sclose, straight.polarization_normal, straight.vert_vector)


def _beam_centre(p: Parameters) -> tuple[float, float]:
    """Fill in Xbeam and Ybeam, set the pivot; return Fbeam and Sbeam. C: 1172-1257"""
    pixel = p.pixel_size

    def default(x: float, y: float) -> None:
        if p.header_beam is not None:
            x, y = _undo(p)
        p.Xbeam = x if isnan(p.Xbeam) else p.Xbeam
        p.Ybeam = y if isnan(p.Ybeam) else p.Ybeam

    if p.convention is Convention.ADXV:
        default(add(p.detsize_f, pixel) / 2.0, (p.detsize_s - pixel) / 2.0)
        p.pivot = Pivot.BEAM
        return p.Xbeam, p.detsize_s - p.Ybeam
    if p.convention in (Convention.MOSFLM, Convention.DENZO):
        default(add(p.detsize_s, pixel) / 2.0, add(p.detsize_f, pixel) / 2.0)
        p.pivot = Pivot.BEAM
        shift = 0.5 if p.convention is Convention.MOSFLM else 0.0
        return add(p.Ybeam, shift * pixel), add(shift * pixel, p.Xbeam)
    default(p.Xclose, p.Yclose)
    if p.convention is not Convention.CUSTOM:
        p.pivot = Pivot.SAMPLE
    return p.Xbeam, p.Ybeam


def _undo(p: Parameters) -> tuple[float, float]:
    """The Xbeam and Ybeam of a convention that make Fbeam and Sbeam those of a header."""
    Fbeam, Sbeam = p.header_beam
    if p.convention is Convention.ADXV:
        return Fbeam, p.detsize_s - Sbeam
    if p.convention in (Convention.MOSFLM, Convention.DENZO):
        shift = 0.5 * p.pixel_size if p.convention is Convention.MOSFLM else 0.0
        return Sbeam - shift, Fbeam - shift
    return Fbeam, Sbeam


@careful
@cached
def straighten(beam_vector, fdet_vector, sdet_vector, odet_vector, polar_vector, spindle_vector):
    """Normalize the axes; the two-theta axis is not (quirk: twotheta-axis-length). C: 1259-1272"""
    _, beam = unitize(beam_vector)
    _, fdet = unitize(fdet_vector)
    _, sdet = unitize(sdet_vector)
    length, odet = unitize(odet_vector)
    if length != 1.0:
        _, odet = unitize(
            (
                sdet[2] * fdet[1] - fdet[2] * sdet[1],
                sdet[0] * fdet[2] - fdet[0] * sdet[2],
                sdet[1] * fdet[0] - fdet[1] * sdet[0],
            )
        )
    _, polar = unitize(polar_vector)
    _, spindle = unitize(spindle_vector)
    b1, b2, b3 = beam
    p1, p2, p3 = polar
    normal = (b2 * p3 - b3 * p2, b3 * p1 - b1 * p3, b1 * p2 - p1 * b2)
    _, vert = unitize(normal)
    return Straight(beam, fdet, sdet, odet, polar, spindle, normal, vert, length == 1.0)


def orient_detector(frame: Frame) -> Detector:
    """Turn the detector and find beam centre, near point and distances again. C: 1709-1776"""
    p = frame.parameters
    return place_detector(
        (p.fdet_vector, p.sdet_vector, p.odet_vector),
        p.beam_vector,
        (p.detector_rotx, p.detector_roty, p.detector_rotz),
        p.twotheta_axis,
        p.detector_twotheta,
        p.pivot is Pivot.SAMPLE,
        (frame.Fbeam, frame.Sbeam, frame.Fclose, frame.Sclose),
        p.distance,
        p.close_distance,
        p.pixel_size,
    )


@careful
@cached
def place_detector(
    axes,
    beam_vector,
    rotations,
    twotheta_axis,
    twotheta,
    pivot_on_sample,
    centres,
    distance,
    close_distance,
    pixel_size,
):
    """The arithmetic of `orient_detector`. C: 1709-1776"""
    fdet, sdet, odet = axes
    rotx, roty, rotz = rotations
    Fbeam, Sbeam, Fclose, Sclose = centres
    ratio = dot_product(beam_vector, rotate(odet, rotx, roty, rotz))
    if ratio == 0.0:
        ratio = DBL_MIN
    if math.isnan(close_distance):
        close_distance = math.fabs(ratio * distance)
    distance = close_distance / ratio
    pix0 = (0.0, 0.0, 0.0)
    if pivot_on_sample:
        pix0 = (
            -Fclose * fdet[0] - Sclose * sdet[0] + close_distance * odet[0],
            -Fclose * fdet[1] - Sclose * sdet[1] + close_distance * odet[1],
            -Fclose * fdet[2] - Sclose * sdet[2] + close_distance * odet[2],
        )
        pix0 = rotate_axis(rotate(pix0, rotx, roty, rotz), twotheta_axis, twotheta)
    fdet = rotate_axis(rotate(fdet, rotx, roty, rotz), twotheta_axis, twotheta)
    sdet = rotate_axis(rotate(sdet, rotx, roty, rotz), twotheta_axis, twotheta)
    odet = rotate_axis(rotate(odet, rotx, roty, rotz), twotheta_axis, twotheta)
    if not pivot_on_sample:
        pix0 = (
            -Fbeam * fdet[0] - Sbeam * sdet[0] + distance * beam_vector[0],
            -Fbeam * fdet[1] - Sbeam * sdet[1] + distance * beam_vector[1],
            -Fbeam * fdet[2] - Sbeam * sdet[2] + distance * beam_vector[2],
        )
    Fclose = -dot_product(pix0, fdet)
    Sclose = -dot_product(sdet, pix0)
    close_distance = dot_product(odet, pix0)
    distance = close_distance / ratio
    to_beam = (
        beam_vector[0] * distance - pix0[0],
        distance * beam_vector[1] - pix0[1],
        beam_vector[2] * distance - pix0[2],
    )
    return Detector(
        fdet,
        sdet,
        odet,
        pix0,
        distance,
        close_distance,
        Fclose,
        Sclose,
        dot_product(fdet, to_beam),
        dot_product(to_beam, sdet),
        Fclose / pixel_size + 0.5,
        Sclose / pixel_size + 0.5,
        (
            1000.0 * dot_product(pix0, (0.0, 0.0, 1.0)),
            1000.0 * dot_product(pix0, (0.0, 1.0, 0.0)),
            1000.0 * (pix0[1] * 0.0 - pix0[0] + pix0[2] * 0.0),
        ),
        (
            fdet[1] * beam_vector[1] + beam_vector[0] * fdet[0] + beam_vector[2] * fdet[2],
            sdet[1] * beam_vector[1] + beam_vector[0] * sdet[0] + beam_vector[2] * sdet[2],
            beam_vector[0] * odet[0] + odet[1] * beam_vector[1] + odet[2] * beam_vector[2],
        ),
    )
