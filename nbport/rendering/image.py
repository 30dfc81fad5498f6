"""From a scene to an image: the choice of a kernel, the pixel loop, statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import log
from ..compilation.nan_signs import exact
from ..kernels import certified
from ..kernels.certificate import certify, obstacle
from ..kernels.reference import render_rows
from ..run import Device, Finished, Image, KernelReport, Run, Timing
from ..system.stopping import Stop
from .reporter import reporter
from .rows import Kernel, run_rows
from .statistics import image_statistics, omega_sum


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
        rendered = device.render(run, kernel, threads, finished, warn, stop)
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
