"""Decimal numbers to doubles, correctly rounded, without big integers; compiled."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit

OK, SLOW = 0, 1  # SLOW: undecided, a big-integer parser is needed

LARGEST_POWER = 270  # so that nothing under- or overflows
SPLITTER = 2.0**27 + 1.0

jitted = njit(error_model="numpy", nogil=True, _nrt=False)


@cache
def powers_of_ten() -> np.ndarray:
    """10**e for |e| <= LARGEST_POWER as unevaluated sums of two doubles, float64 [2 * LARGEST_POWER + 1, 2]."""
    powers = np.empty((2 * LARGEST_POWER + 1, 2))
    for e in range(LARGEST_POWER + 1):
        power = 10**e
        high = float(power)
        powers[LARGEST_POWER + e] = high, float(power - int(high))
        # a quotient of ints is correctly rounded
        high = 1 / power
        numerator, denominator = high.as_integer_ratio()
        powers[LARGEST_POWER - e] = high, (denominator - numerator * power) / (denominator * power)
    return powers


@jitted
def exact_product(a, b):
    """a*b as an unevaluated sum of two doubles (Dekker 1971), away from over- and underflow."""
    product = a * b
    t = SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@jitted
def times_power_of_ten(mantissa, truncated, exponent, powers):
    """mantissa * 10**exponent: (status, value), correctly rounded if OK.

    The product is computed as the sum of two doubles; neglected terms, the error of the power and the
    roundings are together below 12 * 2**-106 of it, the slack below is 64 * 2**-106. Rounding is
    monotonic: if both ends of the interval round to one double, so does the true value. They do not for
    one number in 2**45, or about one in 50 if digits were cut off.

    Parameters
    ----------
    mantissa : int64
        0 <= mantissa < 10**18
    truncated : bool
        More digits follow, so the true mantissa is less than 1 larger.
    exponent : int64
    powers : float64 array
        From `powers_of_ten`.
    """
    if exponent == 0 and not truncated:
        return OK, np.float64(mantissa)
    if abs(exponent) > LARGEST_POWER:
        return SLOW, 0.0
    power, power_low = powers[LARGEST_POWER + exponent, 0], powers[LARGEST_POWER + exponent, 1]
    high = np.float64(mantissa)
    low = np.float64(mantissa - np.int64(high))
    product, rest = exact_product(high, power)
    rest += high * power_low + low * power
    slack = product * 2.0**-100
    above = rest + slack
    if truncated:
        above += power * (1.0 + 2.0**-50)
    value = product + above
    return (OK if product + (rest - slack) == value else SLOW), value
