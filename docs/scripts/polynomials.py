"""The numbers of `kernels/elementary.py` and `nbport/gpu/mixed.py`, made once more, with bounds of their errors.

`python -m docs.scripts.polynomials` in a clone prints every coefficient, the parts of pi and ln 2, and how far each
polynomial is at most from its function. `tests/test_polynomials.py` compares all of it with the code, bit for bit.
Needs mpmath, and nothing of nbport.

Sine and cosine have polynomials P in t = r^2: sin r = r + r t P(t), cos r = 1 + t P(t); and exp r = 1 + r P(r). The
leading term is fixed, so that arguments next to zero lose nothing. In double, P interpolates at the nodes of Chebyshev;
in float32, where every bit counts, it is the minimax polynomial of the relative error of the sine. Each coefficient is
then rounded by itself, and the bound is that of the rounded ones.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import NamedTuple

import mpmath

BITS = 200
TERMS = 24  # of a power series; the next one is far below any bound
PIECES = 256  # of an interval, each with a bound of its own; fewer give a larger one
NODES = 100  # of the grid on which the minimax polynomial is sought

mp = mpmath.mp.clone()  # a precision of our own
mp.prec = BITS
mpf = mp.mpf
BEYOND = 1 + mpf(2) ** -20  # the reduction may leave a little more than half of the period
QUARTER_SQUARED = (mp.pi / 2 * BEYOND) ** 2
HALF_LN2 = mp.log(2) / 2 * BEYOND


class Function(NamedTuple):
    """What a polynomial stands for."""

    series: list[mpf]  # of P, lowest power first
    interval: tuple[mpf, mpf]  # of its variable
    scale: Callable[[mpf], mpf]  # what the error is relative to; decreasing or increasing


def _sine_over_angle(t: mpf) -> mpf:
    r = mp.sqrt(t)
    return mp.sin(r) / r if t else mpf(1)


SIN = Function(
    [(-1) ** (k + 1) / mp.factorial(2 * k + 3) for k in range(TERMS)], (mpf(0), QUARTER_SQUARED), _sine_over_angle
)
COS = Function(
    [(-1) ** (k + 1) / mp.factorial(2 * k + 2) for k in range(TERMS)], (mpf(0), QUARTER_SQUARED), lambda t: mpf(1)
)
EXP = Function([1 / mp.factorial(k + 1) for k in range(TERMS)], (-HALF_LN2, HALF_LN2), mp.exp)


def value(coefficients: list[mpf], x: mpf) -> mpf:
    """A polynomial, lowest power first, at x."""
    result = mpf(0)
    for c in reversed(coefficients):
        result = result * x + c
    return result


def interpolated(function: Function, count: int) -> list[float]:
    """The coefficients of the polynomial through the nodes of Chebyshev, each rounded to double."""
    low, high = function.interval
    nodes = [(low + high + (high - low) * mp.cos(mp.pi * (2 * k + 1) / (2 * count))) / 2 for k in range(count)]
    powers = mp.matrix([[x**k for k in range(count)] for x in nodes])
    return [float(c) for c in mp.lu_solve(powers, mp.matrix([value(function.series, x) for x in nodes]))]


def minimax_of_sine(count: int) -> list[float]:
    """The coefficients that make the relative error of the sine smallest (Remez), each rounded to float32."""
    # of a cosine, so that the error is as smooth in n as the cosine is; at t = 0 it has no weight
    places = [mpf(n) for n in range(1, NODES + 1)]
    reference = [places[i * (NODES - 1) // count] for i in range(count + 1)]
    level = mpf(0)
    while True:
        ts = [_place(n) for n in reference]
        rows = [[t**k for k in range(count)] + [(-1) ** i / _weight(t)] for i, t in enumerate(ts)]
        targets = mp.matrix([value(SIN.series, t) for t in ts])
        *coefficients, new_level = mp.lu_solve(mp.matrix(rows), targets)
        if abs(new_level - level) < abs(level) * mpf(10) ** -12:
            return [struct.unpack("f", struct.pack("f", c))[0] for c in coefficients]
        level = new_level
        difference = [s - c for s, c in zip(SIN.series, coefficients + [mpf(0)] * (TERMS - count), strict=True)]
        reference = _extremes([value(difference, t) * _weight(t) for t in map(_place, places)])
        if len(reference) != count + 1:
            raise ArithmeticError(f"{len(reference)} alternating extremes instead of {count + 1}")


def _place(n: mpf) -> mpf:
    """t at place n of 0 .. NODES, dense at both ends."""
    return QUARTER_SQUARED * (1 - mp.cos(mp.pi * n / NODES)) / 2


def _weight(t: mpf) -> mpf:
    """What an error of P contributes to the sine's relative error."""
    return t / _sine_over_angle(t)


def _extremes(errors: list[mpf]) -> list[mpf]:
    """Places of the largest error of each run of one sign, counted from 1; between places by parabolas."""
    runs: list[list[int]] = []
    for i, error in enumerate(errors):
        if not runs or (error > 0) != (errors[runs[-1][-1]] > 0):
            runs.append([])
        runs[-1].append(i)
    found = []
    for run in runs:
        i = max(run, key=lambda i: abs(errors[i]))
        shift = mpf(0)
        if 0 < i < len(errors) - 1:
            before, at, after = errors[i - 1 : i + 2]
            shift = (before - after) / (before - 2 * at + after) / 2
        found.append(i + 1 + shift)
    return found


def largest_error(function: Function, coefficients: list[float], pieces: int = PIECES) -> float:
    """A bound of the error of the whole function, relative to its scale.

    The difference of polynomial and power series is a polynomial itself. On each piece of the interval none of its
    values is beyond its coefficients in Bernstein's basis.
    """
    padded = [mpf(c) for c in coefficients] + [mpf(0)] * (TERMS - len(coefficients))
    # times the variable, as the functions are made
    difference = [mpf(0)] + [c - s for c, s in zip(padded, function.series, strict=True)]
    low, high = function.interval
    width = (high - low) / pieces
    largest = max(abs(low), abs(high))
    rest = 2 * abs(function.series[-1]) * largest ** (TERMS + 1)
    worst = mpf(0)
    for piece in range(pieces):
        a, b = low + piece * width, low + (piece + 1) * width
        bound = max(map(abs, _in_bernstein_basis(difference, a, width)))
        worst = max(worst, (bound + rest) / min(function.scale(a), function.scale(b)))
    return float(worst)


def _in_bernstein_basis(coefficients: list[mpf], start: mpf, width: mpf) -> list[mpf]:
    """The coefficients of a polynomial on start .. start + width; its values are among the least and the largest."""
    n = len(coefficients)
    shifted = list(coefficients)
    for i in range(n):
        for j in range(n - 2, i - 1, -1):
            shifted[j] += start * shifted[j + 1]
    scaled = [c * width**k / math.comb(n - 1, k) for k, c in enumerate(shifted)]
    return [sum(scaled[i] * math.comb(j, i) for i in range(j + 1)) for j in range(n)]


def parts(x: mpf, *bits: int) -> list[float]:
    """x as a sum: numbers that are cut to so many significant bits, the largest first, and a double for the rest."""
    found: list[float] = []
    for count in bits:
        mantissa, exponent = mp.frexp(x - sum(map(mpf, found)))
        found.append(float(mp.floor(mantissa * 2**count) * mpf(2) ** (exponent - count)))
    return [*found, float(x - sum(map(mpf, found)))]


# where each is in the code, and what makes it
DOUBLE = {
    "sin_short": (SIN, 6),
    "sin_long": (SIN, 7),
    "cos_long": (COS, 7),
    "exp": (EXP, 9),
}
SINGLE_COUNT = 4  # S0 .. S3 of gpu/mixed.py
CONSTANTS = {
    ("PI_A", "PI_B"): parts(mp.pi, 53),
    ("PI_1", "PI_2", "PI_3"): parts(mp.pi, 33, 33),
    ("LN2_HI", "LN2_LO"): parts(mp.log(2), 40),
    ("INV_PI",): parts(1 / mp.pi),
    ("INV_LN2",): parts(1 / mp.log(2)),
}


def main() -> None:
    """Print everything."""
    for names, numbers in CONSTANTS.items():
        print(", ".join(names), "=", ", ".join(map(repr, numbers)))
    for name, (function, count) in DOUBLE.items():
        coefficients = interpolated(function, count)
        _show(name, function, coefficients)
    _show("S0 .. S3", SIN, minimax_of_sine(SINGLE_COUNT))


def _show(name: str, function: Function, coefficients: list[float]) -> None:
    print(f"{name}: error below {largest_error(function, coefficients):.5g}", *map(repr, coefficients), sep="\n    ")


if __name__ == "__main__":
    main()
