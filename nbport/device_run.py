"""The pixel loop on a device: whether it can run there, and running it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import tiles
from .compilation import compiled
from .device import MIXED, Device, DeviceError, on_cpu_instead
from .driver import Finished, run_rows
from .kernels import certificate
from .stopping import Stop

if TYPE_CHECKING:
    from .simulation import Run


class Rendered(NamedTuple):
    """What the pixel loop leaves behind."""

    pixels: np.ndarray  # float32 [spixels * fpixels], photons
    omega_sums: np.ndarray  # float64 [spixels], sr
    path: str  # what rendered them, for a report
    recomputed: int  # pixels that the reference kernel rendered


def obstacle(run: Run, kernel: str) -> str | None:
    """Why a run is left to the CPU, or None."""
    if kernel == "reference":
        return "that is where the reference kernel runs"
    if run.parameters.printout:
        return "-printout shows every term"
    if run.live_mask is not None:
        return "the mask goes on in the image itself"
    return certificate.obstacle(run.scene) or tiles.obstacle(run.scene)


def render_on_device(
    run: Run,
    kernel: str,
    device: Device,
    threads: int,
    finished: Finished,
    warn: Callable[[str], None],
    stop: Stop | None = None,
) -> Rendered | None:
    """Run the pixel loop on a device; None, after one warning, if the run is left to the CPU.

    Parameters
    ----------
    kernel : str
        The one that was asked for.
    threads : int
        That share the pixels which the device leaves to the CPU.
    finished : callable
        Told of every finished block of rows, in raster order.
    stop : Stop, optional
        The scene has its address. Looked at between launches.

    Raises
    ------
    DeviceError
        If the device stops working, and is not optional.
    CancelledError
        If it was stopped.
    """
    why = obstacle(run, kernel)
    if why:
        warn(f"rendering on the CPU and not on {device.name}: {why}")
        return None
    certified, path = certificate.certify(run.scene), device.name
    if device.precision == MIXED:
        mixed = compiled("mixed")
        why = mixed.obstacle(certified)
        if why:
            warn(f"rendering with double and not with mixed precision: {why}")
        else:
            certified, path = mixed.certify_mixed(run.scene), f"{device.name} with mixed precision"
    make_launcher = partial(device.make_launcher, mixed=path != device.name)
    rows_kernel = tiles.TiledKernel(run.scene, certified, make_launcher, threads, stop)
    try:
        # one block after the other: a launch needs the state that the one before left
        pixels, omega_sums = run_rows(rows_kernel, run.scene, threads, False, finished, in_order=True, stop=stop)
    except DeviceError as error:
        if not device.optional:
            raise
        warn(on_cpu_instead(error))
        return None
    return Rendered(pixels, omega_sums, path, rows_kernel.recomputed)
