import sys
from typing import NamedTuple

import numpy as np
from numba import njit

from nbport.kernels.borrowing import borrowed


class Pair(NamedTuple):
    number: int
    array: np.ndarray


@njit
def doubled(array, nested):
    lent, inner = borrowed(array), borrowed(nested)
    for i in range(lent.size):
        lent[i] = 2.0 * inner[1].array[i] + inner[0]
    return inner[1].number


@njit
def sum_of_lent(n):
    array = np.arange(n)
    lent = borrowed(array)
    total = 0
    for i in range(lent.size):
        total += lent[i]
    return total, array.size


def test_borrowed_arrays_are_the_lender_s_own_memory():
    array, other = np.zeros(5), np.arange(5.0)
    assert doubled(array, (3, Pair(7, other))) == 7
    np.testing.assert_array_equal(array, 2.0 * other + 3)


def test_lending_does_not_change_who_frees_an_array():
    for n in (1, 10, 1000):
        assert sum_of_lent(n) == (n * (n - 1) // 2, n)
    array = np.zeros(3)
    before = sys.getrefcount(array)
    doubled(array, (3, Pair(7, np.zeros(3))))
    assert sys.getrefcount(array) == before
