"""What Python's callers may give: values are shown in one line, and what is of a wrong kind is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from numbers import Integral

from ..errors import OptionError

LONGEST = 70  # characters of a value in a message


def shown(value: object) -> str:
    """A value as messages show it: on one line, and cut short."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # somebody else's class
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."


def refuse(keyword: str, value: object, expected: str) -> OptionError:
    """The error that says what was found and what was expected."""
    return OptionError(f"{keyword}: found {shown(value)}, expected {expected}")


def one_of(keyword: str, value: object, names: Sequence[str]) -> str:
    """A text that is one of some names.

    Raises
    ------
    OptionError
    """
    if not isinstance(value, str) or value not in names:
        raise refuse(keyword, value, f"one of: {', '.join(names)}")
    return value


def whole_number(keyword: str, value: object, first: int, last: int) -> int:
    """A whole number, Python's or NumPy's, of a range; True is none.

    Raises
    ------
    OptionError
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or not first <= value <= last:
        raise refuse(keyword, value, f"a whole number from {first} to {last}")
    return int(value)


def few(value: object, most: int) -> list[object] | None:
    """The first items of something that can be gone through in an order, one more than `most` at most; or None."""
    if isinstance(value, str | bytes | bytearray | Mapping | Set) or not isinstance(value, Iterable):
        return None
    try:
        return list(islice(value, most + 1))
    except Exception:  # an array without axes, or somebody else's class
        return None


def number_alone(value: object) -> object:
    """The number in an array without axes; whatever else it is, the value itself. A masked one stays what it is."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item") and not is_masked(value):
        return value.item()
    return value


def is_masked(value: object) -> bool:
    """Is it one of NumPy's masked arrays, with anything masked?"""
    mask = getattr(value, "mask", False)
    return bool(mask.any()) if hasattr(mask, "any") else mask is True
