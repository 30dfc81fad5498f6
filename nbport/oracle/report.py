"""A comparison as files: figures, a summary, a picture, and what they were made from and with."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .. import __version__
from ..errors import OptionError, OutputError
from ..system.files import read_bytes, write_file
from ..view.picture import coloured, load_pillow, reduced, scaled, to_png
from .comparison import Comparison
from .diff_images import ImageComparison

LARGEST = 800  # pixels of a panel's longer side
GAP = 8


def write_report(
    folder: str | os.PathLike, comparison: Comparison, inputs: Sequence[str | os.PathLike], command: Sequence[str]
) -> list[str]:
    """Write metrics.json, summary.txt, manifest.json and, for images, picture.png.

    Parameters
    ----------
    folder : path
        Made if it is missing.
    comparison : Comparison
    inputs : paths
        Files that were compared.
    command : sequence of str
        The command line, for the manifest.

    Returns
    -------
    What is missing, and why; a text for each.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot make this folder: {error.strerror}") from None
    contents = {
        "metrics.json": (json.dumps(comparison.metrics, indent=1, allow_nan=False) + "\n").encode(),
        "summary.txt": f"A: {inputs[0]}\nB: {inputs[1]}\n{comparison.summary()}".encode("utf-8", "surrogateescape"),
    }
    missing = []
    if isinstance(comparison, ImageComparison):
        try:
            contents["picture.png"] = picture(comparison.a, comparison.b)
        except OptionError as error:
            missing.append(f"picture.png is missing: {error}")
    for name, content in contents.items():
        write_file(folder / name, [content])
    manifest = {
        "command": shlex.join(command),
        "versions": _versions(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "inputs": {str(path): _digest(read_bytes(path, "an input")) for path in inputs},
        "outputs": {name: _digest(content) for name, content in contents.items()},
    }
    write_file(folder / "manifest.json", [(json.dumps(manifest, indent=1) + "\n").encode("utf-8", "surrogateescape")])
    return missing


def _digest(content: bytes) -> dict[str, object]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"nbport": __version__, "python": platform.python_version()}
    for package in ("numba", "llvmlite", "numpy", "fabio", "pillow"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions


def picture(a: np.ndarray, b: np.ndarray) -> bytes:
    """A, B and their difference side by side, as a PNG.

    A and B in grey on one logarithmic scale, dark is bright; the difference in red where B is larger and in blue
    where A is, on a logarithmic scale of its own.

    Raises
    ------
    OptionError
        If Pillow is not installed.
    """
    pillow = load_pillow()
    a, b = (np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0) for x in (a, b))
    positive = np.concatenate([x[x > 0.0] for x in (a, b)])
    low, high = np.percentile(positive, (10.0, 99.9)) if positive.size else (1.0, 1.0)
    panels = [coloured(_logarithmic(x, low, high), "grey") for x in (a, b)] + [_red_and_blue(b - a)]
    factor = max(1, -(-max(a.shape) // LARGEST))
    # the darkest of the pixels that become one, so that no spot gets lost
    panels = [255 - reduced(255 - panel, factor) for panel in panels]
    gap = np.full((panels[0].shape[0], GAP, 3), 128, np.uint8)
    return to_png(pillow.Image.fromarray(np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)))


def _logarithmic(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 at or below low, 1 at or above high."""
    if not 0.0 < low < high:
        return (x >= high).astype(np.float64)
    return scaled(x, "log", low, high)


def _red_and_blue(difference: np.ndarray) -> np.ndarray:
    size = np.abs(difference)
    largest = size.max()
    # three decades; what differs at all is visible
    strength = np.where(size > 0.0, 0.2 + 0.8 * _logarithmic(size, largest / 1e3, largest), 0.0)
    fade = (255.0 * (1.0 - strength)).astype(np.uint8)
    full = np.full_like(fade, 255)
    is_red = difference > 0.0
    return np.stack([np.where(is_red, full, fade), fade, np.where(is_red, fade, full)], axis=2)
