"""What comparisons of traces and of images have in common: gates, distances between numbers, a summary."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Gate:
    """What still counts as equal: a number passes if it is within any of these. By default nothing but equal does."""

    rel: float = 0.0  # |a - b| over the larger of |a| and |b|
    abs: float = 0.0
    ulp: float = 0.0  # representable numbers from a to b; of whole numbers their difference

    def __post_init__(self) -> None:
        for name in ("rel", "abs", "ulp"):
            if not getattr(self, name) >= 0.0:
                raise InputError(f"--{name}: found {getattr(self, name)}, expected 0 or more")

    def passes(self, distances: Distances) -> np.ndarray:
        """Which numbers are within the gate, bool array."""
        within = distances.ulp <= self.ulp
        within |= (distances.abs <= self.abs) & (self.abs > 0.0)
        return within | ((distances.rel <= self.rel) & (self.rel > 0.0))

    def __str__(self) -> str:
        given = [f"{name} {value:g}" for name, value in vars(self).items() if value > 0.0]
        return " or ".join(given) if given else "equal"


@dataclass(frozen=True)
class Distances:
    """How far two arrays are from each other, number by number; infinite where one of two is a NaN."""

    abs: np.ndarray
    rel: np.ndarray
    ulp: np.ndarray  # 0 for equal bits only; but two NaN are equal

    @classmethod
    def between(cls, a: np.ndarray, b: np.ndarray) -> Distances:
        """Distances of two arrays of one shape.

        Parameters
        ----------
        a, b : arrays
            Both float32, or both whole numbers; anything else is taken as float64.
        """
        whole = a.dtype.kind in "bui" and b.dtype.kind in "bui"
        if not whole and not a.dtype == b.dtype == np.float32:
            a, b = a.astype(np.float64), b.astype(np.float64)
        x, y = a.astype(np.float64), b.astype(np.float64)
        same = a == b if whole else (x == y) | (np.isnan(x) & np.isnan(y))
        with np.errstate(all="ignore"):
            absolute = np.where(same, 0.0, _differences(a, b) if whole else np.abs(x - y))
            relative = np.where(same, 0.0, absolute / np.maximum(np.abs(x), np.abs(y)))
        absolute, relative = (np.where(np.isnan(d), np.inf, d) for d in (absolute, relative))
        return cls(absolute, relative, absolute if whole else ulps(a, b))


def _differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b| of whole numbers of up to 64 bits; doubles would lose their last digits before they are subtracted."""
    # right modulo 2**64
    x, y = a.astype(np.uint64), b.astype(np.uint64)
    near = np.where(a > b, x - y, y - x).astype(np.float64)
    far = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return np.where(far < 2.0**62, near, far)


def ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Steps from one representable number to another; -0 and 0 are one step apart.

    Parameters
    ----------
    a, b : arrays, both float32 or both float64

    Returns
    -------
    float64 array; exact below 2**53
    """
    p, q = _ordered(a), _ordered(b)
    with np.errstate(over="ignore"):
        steps = np.abs(p - q).astype(np.float64)
    # of different signs: the difference may not fit an int64
    steps = np.where((p < 0) != (q < 0), np.abs(p.astype(np.float64) - q.astype(np.float64)), steps)
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    return np.where(nan_a & nan_b, 0.0, np.where(nan_a | nan_b, np.inf, steps))


def _ordered(x: np.ndarray) -> np.ndarray:
    """Whole numbers, int64, in the order of the floats; neighbours differ by one."""
    wide = x.dtype == np.float64
    bits = np.ascontiguousarray(x).view(np.int64 if wide else np.int32).astype(np.int64)
    magnitude = bits & (0x7FFFFFFFFFFFFFFF if wide else 0x7FFFFFFF)
    return np.where(bits < 0, -magnitude - 1, magnitude)


@dataclass
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    equal : bool
        Within the gate, everything.
    metrics : dict
        All figures, ready for JSON.
    lines : list of str
        The same for people.
    """

    equal: bool
    metrics: dict[str, object]
    lines: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """The lines as one text."""
        return "".join(f"{line}\n" for line in self.lines)


def plain(value: float) -> float | str:
    """A number for JSON, which has no infinities and NaN."""
    value = float(value)
    return value if np.isfinite(value) else str(value)
