"""The functions that stand for libm's are within their declared bounds; exact ones are exact."""

import math

import mpmath
import numpy as np
import pytest
from numba import njit

from nbport.kernels import bounds, scalar
from nbport.kernels import elementary as e

mpmath.mp.prec = 240
POLYNOMIALS = e.Polynomials()
RNG = np.random.default_rng(20)

compiled = njit(error_model="numpy")


@compiled
def sines(y, s):
    """|sin(y)| as for the numerators of a lattice factor, and the reduced arguments."""
    value, r = np.empty(y.size), np.empty(y.size)
    for i in range(y.size):
        r[i] = e.reduced(y[i], e.nearest_multiple(y[i]))
        value[i] = abs(e.sin_reduced(r[i], s))
    return value, r


@compiled
def sines_of_indices(h, s):
    """|sin(pi*h)| as for the denominators, and the reduced arguments."""
    value, r = np.empty(h.size), np.empty(h.size)
    for i in range(h.size):
        r[i] = e.reduced(math.pi * h[i], e.nearest_whole(h[i]))
        value[i] = abs(e.sin_reduced(r[i], s))
    return value, r


@compiled
def sphere_terms(x, s, c):
    """sin(x)/x - cos(x) up to its sign."""
    value = np.empty(x.size)
    for i in range(x.size):
        sine, cosine = e.abs_sin_cos(x[i], s, c)
        value[i] = sine / x[i] - cosine
    return value


@compiled
def exponentials(z, coefficients):
    value = np.empty(z.size)
    for i in range(z.size):
        value[i] = e.exp_of(z[i], coefficients)
    return value


@compiled
def quotients(x, divisor):
    value = np.empty(x.size)
    reciprocal = e.two_part_reciprocal(divisor)
    for i in range(x.size):
        value[i] = e.quotient(x[i], divisor, reciprocal)
    return value


@compiled
def lesser(a, b):
    return e.lesser(a, b)


@compiled
def cubics(x, first, y):
    """Both forms of the cubic through four points."""
    fast, slow = np.empty(x.size), np.empty(x.size)
    for i in range(x.size):
        d0, d1, d2, d3 = x[i] - first[i], x[i] - (first[i] + 1), x[i] - (first[i] + 2), x[i] - (first[i] + 3)
        w0, w1, w2, w3 = d1 * d2 * d3, d0 * d2 * d3, d0 * d1 * d3, d0 * d1 * d2
        fast[i] = e.weighted_cubic(w0, w1, w2, w3, y[i, 0], y[i, 1], y[i, 2], y[i, 3])
        slow[i] = scalar.polint(x[i], first[i], y[i, 0], y[i, 1], y[i, 2], y[i, 3])
    return fast, slow


def neighbours(x, ulps=3):
    """The numbers themselves and those next to them."""
    return np.concatenate([x + k * np.spacing(x) for k in range(-ulps, ulps + 1)])


def magnitudes(low, high, n=3000):
    """Random numbers of both signs, evenly spread over orders of magnitude."""
    return np.exp(RNG.uniform(math.log(low), math.log(high), n)) * RNG.choice((-1.0, 1.0), n)


def whole_numbers(limit, n=1000):
    """Random whole numbers over all orders of magnitude, the small ones and those next to the limit among them."""
    return np.unique(
        np.concatenate([np.arange(1, 40), np.floor(np.abs(magnitudes(1, limit, n))), limit - np.arange(9)])
    )


def worst(values, arguments, function):
    """Largest relative error against a function in arbitrary precision."""
    errors = [
        abs(mpmath.mpf(value) / function(mpmath.mpf(x)) - 1)
        for value, x in zip(values.tolist(), arguments.tolist(), strict=True)
    ]
    return float(max(errors))


def abs_sin(y):
    return abs(mpmath.sin(y))


LIMIT = e.SIN_LIMIT
ANGLES = {
    "any": magnitudes(1e-9, LIMIT),
    "next to multiples of pi": neighbours(np.pi * whole_numbers(LIMIT / np.pi)),
    "next to odd multiples of pi/2": neighbours(np.pi * (whole_numbers(LIMIT / np.pi) - 0.5)),
    "a little off multiples of pi": np.pi * whole_numbers(LIMIT / np.pi) + magnitudes(bounds.TINY, 1e-6, 1)[0],
    "large": RNG.uniform(0.9 * LIMIT, LIMIT, 2000),
}


@pytest.mark.parametrize("where", ANGLES)
def test_sine_is_within_its_bound(where):
    y = ANGLES[where]
    y = y[np.abs(y) < LIMIT]
    values, r = sines(y, POLYNOMIALS.sin_short)
    kept = np.abs(r) > bounds.TINY
    assert kept.any()
    assert np.abs(r).max() <= np.pi / 2 * (1 + 2.0**-20)
    assert worst(values[kept], y[kept], abs_sin) <= bounds.SIN_ERROR


INDICES = {
    "any": magnitudes(1e-9, LIMIT / np.pi),
    "next to whole numbers": neighbours(whole_numbers(LIMIT / np.pi)),
    "next to half-integers": neighbours(whole_numbers(LIMIT / np.pi) - 0.5),
    "a little off whole numbers": whole_numbers(LIMIT / np.pi) + magnitudes(bounds.TINY, 1e-6, 1)[0],
}


@pytest.mark.parametrize("where", INDICES)
def test_sine_of_an_index_is_within_its_bound(where):
    h = INDICES[where]
    h = h[np.abs(np.pi * h) < LIMIT]
    values, r = sines_of_indices(h, POLYNOMIALS.sin_short)
    kept = np.abs(r) > bounds.TINY
    assert kept.any()
    assert np.abs(r).max() <= np.pi / 2 * (1 + 2.0**-20)
    # the argument is the rounded product, as in the reference
    assert worst(values[kept], (np.pi * h)[kept], abs_sin) <= bounds.SIN_ERROR


def test_a_sine_that_lost_its_digits_is_below_the_threshold():
    """Near multiples of pi the error may exceed the bound, but only where the kernel refuses."""
    y = neighbours(np.pi * whole_numbers(LIMIT / np.pi), 20)
    y = y[np.abs(y) < LIMIT]
    values, r = sines(y, POLYNOMIALS.sin_short)
    for value, remainder, x in zip(values.tolist(), r.tolist(), y.tolist(), strict=True):
        if abs(mpmath.mpf(value) / abs_sin(mpmath.mpf(x)) - 1) > bounds.SIN_ERROR:
            assert abs(remainder) <= bounds.TINY


@pytest.mark.parametrize(
    "x",
    [
        np.abs(magnitudes(1e-12, LIMIT)),
        np.abs(magnitudes(1e-9, 1e-7)),
        np.abs(neighbours(np.pi * whole_numbers(LIMIT / np.pi))),
        np.abs(neighbours((whole_numbers(LIMIT / np.pi) - 0.5) * np.pi)),
    ],
    ids=["any", "next to 0", "next to multiples of pi", "next to zeros of the cosine"],
)
def test_sphere_is_within_its_bound_of_libm_and_of_the_truth(x):
    x = x[x < LIMIT]
    values = sphere_terms(x, POLYNOMIALS.sin_long, POLYNOMIALS.cos_long)
    for value, argument in zip(values.tolist(), x.tolist(), strict=True):
        libm = math.sin(argument) / argument - math.cos(argument)
        truth = mpmath.sin(argument) / argument - mpmath.cos(argument)
        assert abs(abs(value) - abs(libm)) <= bounds.SINC3_ERROR
        assert abs(abs(value) - abs(truth)) <= bounds.SINC3_ERROR


@pytest.mark.parametrize(
    "z",
    [
        RNG.uniform(bounds.EXP_UNDERFLOW, 700.0, 5000),
        magnitudes(1e-300, 1.0),
        neighbours(np.log(2.0) * np.append(np.arange(-1009.0, 0.0, 7.0), np.arange(7.0, 1009.0, 7.0))),
        neighbours(np.log(2.0) * (np.arange(-1009.0, 1009.0, 7.0) + 0.5)),
        np.array([bounds.EXP_UNDERFLOW, 0.0, -0.0, 700.0]),
    ],
    ids=["any", "tiny", "next to multiples of ln 2", "next to where it rounds", "ends"],
)
def test_exponential_is_within_its_bound(z):
    z = z[(z >= bounds.EXP_UNDERFLOW) & (z <= 700.0)]
    assert worst(exponentials(z, POLYNOMIALS.exp), z, mpmath.exp) <= bounds.EXP_ERROR


MANTISSAS = np.concatenate(
    [
        RNG.uniform(1.0, 2.0, 400),
        1.0 + np.arange(20) * 2.0**-52,
        2.0 - np.arange(1, 20) * 2.0**-52,
        [1.0, 1.5, 1.25, 4 / 3, 5 / 3],
    ]
)


@pytest.mark.parametrize(
    "divisors",
    [MANTISSAS, MANTISSAS * 1e-10, MANTISSAS * 1e-100, MANTISSAS * 1e99, np.array([6.0, 3.0, 0.9768e-10, 1e-10])],
    ids=["near 1", "wavelengths", "smallest", "largest", "special"],
)
def test_quotient_is_true_division_bit_for_bit(divisors):
    for divisor in divisors.tolist():
        x = np.concatenate(
            [
                RNG.choice(MANTISSAS, 200) * 2.0 ** RNG.integers(-60, 2, 200),
                -RNG.choice(MANTISSAS, 50),
                # products that are next to half-way between two quotients
                np.nextafter(RNG.choice(MANTISSAS, 50) * (divisor / 2.0 ** math.frexp(divisor)[1]), 0.0),
                [0.0, 2.0, -2.0, 1e-17, 2.0**-900 if 1e-60 < divisor < 1e60 else 1.0],
            ]
        )
        np.testing.assert_array_equal(quotients(x, divisor).view(np.int64), (x / divisor).view(np.int64))


def test_cubic_by_weights_is_the_reference_s_bit_for_bit():
    n = 20000
    first = np.floor(RNG.uniform(-100, 100, n))
    x = first + RNG.uniform(1.0, 2.0, n)
    x[::7] = first[::7] + 1.0
    x[3::7] = first[3::7] + 2.0 - 2.0**-45
    y = RNG.lognormal(3, 3, (n, 4)) * RNG.choice((-1.0, 0.0, 1.0, 1.0), (n, 4))
    fast, slow = cubics(x, first, y)
    # not by bits: a sum of zeros may have either sign, and its square has none
    np.testing.assert_array_equal(fast, slow)


def test_lesser_gives_the_second_of_two_when_one_is_no_number():
    assert (lesser(1.0, 2.0), lesser(2.0, 1.0)) == (1.0, 1.0)
    assert math.isnan(lesser(1.0, math.nan)) and lesser(math.nan, 1.0) == 1.0
