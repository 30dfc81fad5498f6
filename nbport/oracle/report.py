"""A comparison as files: figures, a summary, a picture, and what they were made from and with."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .. import __version__
from ..files import OutputError, read_bytes, write_file
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
        except ImportError:
            missing.append("picture.png is missing, for it needs Pillow: pip install 'nbport[view]'")
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
    ImportError
        If Pillow is not installed.
    """
    from PIL import Image

    a, b = (np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0) for x in (a, b))
    positive = np.concatenate([x[x > 0.0] for x in (a, b)])
    low, high = np.percentile(positive, (10.0, 99.9)) if positive.size else (1.0, 1.0)
    panels = [_grey(_logarithmic(x, low, high)) for x in (a, b)] + [_red_and_blue(b - a)]
    factor = max(1, -(-max(a.shape) // LARGEST))
    panels = [_shrunk(panel, factor) for panel in panels]
    gap = np.full((panels[0].shape[0], GAP, 3), 128, np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)).save(out, "PNG", optimize=True)
    return out.getvalue()


def _logarithmic(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 at or below low, 1 at or above high."""
    if not 0.0 < low < high:
        return (x >= high).astype(np.float64)
    return np.log(np.clip(x, low, high) / low) / np.log(high / low)


def _grey(brightness: np.ndarray) -> np.ndarray:
    return np.repeat((255.0 * (1.0 - brightness[:, :, None])).astype(np.uint8), 3, axis=2)


def _red_and_blue(difference: np.ndarray) -> np.ndarray:
    size = np.abs(difference)
    largest = size.max()
    # three decades; what differs at all is visible
    strength = np.where(size > 0.0, 0.2 + 0.8 * _logarithmic(size, largest / 1e3, largest), 0.0)
    fade = (255.0 * (1.0 - strength)).astype(np.uint8)
    full = np.full_like(fade, 255)
    is_red = difference > 0.0
    return np.stack([np.where(is_red, full, fade), fade, np.where(is_red, fade, full)], axis=2)


def _shrunk(panel: np.ndarray, factor: int) -> np.ndarray:
    """Every block of pixels as its darkest one, so that no spot gets lost."""
    rows, columns = (-(-size // factor) * factor for size in panel.shape[:2])
    padded = np.pad(panel, ((0, rows - panel.shape[0]), (0, columns - panel.shape[1]), (0, 0)), constant_values=255)
    return padded.reshape(rows // factor, factor, columns // factor, factor, 3).min(axis=(1, 3))
