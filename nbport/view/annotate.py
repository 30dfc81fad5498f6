"""What is drawn on a picture: resolution rings, the beam centre, predicted spots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..flat_detector import FlatDetector
from .picture import COLOURS, Picture, load_pillow

if TYPE_CHECKING:
    from .spots import Spots

INK_ON_LIGHT, INK_ON_DARK = (20, 90, 200), (90, 200, 255)
SPOT_ON_LIGHT, SPOT_ON_DARK = (200, 30, 30), (255, 120, 120)
RINGS = 5
LABEL_ANGLES = np.deg2rad([-45, 45, 135, -135, 0, 180, 90, -90, -20, 20, 160, -160])  # from the fast axis

Box = tuple[float, float, float, float]


class Sheet:
    """A picture to draw on, in coordinates of the image's pixels.

    Parameters
    ----------
    picture : Picture
    colours : str
        Of the picture, for inks that can be seen.
    corner : (int, int)
        The image's pixel (fast, slow) at the upper left corner of the picture.
    """

    def __init__(self, picture: Picture, colours: str, corner: tuple[int, int] = (0, 0)):
        pillow = load_pillow()
        self.picture = picture
        self.corner = corner
        self.draw = pillow.ImageDraw.Draw(picture.image)
        self.width, self.height = picture.image.size
        self.font_size = max(12, round(max(picture.image.size) / 70))
        self.font = pillow.ImageFont.load_default(self.font_size)
        self.line = max(1, round(max(picture.image.size) / 900))
        self.paper = COLOURS[colours][0]
        light = sum(self.paper) > 384
        self.ink = INK_ON_LIGHT if light else INK_ON_DARK
        self.spot_ink = SPOT_ON_LIGHT if light else SPOT_ON_DARK
        self.taken: list[Box] = []

    def place(self, fast: np.ndarray | float, slow: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates in the picture."""
        x, y = np.asarray(fast) - self.corner[0], np.asarray(slow) - self.corner[1]
        return x * self.picture.zoom, y * self.picture.zoom

    def label(self, x: float, y: float, text: str, ink: tuple[int, int, int], anchor: str = "mm") -> bool:
        """Write a text if it is inside of the picture and on no other; says whether it did."""
        halo = max(1, self.font_size // 8)
        box = self.draw.textbbox((x, y), text, font=self.font, anchor=anchor, stroke_width=halo)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= self.width and box[3] <= self.height
        if not inside or any(_overlap(box, other) for other in self.taken):
            return False
        self.draw.text((x, y), text, ink, self.font, anchor, stroke_width=halo, stroke_fill=self.paper)
        self.taken.append(box)
        return True


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def automatic_rings(flat: FlatDetector) -> list[float]:
    """Resolutions (Angstrom) of some rings at about equal distances, to two digits, up to the edges of the image."""
    spixels, fpixels = flat.shape
    fast, slow = np.array([0, fpixels, fpixels / 2, fpixels / 2]), np.array([spixels / 2, spixels / 2, 0, spixels])
    finest = float(flat.resolution(fast, slow).min())
    rings = [float(f"{finest * RINGS / number:.2g}") for number in range(1, RINGS + 1)]
    return list(dict.fromkeys(rings))


def draw_rings(sheet: Sheet, flat: FlatDetector, rings: Sequence[float]) -> list[float]:
    """Draw rings of constant resolution (Angstrom) and label them; returns those that are in the picture."""
    drawn = []
    for resolution in rings:
        if 2.0 * resolution < 1e10 * flat.wavelength:
            continue
        x, y = sheet.place(*flat.cone(resolution))
        visible = (x >= 0) & (x < sheet.width) & (y >= 0) & (y < sheet.height)
        if not visible.any():
            continue
        drawn.append(resolution)
        points = list(zip(x.tolist(), y.tolist(), strict=True))
        for start, end in zip(points, points[1:], strict=False):
            if np.isfinite((*start, *end)).all():
                sheet.draw.line((start, end), sheet.ink, sheet.line)
        _label_ring(sheet, x, y, f"{resolution:g} A")
    return drawn


def _label_ring(sheet: Sheet, x: np.ndarray, y: np.ndarray, text: str) -> None:
    """At the first of some directions that has room, or else anywhere on the ring."""
    steps = len(x) - 1
    preferred = np.round(LABEL_ANGLES / (2 * np.pi) * steps).astype(int) % steps
    for index in (*preferred, *range(0, steps, 5)):
        if np.isfinite((x[index], y[index])).all() and sheet.label(x[index], y[index], text, sheet.ink):
            return


def draw_beam(sheet: Sheet, flat: FlatDetector) -> None:
    """A cross where the beam meets the detector."""
    x, y = (float(c) for c in sheet.place(*flat.beam_centre))
    if not np.isfinite((x, y)).all():
        return
    arm = sheet.font_size
    for dx, dy in ((arm, 0), (0, arm)):
        sheet.draw.line((x - dx, y - dy, x + dx, y + dy), sheet.ink, 2 * sheet.line)


def draw_spots(sheet: Sheet, spots: Spots) -> int:
    """Circle spots and write their Miller indices beside them; returns how many could be labelled."""
    radius = 0.5 * sheet.font_size
    places = list(zip(*(c.tolist() for c in sheet.place(spots.fast, spots.slow)), strict=True))
    for x, y in places:
        circle = (x - radius, y - radius, x + radius, y + radius)
        sheet.draw.ellipse(circle, None, sheet.spot_ink, sheet.line)
        sheet.taken.append(circle)
    labelled = 0
    for (h, k, l), (x, y) in zip(spots.hkl.tolist(), places, strict=True):
        text = f"{h},{k},{l}"
        labelled += any(
            sheet.label(x + side * 1.6 * radius, y, text, sheet.spot_ink, anchor)
            for side, anchor in ((1, "lm"), (-1, "rm"))
        )
    return labelled
