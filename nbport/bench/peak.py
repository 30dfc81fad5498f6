"""A loop of nothing but multiply-adds, to measure what a processor can do at most."""

import numpy as np
from numba import njit

from ..kernels.elementary import fmuladd

LANES = 128  # independent chains: enough for any width and latency
CHAIN = 16  # multiply-adds between load and store
FLOPS_A_ROUND = 2 * LANES * CHAIN


@njit(cache=True, nogil=True, error_model="numpy")
def multiply_adds(rounds):
    """So many rounds of CHAIN multiply-adds in every lane; the sum, so that nothing is left out."""
    x = np.empty(LANES)
    for i in range(LANES):
        x[i] = i * 1e-3
    for _ in range(rounds):
        for i in range(LANES):
            value = x[i]
            value = _four(_four(_four(_four(value))))
            x[i] = value
    return x.sum()


@njit(error_model="numpy", inline="always")
def _four(value):
    value = fmuladd(value, 0.9999999, 1e-9)
    value = fmuladd(value, 0.9999998, 2e-9)
    value = fmuladd(value, 0.9999997, 3e-9)
    return fmuladd(value, 0.9999996, 4e-9)
