"""The sum of two images, and what float_add prints of it."""

from __future__ import annotations

import math

import numpy as np

from ...crules.text import ceiling, divide, multiply, single, to_int
from ..console import Session
from ..rejection import mean_with_rejection, median_with_rejection
from . import sums
from .options import Parameters

MOST_BINS = 100000
CUTOFF = np.float32(6.0)  # deviations


def add(p: Parameters, session: Session, first: np.ndarray, second: np.ndarray, pixels: int) -> np.ndarray:
    """The result with the header of the first file, and its statistics on the log. C: float_add.c 237-461

    Returns
    -------
    float32, as long as `first`: what is neither copied nor a pixel is zero.
    """
    start, count = p.header // 4, max(pixels, 0)
    out = np.zeros_like(first)
    copied = min(start + 1, first.size)
    out[:copied] = first[:copied]
    invalid = np.zeros(count, np.bool_)
    results = np.zeros(2 * count + 4, np.float32)
    totals = np.zeros(sums.SUMS)
    values = out[start : start + count]
    valid, overflows, underflows = sums.combine(
        first[start : start + count],
        second[start : start + count],
        p.infile2 is not None,
        np.array([p.scale1, p.scale2, p.outscale], np.float32),
        np.array([p.offset, p.outoffset], np.float32),
        p.normalize,
        np.array(p.ignore, np.float32),
        values,
        invalid,
        results,
        totals,
    )
    t = totals.tolist()
    outoffset = np.float32(p.outoffset)
    mean = divide(t[sums.SUM], valid)
    rms = _root(divide(t[sums.SUMSQ], valid))
    _say_least_squares(session, t, valid)
    rmsd, skewness, kurtosis = _shape(sums.moments(values, invalid, outoffset, mean), valid)
    if p.histogram:
        _say_histogram(p, session, results, valid, t[sums.MAX], t[sums.MIN], rmsd)
    counted = bool(p.ignore) or p.reject
    session.say(
        "%s%d pixels %s",
        f"{pixels - valid} invalid of " if counted else "", pixels, f"( {valid} left)" if counted else "",
    )  # fmt: skip
    session.say("%d overflows, %d underflows", overflows, underflows)
    session.say("max = %g min = %g", t[sums.MAX], t[sums.MIN])
    session.say("mean = %g rms = %g rmsd = %g skewness = %g kurtosis = %g", mean, rms, rmsd, skewness, kurtosis)
    if p.reject:
        _say_rejection(session, results, valid, outoffset)
    session.say("CC = %.12g", _correlation(t, valid))
    session.derived |= {"pixels": pixels, "valid_pixels": valid, "mean": mean, "rms": rms, "rmsd": rmsd}
    return out


def _root(square: float) -> float:
    return math.sqrt(square) if square >= 0.0 else square


def _shape(moments: tuple[float, float, float], n: int) -> tuple[float, float, float]:
    """Deviation, skewness and kurtosis of sums of powers."""
    second, third, fourth = moments
    rmsd = _root(divide(second, n))
    cube = multiply(multiply(rmsd, rmsd), rmsd)
    return rmsd, divide(divide(third, n), cube), divide(divide(fourth, n), multiply(cube, rmsd))


def _say_least_squares(session: Session, t: list[float], n: int) -> None:
    """Scale and offset of each input on the other. C: float_add.c 329-351"""
    x, y, xy = t[sums.X], t[sums.Y], t[sums.XY]
    for label, squares, one, other in (("xy", t[sums.XX], x, y), ("yx", t[sums.YY], y, x)):
        denominator = squares * n - one * one
        scale = offset = 0.0
        if denominator != 0 and n >= 2:
            scale = divide(xy * n - x * y, denominator)
            offset = divide(squares * other - one * xy, denominator)
        session.say("%s lsq scale= %g offset= %g", label, scale, offset)


def _say_histogram(
    p: Parameters, session: Session, results: np.ndarray, valid: int, largest: float, smallest: float, rmsd: float
) -> None:
    """Bins of the results that are not empty (quirk: float-add-histogram). C: float_add.c 369-407"""
    binsize = single(rmsd / 3.0) if p.binsize <= 0 else p.binsize
    if binsize <= 0:
        binsize = 1.0
    bins = min(to_int(ceiling(divide(largest - smallest + 2, binsize))), MOST_BINS)
    if bins < 0:
        session.warn(f"no histogram: {largest:g} to {smallest:g} in steps of {binsize:g} are no bins")
        return
    counts = np.zeros(bins + 1, np.int64)
    outside = sums.histogram_counts(results, valid, smallest, np.float32(binsize), counts)
    if outside:
        session.warn(f"{outside} pixels are in none of the {bins} bins of the histogram; give -binsize")
    session.say("histogram:")
    for place in np.flatnonzero(counts).tolist():
        session.say("%g %d", _edge(binsize, place, smallest), counts[place])


def _edge(binsize: float, place: int, smallest: float) -> float:
    """Where a bin begins; the product is a 32-bit float."""
    return single(multiply(binsize, single(float(place)))) + smallest


def _say_rejection(session: Session, results: np.ndarray, valid: int, outoffset: np.float32) -> None:
    """Statistics without outliers (quirk: float-add-rejection). C: float_add.c 424-459"""
    median, mad, n = median_with_rejection(valid + 1, results, CUTOFF)
    session.say("median = %g mad = %g", median, mad)
    largest, smallest, *_ = sums.figures_of_rest(results, n, outoffset, 0.0)
    session.say("%d pixels rejected after median-mad filter, new max= %g min= %g", valid - n, largest, smallest)
    mean, _, n = mean_with_rejection(n, results, CUTOFF)
    mean = float(mean)
    largest, smallest, squares, *moments = sums.figures_of_rest(results, n, outoffset, mean)
    rmsd, skewness, kurtosis = _shape(moments, n)
    session.say("%d pixels rejected after mean-rmsd filter, new max= %g min= %g", valid - n, largest, smallest)
    session.say(
        "after outlier rejection: mean= %g rms= %g rmsd= %g skewness= %g kurtosis= %g ( %d points)",
        mean, _root(divide(squares, n)), rmsd, skewness, kurtosis, n,
    )  # fmt: skip


def _correlation(t: list[float], n: int) -> float:
    """Correlation coefficient of the inputs. C: float_add.c 409-422"""
    avgx, avgy, avgxy, avgxx, avgyy = (divide(t[k], n) for k in (sums.X, sums.Y, sums.XY, sums.XX, sums.YY))
    if avgyy < avgy * avgy:
        avgyy = avgy * avgy
    if avgxx < avgx * avgx:
        return 0.0
    return divide(avgxy - avgx * avgy, _root(avgxx - avgx * avgx) * _root(avgyy - avgy * avgy))
