"""A device: whether the pixel loop can run there, and running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..compilation.loading import compiled
from ..errors import DeviceError
from ..kernels import certificate
from ..options.device_names import DOUBLE, MIXED
from ..rendering.rows import run_rows
from ..run import Finished, Rendered, Run
from ..system.stopping import Stop
from . import tiles
from .errors import on_cpu_instead


def obstacle(run: Run, kernel: str) -> str | None:
    """Why a run is left to the CPU, or None."""
    if kernel == "reference":
        return "that is where the reference kernel runs"
    if run.parameters.printout:
        return "-printout shows every term"
    if run.live_mask is not None:
        return "the mask goes on in the image itself"
    return certificate.obstacle(run.scene) or tiles.obstacle(run.scene)


@dataclass(frozen=True)
class Device:
    """Something that launches can be made on.

    Parameters
    ----------
    name : str
        As reports show it.
    make_launcher : callable
        Takes a `Certificate`, `Tables`, and whether to render with mixed precision.
    precision : str
        One of PRECISIONS: that of the C program's bytes, or mixed where that can be.
    optional : bool
        What the device fails to do is done on the CPU.
    """

    name: str
    make_launcher: Callable[..., tiles.Launcher]
    precision: str = DOUBLE
    optional: bool = False

    def render(
        self,
        run: Run,
        kernel: str,
        threads: int,
        finished: Finished,
        warn: Callable[[str], None],
        stop: Stop | None = None,
    ) -> Rendered | None:
        """Run the pixel loop here; None, after one warning, if the run is left to the CPU.

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
            warn(f"rendering on the CPU and not on {self.name}: {why}")
            return None
        certified, path = certificate.certify(run.scene), self.name
        if self.precision == MIXED:
            mixed = compiled("gpu.mixed")
            why = mixed.obstacle(certified)
            if why:
                warn(f"rendering with double and not with mixed precision: {why}")
            else:
                certified, path = mixed.certify_mixed(run.scene), f"{self.name} with mixed precision"
        make_launcher = partial(self.make_launcher, mixed=path != self.name)
        rows_kernel = tiles.TiledKernel(run.scene, certified, make_launcher, threads, stop)
        try:
            # one block after the other: a launch needs the state that the one before left
            pixels, omega_sums = run_rows(rows_kernel, run.scene, threads, False, finished, in_order=True, stop=stop)
        except DeviceError as error:
            if not self.optional:
                raise
            warn(on_cpu_instead(error))
            return None
        return Rendered(pixels, omega_sums, path, rows_kernel.recomputed)
