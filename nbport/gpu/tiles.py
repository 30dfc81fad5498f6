"""Renders an image with the body for GPUs: launches, and everything that a launch leaves to the CPU.

A launch renders pixels in raster order with the settled state. On the CPU, by the reference kernel,
remain the pixels before the state has settled, those that the rounding test could not certify, and the
one at which interpolation ends for good: a launch finds the first such pixel, what it rendered from there on is
thrown away, and another launch goes on behind it.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
from numba import njit

from ..compilation.loading import compiled
from ..kernels.certificate import Certificate
from ..kernels.certified import again, settled
from ..kernels.device_body import CARRIED, Place, Tables, make_tables, render_place
from ..kernels.reference import INTERPOLATE
from ..kernels.scalar import unitize
from ..kernels.scene import Scene
from ..kernels.stopping import stopped
from ..system.stopping import Stop

TERMS_A_LAUNCH = 2**29  # some tenths of a second on a slow device, whose display must not freeze
PIXELS_A_LAUNCH = 2**22  # what memory a launch needs
LEAST_A_LAUNCH = 1024
# of one pixel: what has more is rendered in parts, so that a run can be stopped in between
TERMS_A_PART = TERMS_A_LAUNCH // LEAST_A_LAUNCH
MOST_A_PART = 4 * TERMS_A_PART  # about a second on a fast device; a sub-pixel is never divided
SHARED = 256  # uncertain pixels from which on threads share them


class Tile(NamedTuple):
    """What a launch rendered."""

    pixels: np.ndarray  # float32, photons; NaN where they are uncertain
    omega_sums: np.ndarray  # float64, sr, one a row that the launch touched
    left_grid: int  # offset of the first pixel at which interpolation may end, or NOWHERE


class Launcher(Protocol):
    """Renders pixels with the settled state: a GPU, or the CPU in tests."""

    def launch(self, place: Place, interpolate: bool) -> Tile:
        """Render the pixels of a place."""


class TiledKernel:
    """A kernel for `driver.run_rows`, for calls one after another in raster order.

    Parameters
    ----------
    scene : Scene
        Without an `obstacle`.
    certificate : Certificate
    make_launcher : callable
        Takes certificate and `Tables`, and returns a Launcher; called once the state is settled.
    threads : int
        That share what is left to the CPU.
    stop : Stop, optional
        Looked at between launches. The scene has its address.
    """

    def __init__(
        self, scene: Scene, certificate: Certificate, make_launcher, threads: int, stop: Stop | None = None
    ) -> None:
        g = scene.geometry
        self._stop = stop or Stop()
        self.recomputed = 0
        self._scene, self._certificate, self._make_launcher, self._threads = scene, certificate, make_launcher, threads
        self._launcher: Launcher | None = None
        self._leftmost = max(g.roi_xmin, 0)
        self._columns = min(g.roi_xmax + 1, g.fpixels) - self._leftmost
        self._unused = np.zeros(max(g.spixels, 0))

    def __call__(self, first, last, scene, state, image, omega_sums, printout) -> None:
        """Render the rows first <= spixel < last; parameters as `reference.render_rows`."""
        if self._columns <= 0:
            return
        at, end = first * self._columns, last * self._columns
        at, rendered = settle(at, end, self._leftmost, self._columns, scene, state, image, omega_sums)
        self.recomputed += rendered
        budget = launch_size(scene, self._columns)
        while at < end:
            # whole rows, unless not even one fits
            stop = min(at + budget, end)
            if stop // self._columns > at // self._columns:
                stop -= stop % self._columns
            self._render_there(at, stop, state, image, omega_sums)
            at = stop

    def _render_there(self, start: int, stop: int, state: np.ndarray, image: np.ndarray, omega_sums: np.ndarray):
        """Launch until every pixel start .. stop-1 is rendered."""
        if self._launcher is None:
            self._launcher = self._make_launcher(self._certificate, make_tables(self._scene, self._certificate, state))
        g, first_row = self._scene.geometry, start // self._columns
        counted = False
        while start < stop:
            place = Place(self._leftmost, self._columns, start, stop)
            tile = self._launch(place, bool(state[INTERPOLATE]))
            if not counted:
                # solid angles know nothing of interpolation: right for every pixel, whatever became of it
                omega_sums[first_row : first_row + len(tile.omega_sums)] += tile.omega_sums
                counted = True
            known = min(tile.left_grid, stop - start)
            uncertain = np.empty(known, np.int64)
            count = store(tile.pixels, known, place, g.fpixels, image, uncertain)
            self._render_here(uncertain[:count], state, image, self._unused)
            start += known
            if start < stop:
                self._render_here(np.array([start]), state, image, self._unused)
                start += 1

    def _launch(self, place: Place, interpolate: bool) -> Tile:
        """Render a place, in so many parts that none takes long."""
        count = subpixels(self._scene)
        step = max(TERMS_A_PART // terms_a_subpixel(self._scene), 1)
        for begin in range(0, count, step):
            self._stop.check()
            tile = self._launcher.launch(place._replace(begin=begin, end=min(begin + step, count)), interpolate)
        return tile

    def _render_here(self, places: np.ndarray, state: np.ndarray, image: np.ndarray, omega_sums: np.ndarray) -> None:
        """Render pixels by the reference kernel. Many are shared by threads: then the state is settled."""
        if len(places) < SHARED or self._threads == 1:
            self.recomputed += render_places(
                places, self._leftmost, self._columns, self._scene, state, image, omega_sums
            )
            return

        def share(part: np.ndarray) -> int:
            unused = np.zeros_like(omega_sums)
            return render_places(part, self._leftmost, self._columns, self._scene, state.copy(), image, unused)

        with ThreadPoolExecutor(self._threads) as pool:
            self.recomputed += sum(pool.map(share, np.array_split(places, 4 * self._threads)))


def subpixels(scene: Scene) -> int:
    """Sub-pixels of all layers of a pixel."""
    return scene.geometry.detector_thicksteps * scene.geometry.oversample**2


def terms_a_subpixel(scene: Scene) -> int:
    """Sources, phi steps, mosaic domains: all together."""
    return scene.beam.source_X.size * scene.crystal.turned.size * scene.crystal.mosaic_umats.shape[0]


def terms_a_pixel(scene: Scene) -> int:
    """Layers, sub-pixels, sources, phi steps, mosaic domains: all together."""
    return subpixels(scene) * terms_a_subpixel(scene)


def launch_size(scene: Scene, columns: int) -> int:
    """How many pixels to render in one launch."""
    pixels = min(max(TERMS_A_LAUNCH // terms_a_pixel(scene), LEAST_A_LAUNCH), PIXELS_A_LAUNCH)
    return pixels - pixels % columns if pixels > columns else pixels


def blocks_of(place: Place, width: int) -> int:
    """How many blocks of so many threads render a place, row by row; the last one of a row may be part idle."""
    rows = (place.stop - 1) // place.columns - place.start // place.columns + 1
    return rows * -(-place.columns // width)


@njit(cache=True, nogil=True, error_model="numpy")
def store(pixels, known, place, fpixels, image, uncertain):
    """Put the known pixels of a tile into the image; list the numbers of the uncertain ones, return how many."""
    count = 0
    for i in range(known):
        n = place.start + i
        image[n // place.columns * fpixels + place.leftmost + n % place.columns] = pixels[i]
        if pixels[i] != pixels[i]:
            uncertain[count] = n
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def render_places(places, leftmost, columns, scene, state, image, omega_sums):
    """Render the pixels of these numbers by the reference kernel; how many were not masked."""
    rendered = 0
    for n in places:
        rendered += again(leftmost + n % columns, n // columns, scene, state, image, omega_sums)
    return rendered


@njit(cache=True, nogil=True, error_model="numpy")
def settle(at, end, leftmost, columns, scene, state, image, omega_sums):
    """Render by the reference kernel until the state is settled; the next pixel, and how many were not masked."""
    rendered = 0
    while at < end and not stopped(scene.stop) and not settled(scene, state):
        rendered += again(leftmost + at % columns, at // columns, scene, state, image, omega_sums)
        at += 1
    return at, rendered


class BodyOnCpu:
    """Launcher that runs the body on the CPU: how tests without a GPU reach every line of it."""

    def __init__(self, certificate: Certificate, tables: Tables, mixed: bool) -> None:
        self._numbers, self._tables = certificate.numbers, tables
        self._carried = np.zeros((1, CARRIED))
        self._render_place = compiled("gpu.mixed").render_place if mixed else render_place

    def launch(self, place: Place, interpolate: bool) -> Tile:
        """Render the pixels of a place."""
        pixels = np.full(place.stop - place.start, math.nan, np.float32)
        rows = (place.stop - 1) // place.columns - place.start // place.columns + 1
        omega_sums = np.zeros(rows)
        if place.begin == 0 and place.end < subpixels(self._numbers.scene):
            self._carried = np.zeros((len(pixels), CARRIED))
        left_grid = self._render_place(
            place, self._numbers, *self._tables, interpolate, pixels, omega_sums, self._carried
        )
        return Tile(pixels, omega_sums, left_grid)


def obstacle(scene: Scene) -> str | None:
    """Why a scene without a `certificate.obstacle` is left to the CPU, or None."""
    g, crystal = scene.geometry, scene.crystal
    if g.curved_detector:
        return "a curved detector needs the sines of libm"
    axis = scene.beam.polar_vector
    for _ in range(8):
        if unitize.py_func(axis)[1] == axis:
            break
        axis = unitize.py_func(axis)[1]
    else:
        if scene.beam.polarization != 0.0:
            return "the polarization axis is not the same after normalization"
    if crystal.turned.size * crystal.mosaic_umats.shape[0] > 2**25:
        return "there are too many orientations for a table"
    if terms_a_subpixel(scene) > MOST_A_PART:
        return "there are too many sources and orientations for one launch"
    return None
