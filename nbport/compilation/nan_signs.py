"""Arithmetic that gives every NaN the sign that it has in the reference.

A NaN that x86 makes, of 0/0 say, has its sign bit set; a NaN that goes into an operation comes out
with its own sign, and of two the first operand stays. The reference prints that sign and writes it
into images. Compilers leave it undefined: they swap operands and move minus signs as they like.

So what results in a NaN is worked out once more by a function's exact twin: `exact` takes the
function's source and compiles it with every operation spelled out. One text serves both. Its operands
stand in the order in which the recorded program's compiler put them; where that is not the order of the
C text, the value is the same.
"""

import functools
import math

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

from ..crules.text import add, divide, multiply, surviving
from .loading import compiled_modules
from .spelling import respelled


def subtract(x, y):
    """x - y."""
    return x - y


def negative(x):
    """-x."""
    return -x


def _spell_out(function, plain):
    """Overload a function by a plain operation, of which only results that are NaN are replaced."""
    plain = njit(error_model="numpy")(plain)
    survivor = njit(error_model="numpy")(surviving)

    def implementation(x, y):
        if not (isinstance(x, types.Float) or isinstance(y, types.Float) or function is divide):
            return lambda x, y: plain(x, y)
        width = np.float32 if x == y == types.float32 else np.float64

        def spelled_out(x, y):
            result = plain(x, y)
            if result == result:
                return result
            return width(survivor(x, y))

        return spelled_out

    overload(function)(implementation)


def _negative(x):
    # copysign, unlike a minus, is defined for a NaN
    return (lambda x: math.copysign(x, -math.copysign(1.0, x))) if isinstance(x, types.Float) else lambda x: -x


@functools.cache
def _teach_numba():
    """Register the overloads: late, because Numba looks at all of them when it loads a function."""
    _spell_out(add, lambda x, y: x + y)
    _spell_out(subtract, lambda x, y: x - y)
    _spell_out(multiply, lambda x, y: x * y)
    _spell_out(divide, lambda x, y: x / y)
    overload(negative)(_negative)


OPERATIONS = {"+": add, "-": subtract, "*": multiply, "/": divide, "negative": negative}


@functools.cache
def exact(function, cache=True):
    """The twin of a compiled function, and of those that it calls, with the operators spelled out.

    Parameters
    ----------
    function : Numba dispatcher
    cache : bool
        Keep the compiled function on disk.
    """
    _teach_numba()
    twin = respelled(function, OPERATIONS, lambda called: exact(called, cache=False))
    with compiled_modules():
        return njit(error_model="numpy", nogil=True, cache=cache)(twin)


def careful(function):
    """Decorate a compiled function: where NaNs come out of it, its twin is asked again.

    They come out as return values or, if it returns nothing, in the arrays that it fills. Asking
    twice must do no harm.
    """

    @functools.wraps(function.py_func)
    def asked_twice(*arguments):
        result = function(*arguments)
        return exact(function)(*arguments) if _has_nan(arguments if result is None else result) else result

    return asked_twice


def _has_nan(value):
    if isinstance(value, tuple):
        return any(map(_has_nan, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool(np.isnan(value).any())
    return value != value
