"""Coefficients are those that docs/scripts/polynomials.py makes, and their errors are within their bounds."""

import polynomials
import pytest

from nbport.compilation.loading import compiled
from nbport.kernels import bounds, elementary

mixed = compiled("gpu.mixed")
IN_CODE = elementary.Polynomials()
BOUNDS = {
    "sin_short": bounds.SIN_SHORT_ERROR,
    "sin_long": bounds.SIN_LONG_ERROR,
    "cos_long": bounds.COS_LONG_ERROR,
    "exp": bounds.EXP_SHORT_ERROR,
}


def test_every_polynomial_of_the_code_is_made():
    assert set(polynomials.DOUBLE) == set(IN_CODE._fields) == set(BOUNDS)


@pytest.mark.parametrize("name", polynomials.DOUBLE)
def test_coefficients_are_those_of_the_script_bit_for_bit(name):
    assert list(getattr(IN_CODE, name)) == polynomials.interpolated(*polynomials.DOUBLE[name])


def test_coefficients_in_float32_are_those_of_the_script_bit_for_bit():
    in_code = [float(c) for c in (mixed.S0, mixed.S1, mixed.S2, mixed.S3)]
    assert in_code == polynomials.minimax_of_sine(polynomials.SINGLE_COUNT)


@pytest.mark.parametrize("names", polynomials.CONSTANTS, ids=" ".join)
def test_parts_of_pi_and_of_the_logarithm_are_those_of_the_script(names):
    assert [getattr(elementary, name) for name in names] == polynomials.CONSTANTS[names]


@pytest.mark.parametrize("name", BOUNDS)
def test_error_of_a_polynomial_is_its_bound_rounded_up(name):
    error = polynomials.largest_error(polynomials.DOUBLE[name][0], getattr(IN_CODE, name), pieces=64)
    assert error <= BOUNDS[name] <= 1.01 * error


def test_error_of_the_polynomial_in_float32_is_its_bound_rounded_up():
    in_code = [float(c) for c in (mixed.S0, mixed.S1, mixed.S2, mixed.S3)]
    error = polynomials.largest_error(polynomials.SIN, in_code)
    assert error <= mixed.POLYNOMIAL_ERROR <= 1.01 * error


def found(function, coefficients):
    """The largest error on a grid with both ends."""
    low, high = function.interval
    largest = 0.0
    for x in (low + (high - low) * n / 60 for n in range(61)):
        wrong = polynomials.value([polynomials.mpf(c) for c in coefficients], x) - polynomials.value(function.series, x)
        largest = max(largest, float(abs(x * wrong / function.scale(x))))
    return largest


@pytest.mark.parametrize("name", polynomials.DOUBLE)
def test_errors_that_are_found_reach_the_bound_and_exceed_it_for_other_coefficients(name):
    function, _ = polynomials.DOUBLE[name]
    coefficients = list(getattr(IN_CODE, name))
    assert 0.97 * BOUNDS[name] <= found(function, coefficients) <= BOUNDS[name]
    coefficients[1] *= 1 + 1e-9
    assert found(function, coefficients) > BOUNDS[name]
