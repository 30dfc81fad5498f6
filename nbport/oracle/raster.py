"""The pixel loop in raster order, without rendering more than the carried state needs.

A traced pixel has the values of the whole image, so it must start from the state that all pixels
before it leave behind: stale cell vectors, the E vector, and whether interpolation is still on.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from ..compilation.nan_signs import exact
from ..errors import InputError
from ..kernels.certificate import subpixels_wrap
from ..kernels.reference import INTERPOLATE, PRINTOUT_SIZE, detector_position, initial_state
from ..kernels.replay import is_rendered, pass_pixels, record_pixel, with_one_sweep_step
from ..kernels.scene import Scene
from ..rendering.image import choose_kernel
from ..run import Run


class Raster:
    """The state of a run, moved from pixel to pixel.

    Attributes
    ----------
    state : float64 [STATE_SIZE]
        Before the pixel `next`.
    next : int
        Index of the first pixel that was not passed, spixel * fpixels + fpixel.
    """

    def __init__(self, run: Run):
        g = run.scene.geometry
        self.run = run
        self.state = initial_state(run.scene)
        self.next = 0
        self._swept = with_one_sweep_step(run.scene)
        self._inside = stays_inside(run.scene)
        self._render_rows, _ = choose_kernel(run, "certified")
        self._image = np.zeros(max(g.fpixels, 0) * max(g.spixels, 0), np.float32)

    def advance(self, spixel: int, fpixel: int) -> None:
        """Pass all pixels before this one, which must be at or behind `next`.

        Raises
        ------
        InputError
            If the run does not render it.
        """
        g = self.run.scene.geometry
        where = f"pixel {spixel} {fpixel} (slow, fast)"
        if not (0 <= spixel < g.spixels and 0 <= fpixel < g.fpixels):
            raise InputError(f"{where}: expected one from 0 0 to {g.spixels - 1} {g.fpixels - 1}")
        imgidx = spixel * g.fpixels + fpixel
        while self.next < imgidx and self._every_term_matters():
            row = self.next // g.fpixels
            end = min((row + 1) * g.fpixels, imgidx)
            self._pass_in_full(row, end)
            self.next = end
        if self.next < imgidx:
            pass_pixels(self.next, imgidx, self._swept, True, self.state, self._image)
            self.next = imgidx
        self._read_mask(spixel)
        if not is_rendered.py_func(g, imgidx):
            raise InputError(f"{where}: not rendered, for it is masked or outside the region of interest")

    def record(self, rows: np.ndarray) -> tuple:
        """Render the pixel `next` into a record; returns what the kernel does. C: 2655-3039"""
        start = self.state.copy()
        outcome = record_pixel(self.next, self.run.scene, self.state, rows)
        if np.isnan(outcome[0]):
            # once more, with the signs that NaNs have in the reference
            self.state[:], rows[:] = start, 0.0
            outcome = exact(record_pixel)(self.next, self.run.scene, self.state, rows)
        self._image[self.next] = np.float32(0.0 + outcome[0])
        self.next += 1
        return outcome

    def _every_term_matters(self) -> bool:
        """Can anything but the last rotation of a pixel act on later ones?"""
        return self.run.live_mask is not None or (self.state[INTERPOLATE] != 0.0 and not self._inside)

    def _pass_in_full(self, row: int, end: int) -> None:
        """Render the rest of a row, or what there is of it before a pixel."""
        g = self.run.scene.geometry
        self._read_mask(row)
        if self.next % g.fpixels == 0 and end % g.fpixels == 0:
            omega_sums = np.zeros(g.spixels)
            nothing = np.zeros((0, PRINTOUT_SIZE))
            self._render_rows(row, row + 1, self.run.scene, self.state, self._image, omega_sums, nothing)
        else:
            pass_pixels(self.next, end, self.run.scene, False, self.state, self._image)

    def _read_mask(self, row: int) -> None:
        """Part of a mask may be the image itself (quirk: mask-overrun)."""
        if self.run.live_mask is not None:
            fpixels = self.run.scene.geometry.fpixels
            self.run.live_mask.update(row * fpixels, (row + 1) * fpixels, self._image)


def stays_inside(scene: Scene) -> bool:
    """Is no index of the whole image too near to the edge of the table to be interpolated? If in doubt, no.

    No index is larger than the length of its cell vector times that of the longest scattering vector, which
    belongs to the largest angle between a source's beam and a diffracted one. All directions within some acute
    angle of a beam make a convex cone: if it contains the corners of a flat sensor, it contains the sensor.
    """
    g, beam, crystal, f, _, _ = scene
    if (
        g.curved_detector
        or subpixels_wrap(g)
        or not (f.hkls and beam.source_X.size and g.fpixels > 0 and g.spixels > 0)
    ):
        return False
    sides = (g.fpixels * g.pixel_size, g.spixels * g.pixel_size, g.detector_thicksteps * g.detector_thickstep)
    corners = np.array([detector_position.py_func(g, *corner) for corner in product(*((0.0, side) for side in sides))])
    incident = -np.array([beam.source_X, beam.source_Y, beam.source_Z])
    with np.errstate(all="ignore"):
        directions = corners / np.sqrt((corners**2).sum(axis=1))[:, None]
        cosines = (directions @ incident).min(axis=0)
        longest = float((np.sqrt(2.0 - 2.0 * np.minimum(cosines, 1.0)) / np.abs(beam.source_lambda)).max())
    ranges = ((crystal.a0, f.h_min, f.h_range), (crystal.b0, f.k_min, f.k_range), (crystal.c0, f.l_min, f.l_range))
    # rotations are not exactly rotations
    largest = [1.001 * longest * math.sqrt(sum(x * x for x in v)) for v, _, _ in ranges]
    return bool((cosines > 0.0).all()) and all(
        -index >= first + 2 and index <= first + extent - 3
        for index, (_, first, extent) in zip(largest, ranges, strict=True)
    )
