"""Loops of float_add over the pixels."""

import math

import numpy as np
from numba import njit

cached = njit(error_model="numpy", nogil=True, cache=True)

# what `combine` adds up
SUM, SUMSQ, MAX, MIN, X, Y, XY, XX, YY, SUMS = range(10)


@cached
def combine(a, b, has_b, scales, offsets, normalize, ignored, out, invalid, results, sums):
    """The result of every pixel, and sums over the valid ones. C: float_add.c 246-325

    Parameters
    ----------
    a, b : float32 [pixels]
    has_b : bool
        Whether values of b may be ignored.
    scales : float32 [3]
        scale1, scale2, outscale.
    offsets : float32 [2]
        offset, outoffset.
    normalize : bool
    ignored : float32 [n]
    out, invalid : float32, bool [pixels]
        Filled.
    results : float32 [pixels + 2 or more]
        Filled with the valid results, from index 1.
    sums : float64 [SUMS]
        Filled.

    Returns
    -------
    (valid pixels, overflows, underflows)
    """
    scale1, scale2, outscale = np.float64(scales[0]), np.float64(scales[1]), np.float64(scales[2])
    offset, outoffset = np.float64(offsets[0]), np.float64(offsets[1])
    valid = overflows = underflows = 0
    largest = smallest = math.nan
    total = squares = x = y = xy = xx = yy = 0.0
    for i in range(a.size):
        float1, float2 = np.float64(a[i]), np.float64(b[i])
        one, other = scale1 * (float1 - offset), scale2 * (float2 - offset)
        if normalize:
            result = outscale * ((one - other) / ((one + other) / 2.0))
        else:
            result = outscale * (one + other)
        value = np.float32(result + outoffset)
        invalid[i] = math.isnan(value)
        if math.isinf(value):
            overflows += 1
        if not math.isfinite(value):
            underflows += 1
        out[i] = value
        for k in range(ignored.size):
            if a[i] == ignored[k] or (has_b and b[i] == ignored[k]):
                out[i] = ignored[k]
                invalid[i] = True
                break
        if invalid[i]:
            continue
        valid += 1
        results[valid] = np.float32(result)
        total += result
        squares += result * result
        if result > largest or math.isnan(largest):
            largest = result
        if result < smallest or math.isnan(smallest):
            smallest = result
        x += float1
        y += float2
        xy += float1 * float2
        xx += float1 * float1
        yy += float2 * float2
    sums[SUM], sums[SUMSQ], sums[MAX], sums[MIN] = total, squares, largest, smallest
    sums[X], sums[Y], sums[XY], sums[XX], sums[YY] = x, y, xy, xx, yy
    return valid, overflows, underflows


@cached
def moments(out, invalid, outoffset, mean):
    """Sums of the second, third and fourth power of deviations (quirk: float-add-deviations). C: float_add.c 353-364"""
    second = third = fourth = 0.0
    for i in range(out.size):
        if not invalid[i]:
            diff = np.float64(out[i] - outoffset) - mean
            second += diff * diff
            third += diff * diff * diff
            fourth += diff * diff * diff * diff
    return second, third, fourth


@cached
def histogram_counts(results, valid, smallest, binsize, counts):
    """Count results by bins; returns how many lie in none. C: float_add.c 392-396"""
    outside = 0
    for i in range(1, valid + 1):
        place = math.ceil((np.float64(results[i]) - smallest) / np.float64(binsize)) - 0.5
        if place > -1.0 and place < counts.size:
            counts[np.int64(place)] += 1
        else:
            outside += 1
    return outside


@cached
def figures_of_rest(results, n, outoffset, mean):
    """Figures of results[1 .. n] less the output offset. C: float_add.c 432-455

    Returns
    -------
    (largest, smallest, sum of squares, and of the second, third and fourth power of deviations)
    """
    largest = smallest = math.nan
    squares = second = third = fourth = 0.0
    for i in range(1, n + 1):
        value = results[i] - outoffset
        if i == 1:
            largest = smallest = np.float64(value)
        if value > largest:
            largest = np.float64(value)
        if value < smallest:
            smallest = np.float64(value)
        squares += np.float64(value * value)
        diff = np.float64(value) - mean
        second += diff * diff
        third += diff * diff * diff
        fourth += diff * diff * diff * diff
    return largest, smallest, squares, second, third, fourth
