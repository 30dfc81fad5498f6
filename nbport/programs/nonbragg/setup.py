"""What nonBragg decides before its pixel loop: sizes, sample, axes, detector, table, sources."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from ...crules.text import DBL_MIN, divide, multiply, wrap_int
from ...errors import InputError
from ...formats.text_table import read_table_file
from ...kernels.scalar import cross_product, dot_product, rotate, unitize
from ...kernels.scene import Geometry
from ...parameters import Pivot
from ...run import Detector, SamplingPlan
from ...setup.detector import place_detector
from ...setup.sampling import plan_sampling
from ...setup.sources import read_sources, source_rows
from ...system.stopping import Stop
from ..console import Session
from ..sizes import complete_roi, count_pixels
from .options import Parameters

AVOGADRO = 6.02214179e23
SPARE = 6  # entries behind the table that are no numbers

cached = njit(cache=True, error_model="numpy")


@dataclass
class Run:
    """A run that is set up."""

    parameters: Parameters  # as resolved
    detector: Detector
    plan: SamplingPlan
    geometry: Geometry
    stol_of: np.ndarray  # 1/m, float64 [stols + SPARE]
    Fbg_of: np.ndarray
    stols: int
    sources: np.ndarray  # float64 [sources, 5]: x, y, z, weight, wavelength
    divsteps: int
    oversample: int
    steps: int  # wraps like a 32-bit int
    progress_pixels: int


def prepare(p: Parameters, session: Session) -> Run:
    """Set up a run. C: nonBragg.c 827-1378"""
    say = session.say
    _size_detector(p)
    _weigh_sample(p, session)
    beam, fdet, sdet, odet, polar, vert = straighten(p.beam_vector, p.fdet_vector, p.sdet_vector, p.polar_vector)
    p.beam_vector, p.fdet_vector, p.sdet_vector, p.odet_vector, p.polar_vector = beam, fdet, sdet, odet, polar
    plan = plan_sampling(p, say)
    p.osc = plan.phi.range
    placed = _place(p, session)
    say("reading %s", p.stol)
    stol_of, Fbg_of, stols = read_table(p)
    from_file = read_sources(p, p.source_distance)
    sources, divsteps = source_rows(p, plan, from_file, vert, say, Stop(), p.source_distance, 1.0)
    oversample = p.oversample if p.oversample > 0 else 1
    xmin, xmax, ymin, ymax = p.roi
    return Run(
        p, placed, plan, _geometry(p, placed, oversample), stol_of, Fbg_of, stols, sources, divsteps, oversample,
        wrap_int(len(sources) * oversample * oversample), wrap_int((xmax - xmin + 1) * (ymax - ymin + 1)),
    )  # fmt: skip


def _size_detector(p: Parameters) -> None:
    """Pixels, near point, beam centre and region (quirk: nonbragg-sizes). C: nonBragg.c 827-856"""
    count_pixels(p)
    if not math.isnan(p.ORGX):
        p.Xclose = p.ORGX * p.pixel_size
    if not math.isnan(p.ORGY):
        p.Yclose = p.ORGY * p.pixel_size
    if math.isnan(p.Xclose):
        p.Xclose = (p.detsize_f - p.pixel_size) / 2.0
    if math.isnan(p.Yclose):
        p.Yclose = (p.detsize_s + p.pixel_size) / 2.0
    p.Xbeam = p.Xclose if math.isnan(p.Xbeam) else p.Xbeam
    p.Ybeam = p.Yclose if math.isnan(p.Ybeam) else p.Ybeam
    complete_roi(p)


def _weigh_sample(p: Parameters, session: Session) -> None:
    """Fluence, the part of the sample in the beam, and its molecules. C: nonBragg.c 858-878"""
    if p.flux != 0.0 and p.exposure > 0.0 and p.beamsize >= 0:
        p.fluence = divide(divide(p.flux * p.exposure, p.beamsize), p.beamsize)
    if p.beamsize >= 0:
        for name, extent in (("sample_y", "high"), ("sample_z", "wide")):
            if p.beamsize < getattr(p, name):
                session.say("WARNING: sample of %g m %s is cut to the beam, %g m", getattr(p, name), extent, p.beamsize)
                setattr(p, name, p.beamsize)
    volume = p.sample_x * p.sample_y * p.sample_z
    if p.molecules != 0:
        p.density = divide(divide(p.molecules, volume), AVOGADRO) * p.molecular_weight
    p.molecules = divide(volume * p.density * AVOGADRO, p.molecular_weight)


@cached
def straighten(beam_vector, fdet_vector, sdet_vector, polar_vector):
    """Unit vectors; the detector's normal is that of its axes. C: nonBragg.c 880-889"""
    _, beam = unitize(beam_vector)
    _, fdet = unitize(fdet_vector)
    _, sdet = unitize(sdet_vector)
    _, odet = unitize(cross_product(fdet, sdet))
    _, polar = unitize(polar_vector)
    _, vert = unitize(cross_product(beam, polar))
    return beam, fdet, sdet, odet, polar, vert


@cached
def distance_ratio(beam_vector, odet_vector, rotx, roty, rotz):
    """Cosine of the angle between the beam and the detector's normal. C: nonBragg.c 1173-1176"""
    return dot_product(beam_vector, rotate(odet_vector, rotx, roty, rotz))


def _place(p: Parameters, session: Session) -> Detector:
    """Turn the detector, as nanoBragg does; only a negative distance stays negative here. C: nonBragg.c 1169-1221"""
    rotations = (p.detector_rotx, p.detector_roty, p.detector_rotz)
    if math.isnan(p.close_distance):
        ratio = distance_ratio(p.beam_vector, p.odet_vector, *rotations)
        p.close_distance = (DBL_MIN if ratio == 0.0 else ratio) * p.distance
    on_sample = p.pivot is Pivot.SAMPLE
    session.say("pivoting detector around %s", "sample" if on_sample else "direct beam spot")
    centres = (p.Xbeam, p.Ybeam, p.Xclose, p.Yclose)
    placed = place_detector(
        (p.fdet_vector, p.sdet_vector, p.odet_vector), p.beam_vector, rotations, p.twotheta_axis, p.detector_twotheta,
        on_sample, centres, p.distance, p.close_distance, p.pixel_size,
    )  # fmt: skip
    p.Xclose, p.Yclose = placed.Fclose, placed.Sclose
    p.Xbeam, p.Ybeam = placed.Fbeam, placed.Sbeam
    p.distance, p.close_distance = placed.distance, placed.close_distance
    return placed


def read_table(p: Parameters) -> tuple[np.ndarray, np.ndarray, int]:
    """Abscissa and structure factors with two points of padding at both ends. C: nonBragg.c 1225-1258

    Structure factors that are missing are 0. The padding has those of the first and the last one that is not,
    0 and NaN if there is none.

    Returns
    -------
    (stol_of, Fbg_of: float64 [points + SPARE], number of points with padding)
    """
    rows = read_table_file(p.stol, "a table of scattering", 2)
    if not rows:
        raise InputError(f"{p.stol}: no data, expected rows of: sin(theta)/lambda F")
    stols = len(rows) + 4
    stol_of, Fbg_of = np.full(stols + SPARE, math.nan), np.full(stols + SPARE, math.nan)
    given = [F for _, F in rows if not math.isnan(F)]
    F_lowangle, F_highangle = (given[0], given[-1]) if given else (0.0, math.nan)
    stol_of[:2], stol_of[stols - 2 : stols] = (-1e99, -1e98), (1e98, 1e99)
    Fbg_of[:2], Fbg_of[stols - 2 : stols] = F_lowangle, F_highangle
    stol_of[2 : stols - 2] = [multiply(stol, p.stol_file_mult) for stol, _ in rows]
    Fbg_of[2 : stols - 2] = [0.0 if math.isnan(F) else F for _, F in rows]
    return stol_of, Fbg_of, stols


def _geometry(p: Parameters, d: Detector, oversample: int) -> Geometry:
    return Geometry(
        p.fpixels, p.spixels, oversample, p.pixel_size, p.pixel_size / oversample,
        d.fdet_vector, d.sdet_vector, d.odet_vector, d.pix0_vector, p.beam_vector, d.distance, d.close_distance,
        int(p.curved_detector), int(p.point_pixel), 0.0, 0.0, 1, 0.0, *p.roi, np.empty(0, np.uint16),
    )  # fmt: skip


def say_summary(run: Run, seed: int, session: Session) -> None:
    """Everything that was decided. C: nonBragg.c 1380-1413"""
    p, d, plan, say = run.parameters, run.detector, run.plan, session.say
    say("  %d initialized F points (will cubic-spline interpolate between them)", run.stols)
    say("  wave=%g meters +/- %g%% in %d steps", p.lambda0, plan.dispersion.range * 100, plan.dispersion.steps)
    if p.nopolar:
        say("  polarization effect disabled")
    else:
        say("  Kahn polarization factor: %f", p.polarization)
    if p.curved_detector:
        say("  curved detector: all pixels same distance from origin")
    if p.point_pixel:
        say("  pixel obliquity effect disabled")
    if p.Fmap:
        say("  Fmap mode: plotting structure factor at every pixel")
    say("  incident fluence: %g photons/m^2", p.fluence)
    say("  sample is %g m thick x %g m high x %g m wide, %g g/cm^3 and %g g/mol (%g molecules)",
        p.sample_x, p.sample_y, p.sample_z, p.density / 1e6, p.molecular_weight, p.molecules)  # fmt: skip
    say("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)",
        p.distance, p.detsize_f, p.detsize_s, p.pixel_size, p.fpixels, p.spixels)  # fmt: skip
    say("  Xbeam=%g Ybeam=%g", p.Xbeam, p.Ybeam)
    say("  detector origin: %g %g %g", *d.pix0_vector)
    say("  DIRECTION_OF_DETECTOR_X-AXIS= %g %g %g", *d.fdet_vector)
    say("  DIRECTION_OF_DETECTOR_Y-AXIS= %g %g %g", *d.sdet_vector)
    say("  INCIDENT_BEAM_DIRECTION= %g %g %g", *p.beam_vector)
    say("  POLARIZATION_PLANE_NORMAL= %g %g %g", *p.polar_vector)
    say("  roi: %d < x < %d && %d < y < %d", *p.roi)
    say("  hdivrange=%g hdivstep=%g  radians", plan.hdiv.range, plan.hdiv.step)
    say("  vdivrange=%g vdivstep=%g  radians", plan.vdiv.range, plan.vdiv.step)
    say("  %d divergence steps", run.divsteps)
    say("  %d sources", len(run.sources))
    say("  %d pixel oversample steps", run.oversample)
    if p.calculate_noise:
        say("\n  noise image paramters:")
        say("  seed: %d", seed)
