"""Types of numbers for the arguments of `nbport`'s sub-commands."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from ..crules.text import long_int


def count(text: str) -> int:
    """A whole number from 1 to 99999."""
    if not text.isascii() or not text.isdigit() or not 0 < long_int(text) < 100000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 to 99999")
    return long_int(text)


def positive(text: str) -> float:
    """A finite number above 0."""
    return _number(text, lambda value: value > 0.0, "a number above 0")


def not_negative(text: str) -> float:
    """A finite number, 0 or more."""
    return _number(text, lambda value: value >= 0.0, "a number, 0 or more")


def _number(text: str, fits: Callable[[float], bool], expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and fits(value)):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
    return value
