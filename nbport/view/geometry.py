"""Where the detector is, by the header of an image or of one beside it, and by what is said on the command line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from ..flat_detector import FlatDetector
from ..formats.images import Frame, beside
from ..formats.nexus_geometry import is_hdf5, read_geometry


@dataclass
class Facts:
    """What is known of a geometry; None for what is not.

    Attributes
    ----------
    pixel_size, distance : float
        m; the distance is along the detector's normal.
    wavelength : float
        m.
    beam_centre : (float, float)
        Where the beam meets the detector: pixels, fast and slow, from the outer corner of the first one.
    near_point : (float, float)
        The point nearest to the sample, likewise; that of the beam if it is not known.
    """

    pixel_size: float | None = None
    distance: float | None = None
    wavelength: float | None = None
    beam_centre: tuple[float, float] | None = None
    near_point: tuple[float, float] | None = None

    def updated(self, other: Facts) -> Facts:
        """These, and instead of them those that another one knows."""
        known = {field.name: getattr(other, field.name) for field in fields(Facts)}
        if other.beam_centre is not None and other.near_point is None:
            known["near_point"] = other.beam_centre
        return Facts(**{name: getattr(self, name) if value is None else value for name, value in known.items()})

    def missing(self) -> list[str]:
        """Names of what rings cannot be drawn without."""
        return [name for name in ("pixel_size", "distance", "wavelength", "beam_centre") if not getattr(self, name)]

    def detector(self, shape: tuple[int, int]) -> FlatDetector:
        """The geometry; nothing may be missing."""
        near, beam = (
            (fast * self.pixel_size, slow * self.pixel_size)
            for fast, slow in (self.near_point or self.beam_centre, self.beam_centre)
        )
        return FlatDetector.facing(shape, self.pixel_size, near, self.distance, beam, self.wavelength)


def by_header(path: Path, frame: Frame) -> FlatDetector | Facts:
    """The geometry of an image, as far as its header knows it, or that of an SMV image of its size beside it."""
    if is_hdf5(path):
        return read_geometry(path, frame.pixels.shape) or Facts()
    if frame.mini_cbf is not None:
        m = frame.mini_cbf
        return Facts(m.pixel_size, m.distance, m.wavelength, m.beam_centre)
    if frame.header is not None:
        return _from_smv(frame.header)
    found = [_from_smv(other.header) for other in beside(path) if other.shape == frame.pixels.shape]
    # images of several runs in one folder say nothing
    return found[0] if found and all(facts == found[0] for facts in found) else Facts()


def _from_smv(header: dict[str, str]) -> Facts:
    """An SMV header; of nanoBragg's own if it has DENZO_X_BEAM, else BEAM_CENTER_X and _Y are along fast and slow."""

    def number(key: str) -> float | None:
        try:
            return float(header[key])
        except (KeyError, ValueError):
            return None

    def pair(fast: str, slow: str) -> tuple[float, float] | None:
        found = number(fast), number(slow)
        return None if None in found else found

    pixel, wavelength = number("PIXEL_SIZE"), number("WAVELENGTH")
    beam = pair("DENZO_Y_BEAM", "DENZO_X_BEAM") or pair("BEAM_CENTER_X", "BEAM_CENTER_Y")
    near = pair("XDS_ORGX", "XDS_ORGY")
    distance = number("CLOSE_DISTANCE") or number("DISTANCE")
    return Facts(
        pixel and 1e-3 * pixel,
        distance and 1e-3 * distance,
        wavelength and 1e-10 * wavelength,
        (beam[0] / pixel, beam[1] / pixel) if beam and pixel else None,
        (near[0] - 0.5, near[1] - 0.5) if near and beam else None,
    )
