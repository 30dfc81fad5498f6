"""NaNs come out with the signs that x86 gives them, in the order of the operands."""

import itertools
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from nbport.compilation.nan_signs import careful, exact
from nbport.crules.text import add, divide, multiply, surviving

ODD = (math.nan, -math.nan, math.inf, -math.inf, 0.0, -0.0, 2.5)
doubles = st.one_of(st.sampled_from(ODD), st.floats())
compiled = njit(error_model="numpy")


def bits(x):
    return struct.pack(">d", x).hex()


def subtracted(x, y):
    result = x - y
    return result if result == result else surviving(x, y)


@compiled
def four_operations(x, y):
    return x + y, x - y, x * y, x / y


@compiled
def negated(x):
    return -x


@compiled
def combined(x, y, z):
    return -(x * y) + z / x - -y


@compiled
def grown(x, y):
    total = x
    total += y
    total *= -x
    total -= y
    total /= x
    return total


@compiled
def calling(x, y):
    return combined(x, y, x) - negated(y)


@compiled
def whole(i, j):
    return i * j - i + -j


@compiled
def filled(x, out):
    out[0] = x
    out[1] = -x * 2.0


@compiled
def cubed(x):
    return x * x * x


def model(x, y, z):
    return subtracted(add(-multiply(x, y), divide(z, x)), -y)


@pytest.mark.parametrize(("x", "y"), list(itertools.product(ODD, repeat=2)))
def test_each_operation_keeps_the_first_nan_or_makes_one_with_its_sign_set(x, y):
    expected = (add(x, y), subtracted(x, y), multiply(x, y), divide(x, y))
    assert list(map(bits, exact(four_operations, cache=False)(x, y))) == list(map(bits, expected))


@pytest.mark.parametrize(
    ("x", "y", "sign"),
    [
        (math.nan, -math.nan, 1),
        (-math.nan, math.nan, -1),
        (2.0, math.nan, 1),
        (-math.nan, 2.0, -1),
        (0.0, math.inf, -1),
    ],
)
def test_product_of_two_has_the_sign_of_the_first_nan(x, y, sign):
    assert math.copysign(1, multiply(x, y)) == sign
    assert math.copysign(1, exact(four_operations, cache=False)(x, y)[2]) == sign


@pytest.mark.parametrize("x", ODD)
def test_minus_turns_every_sign(x):
    assert bits(exact(negated, cache=False)(x)) == bits(-x)


@given(doubles, doubles, doubles)
def test_operations_follow_each_other_as_written(x, y, z):
    assert bits(exact(combined, cache=False)(x, y, z)) == bits(model(x, y, z))


@given(doubles, doubles)
def test_assignments_that_change_a_value_are_operations_too(x, y):
    expected = divide(subtracted(multiply(add(x, y), -x), y), x)
    assert bits(exact(grown, cache=False)(x, y)) == bits(expected)


@given(doubles, doubles)
def test_functions_that_are_called_are_replaced_as_well(x, y):
    assert bits(exact(calling, cache=False)(x, y)) == bits(subtracted(model(x, y, x), -y))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_twin_agrees_where_nothing_is_nan(x, y, z):
    plain = combined(x, y, z)
    assert plain != plain or bits(exact(combined, cache=False)(x, y, z)) == bits(plain)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_whole_numbers_stay_whole(i, j):
    result = exact(whole, cache=False)(i, j)
    assert isinstance(result, int) and result == i * j - i - j


@given(st.floats(width=32, allow_nan=False))
def test_single_precision_rounds_each_result(x):
    x = np.float32(x)
    with np.errstate(over="ignore"):
        expected = x * x * x
    assert bits(exact(cubed, cache=False)(x)) == bits(expected)


def test_careful_function_is_asked_twice_only_for_nan():
    assert careful(four_operations)(1.0, 2.0) == (3.0, -1.0, 2.0, 0.5)
    assert bits(careful(negated)(math.nan)) == bits(-math.nan)


def test_careful_function_that_returns_nothing_is_judged_by_its_arrays():
    out = np.zeros(2)
    assert careful(filled)(math.nan, out) is None
    assert [bits(x) for x in out] == [bits(math.nan), bits(-math.nan)]
