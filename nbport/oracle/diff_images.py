"""Two images side by side: pixels that differ and by how much, figures of merit, positions of peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..crules.text import printf
from ..errors import InputError
from ..formats.images import Frame
from .comparison import Comparison, Distances, Gate, plain

WORST = 10  # pixels in the table
PEAKS = 100  # brightest maxima of each image that are matched
REACH = 5.0  # pixels, how far apart two maxima can be and still match

Roi = tuple[int, int, int, int]  # fast first and last, slow first and last, all inside


@dataclass
class ImageComparison(Comparison):
    """What a comparison of images found.

    Attributes
    ----------
    a, b : arrays [spixel, fpixel]
        What was compared, within the region of interest.
    """

    a: np.ndarray | None = None
    b: np.ndarray | None = None


class Peaks(NamedTuple):
    """Local maxima of two images."""

    of_a: int
    of_b: int
    matched: int
    displacements: np.ndarray  # pixels, of the matched ones


def compare_images(a: Frame, b: Frame, gate: Gate, roi: Roi | None = None, headers: bool = True) -> ImageComparison:
    """Compare pixel by pixel, and headers key by key if both are SMV images.

    Parameters
    ----------
    a, b : Frame
    gate : Gate
        For pixels; texts of headers must be equal.
    roi : Roi, optional
    headers : bool
        Whether headers count.

    Raises
    ------
    InputError
        If the images have different shapes, or the region is outside.
    """
    if a.pixels.shape != b.pixels.shape:
        raise InputError(f"{b.name}: found {_size(b.pixels)} pixels, expected {_size(a.pixels)} as {a.name} has")
    x, y, (slow, fast) = *(_cut(frame.pixels, roi) for frame in (a, b)), (roi[2], roi[0]) if roi else (0, 0)
    distances = Distances.between(x, y)
    outside = ~gate.passes(distances)
    worst = _worst(x, y, distances, slow, fast)
    differing_keys = _header_differences(a.header, b.header) if headers else None
    equal = not outside.any() and not differing_keys
    metrics = {
        "kind": "images",
        "equal_within_gate": bool(equal),
        "gate": str(gate),
        "shape": list(x.shape),
        "roi": roi,
        "pixels": x.size,
        "differing": int(np.count_nonzero(distances.ulp > 0.0)),
        "outside_gate": int(np.count_nonzero(outside)),
        "max_abs": plain(distances.abs.max()),
        "max_rel": plain(distances.rel.max()),
        "max_ulp": plain(distances.ulp.max()),
        **_figures(x, y),
        "ulp_histogram": _histogram(distances.ulp),
        "peaks": _peak_figures(match_peaks(x, y)),
        "worst": worst,
        "header": differing_keys,
    }
    return ImageComparison(bool(equal), metrics, _lines(metrics), x, y)


def _size(pixels: np.ndarray) -> str:
    return " x ".join(map(str, pixels.shape))


def _cut(pixels: np.ndarray, roi: Roi | None) -> np.ndarray:
    if roi is None:
        return pixels
    xmin, xmax, ymin, ymax = roi
    if not (0 <= xmin <= xmax < pixels.shape[1] and 0 <= ymin <= ymax < pixels.shape[0]):
        raise InputError(
            f"--roi: found {xmin} {xmax} {ymin} {ymax},"
            f" expected within 0 {pixels.shape[1] - 1} 0 {pixels.shape[0] - 1} (fast, slow)"
        )
    return pixels[ymin : ymax + 1, xmin : xmax + 1]


def _figures(a: np.ndarray, b: np.ndarray) -> dict[str, object]:
    """Over the pixels that are finite in both images; NaN where a figure is not defined."""
    finite = np.isfinite(a) & np.isfinite(b)
    x, y = a[finite].astype(np.float64), b[finite].astype(np.float64)
    figures = {"not_finite": int(finite.size - x.size)}
    with np.errstate(all="ignore"):
        figures["rmse"] = plain(np.sqrt(np.mean((x - y) ** 2)) if x.size else np.nan)
        dx, dy = (x - x.mean(), y - y.mean()) if x.size else (x, y)
        figures["correlation"] = plain(np.sum(dx * dy) / np.sqrt(np.sum(dx * dx) * np.sum(dy * dy)))
        figures["sum_a"], figures["sum_b"] = plain(x.sum()), plain(y.sum())
        figures["sum_ratio"] = plain(np.divide(y.sum(), x.sum()))
    return figures


def _histogram(ulp: np.ndarray) -> dict[str, int]:
    """Pixels by distance: 0, 1, 2, 3-4, 5-8 and so on by powers of two, and infinite."""
    finite = ulp[np.isfinite(ulp)]
    # 0 stays 0, 1 is 1, 2 is 2, 3 and 4 are 3
    exponents = np.where(finite > 0, 1 + np.ceil(np.log2(np.maximum(finite, 1.0))), 0).astype(int)
    histogram = {}
    for exponent, number in zip(*np.unique(exponents, return_counts=True), strict=True):
        last = 2 ** int(exponent - 1) if exponent else 0
        first = last // 2 + 1 if exponent > 1 else last
        histogram[str(last) if first == last else f"{first}-{last}"] = int(number)
    if finite.size < ulp.size:
        histogram["infinite"] = int(ulp.size - finite.size)
    return histogram


def _worst(a: np.ndarray, b: np.ndarray, distances: Distances, slow: int, fast: int) -> list[dict[str, object]]:
    ulp = distances.ulp.reshape(-1)
    order = np.lexsort((-distances.abs.reshape(-1), -ulp))[:WORST] if ulp.any() else []
    rows = []
    for i in [int(i) for i in order if ulp[i] > 0.0]:
        spixel, fpixel = divmod(i, a.shape[1])
        numbers = {
            "a": a[spixel, fpixel], "b": b[spixel, fpixel],
            "ulp": ulp[i], "abs": distances.abs[spixel, fpixel], "rel": distances.rel[spixel, fpixel],
        }  # fmt: skip
        rows.append({"spixel": spixel + slow, "fpixel": fpixel + fast, **{k: plain(v) for k, v in numbers.items()}})
    return rows


def local_maxima(pixels: np.ndarray) -> np.ndarray:
    """The brightest local maxima, int [peaks, 2]: spixel, fpixel; brightest first.

    A maximum is brighter than its neighbours, of equal ones the first, and than the mean plus the rms deviation.
    """
    x = np.nan_to_num(pixels.astype(np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    finite = x[np.isfinite(x)]
    if not finite.size:
        return np.zeros((0, 2), int)
    padded = np.pad(x, 1, constant_values=-np.inf)
    is_peak = x > finite.mean() + finite.std()
    rows, columns = x.shape
    for ds in (0, 1, 2):
        for df in (0, 1, 2):
            neighbour = padded[ds : ds + rows, df : df + columns]
            if (ds, df) < (1, 1):
                is_peak &= x > neighbour
            elif (ds, df) > (1, 1):
                is_peak &= x >= neighbour
    places = np.argwhere(is_peak)
    return places[np.argsort(-x[is_peak], kind="stable")][:PEAKS]


def match_peaks(a: np.ndarray, b: np.ndarray) -> Peaks:
    """Maxima of both images that are each other's nearest, within REACH."""
    p, q = local_maxima(a), local_maxima(b)
    if not len(p) or not len(q):
        return Peaks(len(p), len(q), 0, np.zeros(0))
    distance = np.sqrt(((p[:, None, :] - q[None, :, :]) ** 2).sum(axis=2))
    nearest = distance.argmin(axis=1)
    mutual = distance.argmin(axis=0)[nearest] == np.arange(len(p))
    shifts = distance[np.arange(len(p)), nearest]
    shifts = shifts[mutual & (shifts <= REACH)]
    return Peaks(len(p), len(q), len(shifts), shifts)


def _peak_figures(peaks: Peaks) -> dict[str, object]:
    d = peaks.displacements
    figures = {"of_a": peaks.of_a, "of_b": peaks.of_b, "matched": peaks.matched}
    return figures | {
        "displaced": int(np.count_nonzero(d)),
        "mean_displacement": plain(d.mean()) if d.size else None,
        "max_displacement": plain(d.max()) if d.size else None,
    }


def _header_differences(a: dict[str, str] | None, b: dict[str, str] | None) -> list[dict[str, object]] | None:
    """Keys of two SMV headers whose texts differ; None unless both images have one."""
    if a is None or b is None:
        return None
    return [{"key": key, "a": a.get(key), "b": b.get(key)} for key in {**a, **b} if a.get(key) != b.get(key)]


def _lines(m: dict) -> list[str]:
    """The findings for people."""
    lines = [
        f"images: {m['pixels']} pixels ({' x '.join(map(str, m['shape']))}), {m['differing']} differ,"
        f" {m['outside_gate']} outside the gate ({m['gate']})"
    ]
    if m["not_finite"]:
        lines.append(f"  not finite in A or B: {m['not_finite']} pixels")
    if m["header"] is not None:
        lines.append(f"  header: {len(m['header'])} keys differ" if m["header"] else "  header: equal")
        lines += [f"    {row['key']}: A {row['a']}, B {row['b']}" for row in m["header"]]
    if not m["differing"]:
        return lines
    lines += [f"  {name}: {m[name]}" for name in ("max_abs", "max_rel", "max_ulp", "rmse", "correlation", "sum_ratio")]
    peaks = m["peaks"]
    lines += [
        f"  peaks: {peaks['of_a']} in A, {peaks['of_b']} in B, {peaks['matched']} matched,"
        f" {peaks['displaced']} of them displaced, by at most {peaks['max_displacement']} pixels",
        "",
        "pixels by distance in ulp:",
        *(f"  {span:>12} {number}" for span, number in m["ulp_histogram"].items()),
        "",
        "worst pixels:",
        printf("  %6s %6s %16s %16s %10s %10s", "slow", "fast", "A", "B", "ulp", "relative"),
    ]
    for row in m["worst"]:
        a, b, ulp, rel = (float(row[name]) for name in ("a", "b", "ulp", "rel"))
        lines.append(printf("  %6d %6d %16.9g %16.9g %10.4g %10.3g", row["spixel"], row["fpixel"], a, b, ulp, rel))
    return lines
