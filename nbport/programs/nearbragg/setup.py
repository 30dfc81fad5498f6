"""What nearBragg decides before its pixel loop: atoms, detector, sources, sub-pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ...crules.text import ceiling, divide, multiply, to_int, wrap_int
from ...formats.text_table import rows_or_blanks
from ...kernels.scalar import rotate_axis
from ...run import Axis
from ...setup.sampling import extended, plan_spread
from ...setup.sources import divergence_grid
from ...system.files import is_pipe, read_bytes
from ...system.stopping import Stop
from ..console import Session
from ..sizes import complete_roi, count_pixels
from .options import NOT_GIVEN, RTD, Parameters

DELIMITERS = " \t\r,;:!"
LINE_LIMIT = 1023
MISSING = (0.0, 0.0, 0.0, 1.0, 0.0, -90.0)  # x, y, z, occupancy, B, phase (quirk: nearbragg-atoms)
NO_EXTENT = -2e99

cached = njit(cache=True, error_model="numpy")


@dataclass
class Run:
    """A run that is set up."""

    parameters: Parameters  # as resolved
    atoms: np.ndarray  # float64 [atoms, 6]: x, y, z (m), occupancy, B (Angstrom^2), phase (rad)
    hdiv: Axis
    vdiv: Axis
    dispersion: Axis
    depth: Axis
    directions: list[tuple[float, float]]  # rad, horizontal and vertical
    wavelengths: list[float]  # m
    depths: list[float]  # m
    oversample: int
    steps: int  # wraps like a 32-bit int
    progress_pixels: int


def prepare(p: Parameters, session: Session) -> Run:
    """Set up a run. C: nearBragg.c 458-902"""
    say = session.say
    data = read_bytes(p.atomfile, "a list of atoms")
    rows = list(rows_or_blanks(data, MISSING, DELIMITERS, LINE_LIMIT))
    if p.debug:
        for _ in range(rows.count(None)):
            say("blank")
    say("counted %d atoms in %s", len(rows) - rows.count(None), p.atomfile)
    if is_pipe(p.atomfile):
        session.warn(f"{p.atomfile}: a pipe is empty when it is read for the second time: there are no atoms")
        rows = []
    _size_detector(p)
    xmin, xmax, ymin, ymax = p.roi
    hdiv = extended(plan_spread(Axis(p.hdivrange, p.hdivstep, p.hdivsteps)))
    vdiv = extended(plan_spread(Axis(p.vdivrange, p.vdivstep, p.vdivsteps)))
    dispersion = extended(plan_spread(Axis(p.dispersion, -1.0, p.dispsteps)))
    depth = extended(plan_spread(Axis(p.source_depth, -1.0, p.depthsteps)))
    say("reading %s", p.atomfile)
    atoms, extent = _atoms(rows, p, session)
    oversample = _oversample(p, extent, session)
    return Run(
        p, atoms, hdiv, vdiv, dispersion, depth, [], [], [], oversample, 0,
        wrap_int((xmax - xmin + 1) * (ymax - ymin + 1)),
    )  # fmt: skip


def _size_detector(p: Parameters) -> None:
    """Pixels, beam centre, axes, corner and region. C: nearBragg.c 479-520"""
    count_pixels(p)
    if p.Xbeam <= NOT_GIVEN:
        p.Xbeam = (p.detsize_f - p.pixel_size) / 2.0
    if p.Ybeam <= NOT_GIVEN:
        p.Ybeam = (p.detsize_s + p.pixel_size) / 2.0
    if p.detector_twotheta > NOT_GIVEN:
        for name in ("fdet_vector", "sdet_vector", "odet_vector"):
            setattr(p, name, swung(getattr(p, name), p.spindle_vector, p.detector_twotheta))
    if p.pix0_vector is None:
        p.pix0_vector = tuple(
            -p.Xbeam * f - p.Ybeam * s + p.distance * o
            for f, s, o in zip(p.fdet_vector, p.sdet_vector, p.odet_vector, strict=True)
        )
    complete_roi(p)


@cached
def swung(vector, axis, angle):
    """A vector turned about an axis."""
    return rotate_axis(vector, axis, angle)


def _atoms(rows: list[list[float] | None], p: Parameters, session: Session) -> tuple[np.ndarray, float]:
    """Atoms in SI units, and their largest extent along an axis, m. C: nearBragg.c 750-846"""
    atoms = []
    for row in rows:
        if row is None:
            if p.debug:
                session.say("blank")
            continue
        if p.debug:
            session.say("initializing: %d %g %g %g with Z=%g B=%g", len(atoms), *row[:5])
        X, Y, Z, O, B, P = row
        atoms.append((X / 1e10, Y / 1e10, Z / 1e10, O, B, P / RTD))
    extents = []
    for column in range(3):
        low, high = 1e99, -1e99
        for value in (row[column] for row in rows if row is not None):
            high = value if value > high else high
            low = value if value < low else low
        extents.append((high - low) * 1e-10)
    largest = extents[0]
    for extent in extents[1:]:
        largest = extent if largest < extent else largest
    return np.array(atoms).reshape(-1, 6), largest


def _oversample(p: Parameters, extent: float, session: Session) -> int:
    """Sub-pixels along an axis (quirk: nearbragg-oversample). C: nearBragg.c 843-857"""
    reciprocal = divide(p.lambda0 * p.distance, p.pixel_size)
    recommended = to_int(ceiling(divide(3.0 * extent, reciprocal)))
    recommended = 1 if recommended <= 0 else recommended
    if p.oversample <= 0:
        session.say("auto-selected %d-fold oversampling", recommended)
        return recommended
    if p.oversample < recommended:
        session.say(
            "WARNING: atoms extend over %g A, but %g A is what a pixel can tell apart; -oversample %d would do",
            extent * 1e10, reciprocal * 1e10, recommended,
        )  # fmt: skip
    return p.oversample


def plan_sources(run: Run, session: Session) -> None:
    """Directions, wavelengths and depths of the sources. C: nearBragg.c 905-934"""
    p, say = run.parameters, session.say
    run.directions = divergence_grid(run.hdiv, run.vdiv, True, Stop())
    for hdiv, vdiv in run.directions:
        say("divergence deviation: %g %g", hdiv, vdiv)
    spread, depth = run.dispersion, run.depth
    run.wavelengths = [multiply(1.0 + spread.step * tic - spread.range / 2.0, p.lambda0) for tic in range(spread.steps)]
    for tic, wavelength in enumerate(run.wavelengths):
        say("lambda%d = %.15g", tic, wavelength)
    run.depths = [depth.step * tic - depth.range / 2.0 for tic in range(depth.steps)]
    for tic, ddepth in enumerate(run.depths):
        say("depth%d = %g A", tic, ddepth * 1e10)
    run.steps = wrap_int(len(run.directions) * spread.steps * depth.steps * run.oversample * run.oversample)


def say_summary(run: Run, session: Session) -> None:
    """Everything that was decided. C: nearBragg.c 937-953"""
    p, say = run.parameters, session.say
    say("  %d atoms", len(run.atoms))
    say("  wave=%g meters +/- %g%% in %d steps", p.lambda0, run.dispersion.range * 100, run.dispersion.steps)
    say("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)",
        p.distance, p.detsize_f, p.detsize_s, p.pixel_size, p.fpixels, p.spixels)  # fmt: skip
    say("  Xbeam=%g Ybeam=%g", p.Xbeam, p.Ybeam)
    say("  roi: %d < z < %d && %d < y < %d", *p.roi)
    say("  hdivrange=%g hdivstep=%g  radians", run.hdiv.range, run.hdiv.step)
    say("  vdivrange=%g vdivstep=%g  radians", run.vdiv.range, run.vdiv.step)
    say("  %d divergence steps", len(run.directions))
    if p.far_source:
        say("  source is VERY far away")
    else:
        say("  source at %g meters and %g deep in %d depth steps",
            p.source_distance, run.depth.range, run.depth.steps)  # fmt: skip
    say("  %d pixel oversample steps", run.oversample)
    say("  coherent source: %d", int(p.coherent))
