"""What stages hand on: set-up makes a `Run`, the pixel loop makes `Rendered` of it, statistics make an `Image`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import NamedTuple, Protocol

import numpy as np

from .kernels.scene import Scene
from .parameters import Parameters, Vector
from .system.stopping import Stop

MANY = 100_000  # steps, of which a run is warned

# called with (first row, row after the last, state after them, printout) in raster order
Finished = Callable[[int, int, np.ndarray, np.ndarray], None]


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
class Axis:
    """A sampled range: so many steps of one size. A negative value is not given."""

    range: float
    step: float
    steps: int


@dataclass
class SamplingPlan:
    """All sampled ranges; SI units and radians."""

    phi: Axis
    hdiv: Axis
    vdiv: Axis
    dispersion: Axis
    thick: Axis
    detector_mu: float
    mosaic_spread: float
    mosaic_domains: int

    def sources(self, in_file: int | None) -> int:
        """How many sources there are: so many in a file, or at most those of the grid of divergence and dispersion."""
        return self.hdiv.steps * self.vdiv.steps * self.dispersion.steps if in_file is None else in_file

    def log_lines(self, in_file: int | None) -> int:
        """How many lines the log has of layers, spindle positions, divergence, wavelengths and sources, at most."""
        grid = self.hdiv.steps * self.vdiv.steps + self.dispersion.steps if in_file is None else 0
        return max(self.thick.steps, 0) + max(self.phi.steps, 0) + grid + self.sources(in_file)

    def large_counts(self, in_file: int | None) -> str | None:
        """One line about counts that are probably not meant, or None."""
        counts = {
            "sensor layers": self.thick.steps,
            "spindle steps": self.phi.steps,
            "mosaic domains": self.mosaic_domains,
            "sources": self.sources(in_file),
        }
        large = [f"{count} {name}" for name, count in counts.items() if count > MANY]
        lines, terms = self.log_lines(in_file), prod(max(count, 0) for count in counts.values())
        if not large and lines <= MANY:
            return None
        named = ", ".join(large) or "many steps"
        return f"{named}: the log has up to {lines} lines of steps and sources, a sub-pixel {terms} terms"


class Detector(NamedTuple):
    """The detector in place; m."""

    fdet_vector: Vector
    sdet_vector: Vector
    odet_vector: Vector
    pix0_vector: Vector
    distance: float
    close_distance: float
    Fclose: float
    Sclose: float
    Fbeam: float
    Sbeam: float
    ORGX: float
    ORGY: float
    dials_origin: Vector  # mm
    xds_beam: Vector  # the beam along the detector's axes


class Cell(NamedTuple):
    """Oriented cell, lengths in Angstrom, angles in rad."""

    a: Vector
    b: Vector
    c: Vector
    a_star: Vector  # 1/Angstrom
    b_star: Vector
    c_star: Vector
    lengths: Vector
    angles: Vector
    star_lengths: Vector
    star_angles: Vector
    V_cell: float
    lengths_m: Vector  # m; not 1e-10 of the others, for the vectors were scaled before they were measured


class LiveMask(Protocol):
    """A mask that the image itself continues: it changes while pixels are rendered."""

    def update(self, first: int, last: int, image: np.ndarray) -> None:
        """Take words first .. last-1 from the float image, whose earlier pixels are rendered."""


@dataclass
class Run:
    """A run that is set up: everything the reference knows before its pixel loop."""

    parameters: Parameters  # as resolved
    detector: Detector
    plan: SamplingPlan
    cell: Cell
    scene: Scene
    seed: int  # of the noise
    random_table: np.ndarray  # shuffle table of ran1, as misset and mosaic left it
    live_mask: LiveMask | None  # a mask that the image itself continues


class Rendered(NamedTuple):
    """What the pixel loop leaves behind."""

    pixels: np.ndarray  # float32 [spixels * fpixels], photons
    omega_sums: np.ndarray  # float64 [spixels], sr
    path: str  # what rendered them, for a report
    recomputed: int  # pixels that the reference kernel rendered


class KernelReport(NamedTuple):
    """Which way the pixels were rendered."""

    path: str
    pixels: int
    recomputed: int

    def __str__(self) -> str:
        return f"kernel: {self.path}; {self.recomputed} of {self.pixels} pixels by the reference kernel"


class Statistics(NamedTuple):
    """What the log says of an image; photons, and metres for the position of the brightest pixel."""

    max_I: float
    max_I_x: float
    max_I_y: float
    mean: float
    rms: float
    rmsd: float
    sum: float  # of all pixels that are rendered


@dataclass
class Image:
    """A rendered image."""

    pixels: np.ndarray  # float32 [spixels * fpixels], photons
    solid_angle: str  # the line that the log has of it
    statistics: Statistics
    report: KernelReport


class Device(Protocol):
    """Something other than the CPU that the pixel loop can run on."""

    def render(
        self,
        run: Run,
        kernel: str,
        threads: int,
        finished: Finished,
        warn: Callable[[str], None],
        stop: Stop | None = None,
    ) -> Rendered | None:
        """Run the pixel loop; None, after one warning, if the run is left to the CPU."""
