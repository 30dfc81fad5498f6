"""Headers of mini-CBF images, as Dectris' detectors and `nbport.output.exports` write them."""

from __future__ import annotations

from typing import NamedTuple

HEADER = "_array_data.header_contents"  # fabio's key of it


class MiniCbf(NamedTuple):
    """What a header says; None for what it does not."""

    pixel_size: float | None  # m
    wavelength: float | None  # m
    distance: float | None  # m
    beam_centre: tuple[float, float] | None  # pixels from the outer corner of the first one: fast, slow
    start_deg: float | None
    osc_deg: float | None


def read_mini_cbf(contents: str) -> MiniCbf | None:
    """Parse a header; None if it is empty or has none of the lines in question."""
    from fabio.cbfimage import PilatusHeader

    try:
        found = PilatusHeader(contents)
    except (IndexError, ValueError):  # a line that is cut short, or no number where one should be
        return None

    def value(key: str) -> object:
        try:
            return found[key]  # older versions of fabio cannot tell what is in it
        except KeyError:
            return None

    pixel_size, wavelength = value("Pixel_size"), value("Wavelength")
    facts = MiniCbf(
        pixel_size[0] if pixel_size else None,
        wavelength * 1e-10 if wavelength else None,
        value("Detector_distance"),
        value("Beam_xy"),
        value("Start_angle"),
        value("Angle_increment"),
    )
    return facts if any(fact is not None for fact in facts) else None
