"""From parameters to an image: the whole run, apart from files of output and the command line.

`prepare` does the reference's set-up section by section and says what the reference says;
`render` runs a kernel on the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from . import log, memory
from .compilation import compiled
from .ctext import multiply, wrap_int
from .device import Device
from .driver import Finished, Kernel, run_rows
from .kernels import certified
from .kernels.certificate import certify, obstacle
from .kernels.reference import render_rows
from .kernels.scalar import vector_scale
from .kernels.scene import Beam, Crystal, Fgrid, Geometry, Sampling, Scene
from .nan_signs import exact
from .parameters import Parameters, Pivot
from .random import new_table
from .reporting import reporter
from .setup import crystal, detector, mask, mosaic, sampling, sizes, sources, structure_factors
from .statistics import Statistics, image_statistics, omega_sum
from .stopping import Stop

R_E_SQR = 7.94079248018965e-30  # m^2
WATER_F = 2.57  # electrons, forward scattering of a water molecule
WATER_MW = 18.0  # g/mol


class Timing:
    """Seconds spent in named parts of a run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str):
        """Add the time of a block to a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


@dataclass
class Run:
    """A run that is set up: everything the reference knows before its pixel loop."""

    parameters: Parameters  # as resolved
    detector: detector.Detector
    plan: sampling.SamplingPlan
    cell: crystal.Cell
    scene: Scene
    seed: int  # of the noise
    random_table: np.ndarray  # shuffle table of ran1, as misset and mosaic left it
    live_mask: mask.Mask | None  # a mask that the image itself continues


@dataclass
class Image:
    """A rendered image."""

    pixels: np.ndarray  # float32 [spixels * fpixels], photons
    solid_angle: str  # the line that the log has of it
    statistics: Statistics
    report: KernelReport


def memory_needed(run: Run) -> int:
    """Estimate of the bytes that a run adds to the interpreter and its kernels at its peak."""
    p = run.parameters
    orientations = memory.of_orientations(run.plan, p.sourcefile is not None)
    return memory.of_images(p) + orientations + memory.of_grid(run.scene.fgrid.Fhkl.shape)


def begin(given: Parameters, say: log.Say) -> detector.Frame:
    """The part of the set-up that comes before the banner and the check for missing input. C: 1118-1272"""
    return detector.choose_convention(sizes.fill_blanks(given, say), say)


def prepare(
    frame: detector.Frame,
    say: log.Say,
    timing: Timing,
    load: structure_factors.Load = structure_factors.load_structure_factors,
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
        memory.check(
            f"{plan.phi.steps} spindle steps, {plan.mosaic_domains} mosaic domains and"
            f" {plan.hdiv.steps} x {plan.vdiv.steps} x {plan.dispersion.steps} sources",
            memory.of_orientations(plan, p.sourcefile is not None) + memory.of_images(p),
        )
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
        log.say_sweeps(say, p.phi0, plan)
        source_rows, divsteps = sources.make_sources(p, plan, frame.vert_vector, say, stop)
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


def _geometry(
    p: Parameters, d: detector.Detector, plan: sampling.SamplingPlan, oversample: int, mask_pixels: np.ndarray
) -> Geometry:
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


def _crystal(p: Parameters, cell: crystal.Cell, plan: sampling.SamplingPlan, umats: np.ndarray, stop: Stop) -> Crystal:
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


class KernelReport(NamedTuple):
    """Which way the pixels were rendered."""

    path: str
    pixels: int
    recomputed: int

    def __str__(self) -> str:
        return f"kernel: {self.path}; {self.recomputed} of {self.pixels} pixels by the reference kernel"


def kernel_path(run: Run, name: str) -> str:
    """Which kernel renders on the CPU, and why if it is not the one that was asked for."""
    why = "-printout shows every term" if run.parameters.printout else obstacle(run.scene)
    return f"reference, because {why}" if why and name != "reference" else name


def choose_kernel(run: Run, name: str) -> tuple[Kernel, Callable[[], KernelReport]]:
    """The kernel of a run on the CPU, and a function that reports on it afterwards."""
    scene = run.scene
    pixels = max(scene.geometry.fpixels, 0) * max(scene.geometry.spixels, 0)
    path = kernel_path(run, name)
    if path != "certified":
        rows_kernel = exact(render_rows) if run.parameters.printout else render_rows
        return rows_kernel, lambda: KernelReport(path, pixels, pixels)
    certificate = certify(scene)
    recomputed = np.zeros(max(scene.geometry.spixels, 0), np.int64)

    def kernel(*arguments) -> None:
        certified.render_certified(*arguments, certificate, recomputed)

    return kernel, lambda: KernelReport("certified", pixels, int(recomputed.sum()))


def _render_on_cpu(
    run: Run, name: str, threads: int, finished: Finished, stop: Stop
) -> tuple[np.ndarray, np.ndarray, KernelReport]:
    kernel, report = choose_kernel(run, name)
    pixels, omega_sums = run_rows(
        kernel, run.scene, threads, run.parameters.printout, finished, run.live_mask, stop=stop
    )
    return pixels, omega_sums, report()


def _render_pixels(
    run: Run,
    kernel: str,
    threads: int,
    device: Device | None,
    finished: Finished,
    warn: Callable[[str], None],
    stop: Stop,
) -> tuple[np.ndarray, np.ndarray, KernelReport]:
    """The pixel loop of `render`, wherever it runs."""
    if device is not None:
        render_on_device = compiled("device_run").render_on_device
        rendered = render_on_device(run, kernel, device, threads, finished, warn, stop)
        if rendered is not None:
            return (
                rendered.pixels,
                rendered.omega_sums,
                KernelReport(rendered.path, len(rendered.pixels), rendered.recomputed),
            )
    return _render_on_cpu(run, kernel, threads, finished, stop)


def render(
    run: Run,
    kernel: str,
    threads: int,
    say: log.Say,
    timing: Timing,
    device: Device | None = None,
    warn: Callable[[str], None] = lambda text: None,
    advance: Callable[[int], None] = lambda rows: None,
    stop: Stop | None = None,
) -> Image:
    """Run the pixel loop and take statistics; progress, printouts and the solid angle go to the log.
    C: 2584-3119

    Parameters
    ----------
    kernel : str
        "certified" or "reference": on the CPU.
    threads : int
        Any number gives the same image.
    device : Device, optional
        From `device.open_device`; None is the CPU. What it cannot render is rendered on the CPU.
    warn : callable
        Is told of that.
    advance : callable
        Is told how many rows were finished, whenever some were.
    stop : Stop, optional
        Ends it early.

    Raises
    ------
    InputError
        If structure factors are to be interpolated at Miller indices that are no numbers.
    CancelledError
        If it was stopped.
    """
    stop = stop or Stop()
    scene = run.scene._replace(stop=stop.address)
    run = replace(run, scene=scene)
    with timing.part("kernel"):
        finished = reporter(run, say, advance)
        pixels, omega_sums, report = stop.call(_render_pixels, run, kernel, threads, device, finished, warn, stop)
    with timing.part("statistics"):
        statistics = stop.call(image_statistics, scene.geometry, pixels, stop.address)
        steps = scene.sampling.steps
        angle = stop.call(omega_sum, scene, omega_sums, lambda total: log.solid_angle_text(total, steps))
    say("")
    line = log.solid_angle_text(angle, steps)
    say("%s", line)
    return Image(pixels, line, statistics, report)
