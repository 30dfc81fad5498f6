"""Which reflections are near the Ewald sphere during a run, and where they meet the detector."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..flat_detector import FlatDetector
from ..system import memory

if TYPE_CHECKING:
    from ..run import Run

POINT_BYTES = 150  # of a reflection while it is sought, about
REACH = 2  # pixels around a predicted place in which its brightest pixel is sought


class Spots(NamedTuple):
    """Reflections and where they are."""

    hkl: np.ndarray  # int [spots, 3]
    fast: np.ndarray  # float [spots], pixels
    slow: np.ndarray

    def take(self, which: np.ndarray) -> Spots:
        """Some of them."""
        return Spots(self.hkl[which], self.fast[which], self.slow[which])


def predict(run: Run) -> Spots:
    """Every reflection within its width of the Ewald sphere at some spindle step of the run, on the detector.

    The width is that of a crystal so small, |q| times half the mosaic spread, and the breadth of the spectrum. A
    reflection is where it comes closest to the sphere.

    Raises
    ------
    InputError
        If they take more memory than there is.
    """
    flat = FlatDetector.of(run)
    orientations = _orientations(run)
    wavelength = 1e10 * flat.wavelength
    s0 = np.array(flat.beam) / wavelength
    q_max = 1.0 / _finest(flat)
    middle = orientations[len(orientations) // 2]
    crystal, beam = run.scene.crystal, run.scene.beam
    lengths = np.linalg.norm(middle, axis=1)
    smallest = float((lengths * np.maximum([crystal.Na, crystal.Nb, crystal.Nc], 1.0)).min())
    spread = 0.5 * crystal.mosaic_spread + float(np.ptp(beam.source_lambda)) / flat.wavelength
    # how far a reciprocal vector can get from where the middle orientation has it, over its length
    swing = max(np.linalg.norm(np.linalg.inv(o) - np.linalg.inv(middle), 2) for o in orientations)
    swing *= np.linalg.norm(middle, 2)

    found = []
    limits = np.floor(lengths * q_max).astype(int)
    plane = math.prod(2 * int(n) + 1 for n in limits[1:])
    memory.check(f"spots of {plane} reflections for each h", POINT_BYTES * plane)
    k, l = (range_.reshape(-1) for range_ in np.meshgrid(*(np.arange(-n, n + 1) for n in limits[1:])))
    for h in range(-limits[0], limits[0] + 1):
        hkl = np.stack([np.full_like(k, h), k, l], axis=1)
        q = hkl @ np.linalg.inv(middle).T
        length = np.linalg.norm(q, axis=1)
        near = np.abs(np.linalg.norm(q + s0, axis=1) - 1.0 / wavelength) <= 1.0 / smallest + length * (spread + swing)
        found.append(hkl[near & (length <= q_max) & (length > 0.0)])
    hkl = np.concatenate(found)
    q, off = np.zeros(hkl.shape), np.full(len(hkl), np.inf)
    for orientation in orientations:
        turned = hkl @ np.linalg.inv(orientation).T
        distance = np.abs(np.linalg.norm(turned + s0, axis=1) - 1.0 / wavelength)
        closer = distance < off
        q[closer], off[closer] = turned[closer], distance[closer]
    fast, slow = flat.where(q + s0)
    with np.errstate(invalid="ignore"):
        inside = (fast >= 0) & (fast < flat.shape[1]) & (slow >= 0) & (slow < flat.shape[0])
    inside &= off <= 1.0 / smallest + np.linalg.norm(q, axis=1) * spread
    return Spots(hkl[inside], fast[inside], slow[inside])


def brightest(spots: Spots, pixels: np.ndarray, number: int) -> Spots:
    """The spots whose places are the brightest in an image [spixel, fpixel], one for each place."""
    centre = spots.slow.astype(int), spots.fast.astype(int)
    value = np.full(len(spots.hkl), -np.inf)
    for ds in range(-REACH, REACH + 1):
        for df in range(-REACH, REACH + 1):
            s = np.clip(centre[0] + ds, 0, pixels.shape[0] - 1)
            f = np.clip(centre[1] + df, 0, pixels.shape[1] - 1)
            value = np.fmax(value, pixels[s, f])
    chosen: list[int] = []
    for index in np.argsort(-value, kind="stable").tolist():
        if len(chosen) == number:
            break
        apart = [max(abs(centre[0][index] - centre[0][o]), abs(centre[1][index] - centre[1][o])) for o in chosen]
        if min(apart, default=REACH + 1) > REACH:
            chosen.append(index)
    return spots.take(np.array(chosen, int))


def _orientations(run: Run) -> list[np.ndarray]:
    """Cell vectors (Angstrom, rows a, b, c) at every step of the spindle.

    A step at phi = 0 takes those of another one, as the pixel loop does (quirk: stale-phi), unless that is fixed.
    """
    crystal = run.scene.crystal
    rotated = [1e10 * row.reshape(3, 3) for row in crystal.rotated[crystal.turned != 0]]
    if not rotated or (run.scene.sampling.fix_phi0 and not crystal.turned.all()):
        rotated.append(1e10 * np.array([crystal.a0, crystal.b0, crystal.c0]))
    return rotated


def _finest(flat: FlatDetector) -> float:
    """The smallest d on the detector, Angstrom: at one of its corners."""
    spixels, fpixels = flat.shape
    return float(flat.resolution(np.array([0, fpixels, 0, fpixels]), np.array([0, 0, spixels, spixels])).min())
