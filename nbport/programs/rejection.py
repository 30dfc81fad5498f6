"""Medians and means of 32-bit floats with rejection of outliers, as float_add and nonBragg have them.

They rearrange the array, and the order decides how the sums of 32-bit floats are rounded.
"""

import math

import numpy as np
from numba import njit

cached = njit(error_model="numpy", nogil=True, cache=True)
inlined = njit(error_model="numpy", nogil=True)


@inlined
def median_of(n, arr, base):
    """The middle one of arr[base + 1 .. base + n], by partitioning in place. C: float_add.c 474-522"""
    left, right = 1, n
    k = (n + 1) // 2
    while True:
        if right <= left + 1:
            if right == left + 1 and arr[base + right] < arr[base + left]:
                arr[base + left], arr[base + right] = arr[base + right], arr[base + left]
            return arr[base + k]
        mid = (left + right) >> 1
        arr[base + mid], arr[base + left + 1] = arr[base + left + 1], arr[base + mid]
        if arr[base + left + 1] > arr[base + right]:
            arr[base + left + 1], arr[base + right] = arr[base + right], arr[base + left + 1]
        if arr[base + left] > arr[base + right]:
            arr[base + left], arr[base + right] = arr[base + right], arr[base + left]
        if arr[base + left + 1] > arr[base + left]:
            arr[base + left + 1], arr[base + left] = arr[base + left], arr[base + left + 1]
        i, j = left + 1, right
        a = arr[base + left]
        while True:
            i += 1
            while arr[base + i] < a:
                i += 1
            j -= 1
            while arr[base + j] > a:
                j -= 1
            if j < i:
                break
            arr[base + i], arr[base + j] = arr[base + j], arr[base + i]
        arr[base + left] = arr[base + j]
        arr[base + j] = a
        if j >= k:
            right = j - 1
        if j <= k:
            left = i


@cached
def median_with_rejection(n, arr, sigma_cutoff):
    """Reject what is further from the median than sigma_cutoff median deviations, until nothing is.

    Parameters
    ----------
    n : int
        Number of values, which begin at index 1.
    arr : float32 [2 n + 1 or more]
        Rearranged.
    sigma_cutoff : float32

    Returns
    -------
    (median, median absolute deviation, values left). C: float_add.c 525-591
    """
    while True:
        median = median_of(n, arr, 0)
        for i in range(1, n + 1):
            arr[i + n] = abs(arr[i] - median)
        mad = median_of(n, arr, n)
        done = True
        i = 1
        while i <= n:
            if abs(arr[i] - median) > sigma_cutoff * mad:
                arr[i] = arr[n]
                n -= 1
                done = False
            i += 1
        if done:
            return median, mad, n


@cached
def mean_with_rejection(n, arr, sigma_cutoff):
    """Reject the worst value while it is further from the mean than sigma_cutoff deviations.

    Rejected values are swapped with the one behind those that are left, which counts from 0 but is one too far.

    Parameters
    ----------
    n : int
        Number of values, which begin at index 0.
    arr : float32 [n + 1 or more]
        Rearranged.
    sigma_cutoff : float32

    Returns
    -------
    (mean, rms deviation, values left), the first two added up as float32. C: float_add.c 597-643
    """
    points = n
    avg = rmsd = np.float32(0.0)
    rejection = True
    while rejection and points > n / 2.0:
        total = squares = np.float32(0.0)
        for i in range(points):
            total += arr[i]
        avg = total / np.float32(points)
        worst = -1
        worst_deviate = np.float32(-1.0)
        for i in range(points):
            deviate = abs(arr[i] - avg)
            if deviate > worst_deviate:
                worst = i
                worst_deviate = deviate
            squares += deviate * deviate
        rmsd = np.float32(math.sqrt(np.float64(squares / np.float32(points))))
        rejection = worst_deviate > sigma_cutoff * rmsd
        if rejection:
            arr[worst], arr[points] = arr[points], arr[worst]
            points -= 1
    return avg, rmsd, points
