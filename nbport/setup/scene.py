"""From parameters to a scene: the reference's set-up, section by section.

`begin` and `prepare` say what the reference says on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from .. import log
from ..crules.random import new_table
from ..crules.text import multiply, wrap_int
from ..formats.fdump import of_grid
from ..kernels.scalar import vector_scale
from ..kernels.scene import Beam, Crystal, Fgrid, Geometry, Sampling, Scene
from ..parameters import Parameters, Pivot
from ..run import Cell, Detector, Run, SamplingPlan, Timing
from ..system.stopping import Stop
from . import crystal, detector, mask, mosaic, sampling, sizes, sources, structure_factors

R_E_SQR = 7.94079248018965e-30  # m^2
WATER_F = 2.57  # electrons, forward scattering of a water molecule
WATER_MW = 18.0  # g/mol


def begin(given: Parameters, say: log.Say) -> detector.Frame:
    """The part of the set-up that comes before the banner and the check for missing input. C: 1118-1272"""
    return detector.choose_convention(sizes.fill_blanks(given, say), say)


def prepare(
    frame: detector.Frame,
    say: log.Say,
    timing: Timing,
    load: structure_factors.Load = structure_factors.load_structure_factors,
    warn: Callable[[str], None] = lambda text: None,
    keeps_log: bool = False,
    stop: Stop | None = None,
) -> Run:
    """Set up a run. C: 1381-2515

    Parameters
    ----------
    frame : Frame
        From `begin`.
    say : callable
        Gets every line of the log as a printf template and its values.
    timing : Timing
    load : callable
        Gives the structure factors.
    warn : callable
        Is told of counts that make a long log, and a long run, before the log is written.
    keeps_log : bool
        Whether `say` keeps the lines in memory.
    stop : Stop, optional

    Raises
    ------
    InputError
        If an input file cannot be used.
    CancelledError
        If it was stopped.
    """
    stop = stop or Stop()
    p = frame.parameters
    clock = -int(time.time())
    table = new_table()
    seen_mask = mask.Mask(p)
    with timing.part("setup"):
        plan = sampling.plan_sampling(p, say)
        sampling.check_counts(p, plan, keeps_log)
        placed = detector.orient_detector(frame)
        log.say_detector(say, p.convention, "sample" if p.pivot is Pivot.SAMPLE else "beam", placed)
        interpolate = crystal.choose_interpolation(p, say)
        cell = crystal.orient_crystal(p, table, clock, say)
        log.say_cell(say, cell)
        size = crystal.size_crystal(p, cell, placed.distance, say)
    with timing.part("read_hkl"):
        fgrid = load(p, say, stop)
    with timing.part("setup"):
        structure_factors.check_stol(p, say)
        from_file = sources.read_sources(p)
        # the grid has its memory by now, kernels make a second one of it
        sampling.check_counts(p, plan, keeps_log, of_grid(fgrid.Fhkl.shape) - fgrid.Fhkl.nbytes)
        # nothing is refused from here on: a line for each step and source may take minutes
        many = plan.large_counts(None if from_file is None else len(from_file))
        if many:
            warn(many)
        log.say_sweeps(say, p.phi0, plan)
        source_rows, divsteps = sources.make_sources(p, plan, from_file, frame.vert_vector, say, stop)
        umats = mosaic.mosaic_umats(plan.mosaic_spread, plan.mosaic_domains, p.mosaic_seed, table, stop)
        say("  created a total of %d mosaic domains", plan.mosaic_domains)
        p.Na, p.Nb, p.Nc = size.Na, size.Nb, size.Nc
        counts = {
            "hkls": fgrid.hkls,
            "divsteps": divsteps,
            "sources": len(source_rows),
            "oversample": size.oversample,
            "masked": int(p.mask_pixels is not None),
        }
        seed = clock if p.seed is None else p.seed
        log.say_summary(say, p, placed, frame.polarization_normal, plan, counts, seed)
        steps = wrap_int(len(source_rows) * plan.mosaic_domains * plan.phi.steps * size.oversample**2)
        scene = Scene(
            _geometry(p, placed, plan, size.oversample, seen_mask.pixels),
            _beam(p, source_rows),
            _crystal(p, cell, plan, umats, stop),
            fgrid,
            _sampling(p, steps, interpolate, fgrid),
        )
    live = seen_mask if seen_mask.live < len(seen_mask.pixels) else None
    return Run(p, placed, plan, cell, scene, seed, table, live)


def _geometry(p: Parameters, d: Detector, plan: SamplingPlan, oversample: int, mask_pixels: np.ndarray) -> Geometry:
    return Geometry(
        p.fpixels, p.spixels, oversample, p.pixel_size, p.pixel_size / oversample,
        d.fdet_vector, d.sdet_vector, d.odet_vector, d.pix0_vector, p.beam_vector, d.distance, d.close_distance,
        int(p.curved_detector), int(p.point_pixel),
        plan.thick.range, plan.thick.step, plan.thick.steps, plan.detector_mu, *p.roi, mask_pixels,
    )  # fmt: skip


def _beam(p: Parameters, source_rows: np.ndarray) -> Beam:
    X, Y, Z, wavelength = (np.ascontiguousarray(column) for column in source_rows.T)
    I_bg = p.fluence * (WATER_F * WATER_F * R_E_SQR)
    # the size three times, not its cube: each product is rounded
    for _ in range(3):
        I_bg = multiply(I_bg, p.water_size)
    I_bg = I_bg * 1e6 * crystal.AVOGADRO / WATER_MW
    return Beam(
        X, Y, Z, wavelength, p.dmin, p.polarization, int(p.nopolar), p.polar_vector, p.fluence, R_E_SQR, I_bg,
        p.water_size,
    )  # fmt: skip


def _crystal(p: Parameters, cell: Cell, plan: SamplingPlan, umats: np.ndarray, stop: Stop) -> Crystal:
    a0, b0, c0 = (vector_scale.py_func(v, 1e-10) for v in (cell.a, cell.b, cell.c))
    turned = np.zeros(max(plan.phi.steps, 0), np.int8)
    rotated = np.zeros((turned.size, 9))
    stop.call(
        mosaic.spindle_rotations,
        a0, b0, c0, p.spindle_vector, p.phi0, plan.phi.step, turned, rotated, stop.address,
    )  # fmt: skip
    return Crystal(
        a0, b0, c0, rotated, turned, umats, plan.mosaic_spread, cell.a_star, cell.b_star, cell.c_star,
        p.Na, p.Nb, p.Nc, p.xtal_shape.value, p.fudge,
    )  # fmt: skip


def _sampling(p: Parameters, steps: int, interpolate: int, fgrid: Fgrid) -> Sampling:
    return Sampling(
        steps,
        int(p.oversample_thick),
        int(p.oversample_polar),
        int(p.oversample_omega),
        interpolate if fgrid.hkls else 0,
        int("phi0" in p.fixes),
        int("oversample" in p.fixes),
    )
