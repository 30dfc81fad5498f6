"""The geometry of an image as other programs need it: a flat detector, the beam, and what follows for a pixel.

Coordinates of pixels are (fast, slow) and real numbers; the first pixel reaches from 0 to 1, its centre is at 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .run import Run

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class FlatDetector:
    """A detector without curvature, in any right-handed frame whose origin is the sample.

    Attributes
    ----------
    shape : (int, int)
        Pixels along the slow and the fast axis.
    pixel_size : float
        m.
    fast, slow : 3 floats
        Unit vectors along the axes.
    origin : 3 floats
        m, the outer corner of the first pixel.
    beam : 3 floats
        Unit vector along which the beam travels.
    wavelength : float
        m.
    """

    shape: tuple[int, int]
    pixel_size: float
    fast: Triple
    slow: Triple
    origin: Triple
    beam: Triple
    wavelength: float

    @classmethod
    def of(cls, run: Run) -> FlatDetector:
        """The geometry of a run in the laboratory frame; the wavelength is the mean of those of its sources."""
        p, d = run.parameters, run.detector
        wavelengths = run.scene.beam.source_lambda
        wavelength = float(wavelengths[0]) if np.ptp(wavelengths) == 0.0 else float(wavelengths.mean())
        shape = (max(p.spixels, 0), max(p.fpixels, 0))
        return cls(shape, p.pixel_size, d.fdet_vector, d.sdet_vector, d.pix0_vector, p.beam_vector, wavelength)

    @classmethod
    def facing(
        cls,
        shape: tuple[int, int],
        pixel_size: float,
        near_point: tuple[float, float],
        distance: float,
        beam_centre: tuple[float, float],
        wavelength: float,
    ) -> FlatDetector:
        """From the point nearest to the sample and its distance, and from where the beam meets the detector; m.

        The frame is that of the detector: x is fast, y is slow.
        """
        (Fclose, Sclose), (Fbeam, Sbeam) = near_point, beam_centre
        beam = np.array([Fbeam - Fclose, Sbeam - Sclose, distance])
        beam = tuple((beam / np.linalg.norm(beam)).tolist())
        origin = (-Fclose, -Sclose, distance)
        return cls(shape, pixel_size, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), origin, beam, wavelength)

    @property
    def normal(self) -> np.ndarray:
        """Unit vector perpendicular to the detector, away from the sample."""
        normal = np.cross(self.fast, self.slow)
        normal = normal / np.linalg.norm(normal)
        return -normal if normal @ np.array(self.origin) < 0.0 else normal

    @property
    def near_distance(self) -> float:
        """Distance (m) from the sample to the plane of the detector."""
        return float(self.normal @ np.array(self.origin))

    @property
    def beam_distance(self) -> float:
        """Distance (m) from the sample to the plane of the detector along the beam; infinite if they never meet."""
        along = float(self.normal @ np.array(self.beam))
        return self.near_distance / along if along > 0.0 else float("inf")

    @property
    def faces_the_beam(self) -> bool:
        """Is the detector perpendicular to the beam, to a microradian?"""
        return bool(np.linalg.norm(np.cross(self.normal, self.beam)) < 1e-6)

    def positions(self, fast: np.ndarray, slow: np.ndarray) -> np.ndarray:
        """Places (m) of points given in pixels, [..., 3]."""
        f, s = (np.asarray(x, float)[..., None] * self.pixel_size for x in (fast, slow))
        return np.array(self.origin) + f * np.array(self.fast) + s * np.array(self.slow)

    def resolution(self, fast: np.ndarray, slow: np.ndarray) -> np.ndarray:
        """Bragg's d (Angstrom) of points given in pixels; infinite where the beam meets the detector."""
        places = self.positions(fast, slow)
        directions = places / np.linalg.norm(places, axis=-1, keepdims=True)
        with np.errstate(divide="ignore"):
            return 1e10 * self.wavelength / np.linalg.norm(directions - np.array(self.beam), axis=-1)

    def where(self, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where rays from the sample meet the plane of the detector, in pixels; NaN for those that never do.

        Parameters
        ----------
        directions : [..., 3]
            Of any length.
        """
        directions = np.asarray(directions, float)
        along = directions @ self.normal
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(along > 0.0, self.near_distance / along, np.nan)
            on_plane = directions * reach[..., None] - np.array(self.origin)
        # the axes need not be perpendicular
        axes = np.array([self.fast, self.slow])
        fast, slow = np.moveaxis(on_plane @ np.linalg.pinv(axes), -1, 0) / self.pixel_size
        return fast, slow

    @property
    def beam_centre(self) -> tuple[float, float]:
        """Where the beam meets the detector, in pixels (fast, slow); NaN if it does not."""
        fast, slow = self.where(np.array(self.beam))
        return float(fast), float(slow)

    def cone(self, resolution: float, steps: int = 720) -> tuple[np.ndarray, np.ndarray]:
        """The ring of one resolution (Angstrom) as points (fast, slow) in pixels; NaN where it misses the plane.

        The wavelength is at most twice the resolution.
        """
        two_theta = 2.0 * np.arcsin(1e10 * self.wavelength / (2.0 * resolution))
        azimuth = np.linspace(0.0, 2.0 * np.pi, steps + 1)
        beam = np.array(self.beam)
        across = np.array(self.fast) - beam * (beam @ np.array(self.fast))
        across /= np.linalg.norm(across)
        around = np.cos(azimuth)[:, None] * across + np.sin(azimuth)[:, None] * np.cross(beam, across)
        return self.where(np.cos(two_theta) * beam + np.sin(two_theta) * around)
