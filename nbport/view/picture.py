"""From pixels to a picture: fewer pixels, a scale, colours, a PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import OptionError

if TYPE_CHECKING:
    from PIL import Image

SCALES = ("log", "sqrt", "linear")
REDUCTIONS = ("max", "mean")
DECADES = 4.0  # that a logarithmic scale shows at most, unless told otherwise
ENLARGED = 800  # small images grow to about as many pixels, so that labels can be read

# red, green, blue from the darkest pixel to the brightest, at equal distances
COLOURS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "grey": ((255, 255, 255), (0, 0, 0)),
    "inverse": ((0, 0, 0), (255, 255, 255)),
    "heat": ((0, 0, 0), (160, 0, 0), (255, 120, 0), (255, 230, 80), (255, 255, 255)),
    "viridis": (
        (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99),
        (170, 220, 50), (253, 231, 37),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How pixels look.

    Attributes
    ----------
    scale : str
        One of SCALES.
    low, high : float or None
        Values at the ends of the scale; None: from the image.
    colours : str
        One of COLOURS.
    size : int
        Most pixels of the picture's longer side.
    reduction : str
        What becomes of pixels that share one of the picture: "max", so that no spot gets lost, or "mean".
    """

    scale: str = "log"
    low: float | None = None
    high: float | None = None
    colours: str = "grey"
    size: int = 1600
    reduction: str = "max"


class Picture(NamedTuple):
    """A picture and how it was made."""

    image: Image.Image
    zoom: float  # pixels of the picture along one of the image
    low: float
    high: float


def load_pillow() -> ModuleType:
    """The package PIL, with the modules that are used here.

    Raises
    ------
    OptionError
        If it is not installed.
    """
    try:
        import PIL.Image
        import PIL.ImageDraw
        import PIL.ImageFont
    except ImportError:
        raise OptionError("pictures need Pillow: pip install 'nbport[view]'") from None
    return PIL


def paint(pixels: np.ndarray, style: Style) -> Picture:
    """Make a picture of an image.

    Parameters
    ----------
    pixels : numbers [spixels, fpixels]
        NaNs and infinities count as zero.
    style : Style

    Raises
    ------
    OptionError
        If Pillow is not installed, or the ends of the scale do not fit.
    """
    pillow = load_pillow()
    longest = max(pixels.shape)
    factor = -(-longest // style.size)
    enlarge = max(1, min(ENLARGED, style.size) // longest)
    shown = reduced(np.nan_to_num(pixels.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0), factor, style.reduction)
    low, high = ends(shown, style)
    rgb = coloured(scaled(shown, style.scale, low, high), style.colours)
    image = pillow.Image.fromarray(np.repeat(np.repeat(rgb, enlarge, axis=0), enlarge, axis=1))
    return Picture(image, enlarge / factor, low, high)


def reduced(pixels: np.ndarray, factor: int, reduction: str = "max") -> np.ndarray:
    """Square blocks of pixels as one each: the largest, or the mean. The last ones may be of fewer pixels.

    Parameters
    ----------
    pixels : [spixels, fpixels] or [spixels, fpixels, channels]
    factor : int
        Pixels along a block's side.
    reduction : str
        One of REDUCTIONS.
    """
    if factor == 1:
        return pixels
    function = np.maximum if reduction == "max" else np.add
    blocks = pixels
    for axis in (0, 1):
        starts = np.arange(0, pixels.shape[axis], factor)
        blocks = function.reduceat(blocks, starts, axis=axis)
    if reduction == "max":
        return blocks
    rows, columns = (np.diff([*range(0, n, factor), n]) for n in pixels.shape[:2])
    number = np.outer(rows, columns)
    return blocks / number.reshape(number.shape + (1,) * (pixels.ndim - 2))


def ends(shown: np.ndarray, style: Style) -> tuple[float, float]:
    """Values at the lower and the upper end of the scale.

    Raises
    ------
    OptionError
        If the lower one is not below the upper one, or not positive on a logarithmic scale.
    """
    values = shown[shown > 0.0] if style.scale == "log" else shown
    low, high = np.percentile(values, (2.0, 99.95)) if values.size else (0.0, 0.0)
    high = float(values.max(initial=0.0) if high <= low else high) if style.high is None else style.high
    if style.low is not None:
        low = style.low
    elif style.scale == "log":
        low = max(float(low), high * 10.0**-DECADES)
    if low >= high and style.low is None:
        # an image without contrast: all of it at the lower end
        low, high = (high, 10.0 * high or 1.0) if style.high is None else (high / 10.0, high)
        low = low or 0.1
    if low >= high or (style.scale == "log" and low <= 0.0):
        expected = "0 < LOW < HIGH" if style.scale == "log" else "LOW < HIGH"
        raise OptionError(
            f"--low, --high: found {low:g} and {high:g} on a scale that is {style.scale}, expected {expected}"
        )
    return float(low), float(high)


def scaled(values: np.ndarray, scale: str, low: float, high: float) -> np.ndarray:
    """0 at or below low, 1 at or above high, and in between by the scale."""
    if scale == "log":
        return np.log(np.clip(values, low, high) / low) / np.log(high / low)
    fraction = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.sqrt(fraction) if scale == "sqrt" else fraction


def coloured(brightness: np.ndarray, colours: str) -> np.ndarray:
    """Brightness from 0 to 1 as red, green and blue: uint8 [..., 3]."""
    anchors = np.array(COLOURS[colours], float)
    places = np.linspace(0.0, 1.0, len(anchors))
    channels = [np.interp(brightness, places, anchors[:, i]) for i in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def to_png(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
