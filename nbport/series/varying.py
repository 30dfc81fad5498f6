"""What differs from image to image: listed values, steps, and numbers that are drawn.

A drawn number depends on the seed, the keyword and the image alone, so a longer series begins with the images of
a shorter one, and what else varies changes nothing.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from statistics import NormalDist

from ..errors import InputError
from ..system import memory

LARGEST_NUMBER = 10**9  # of images, and as a seed
ROW_BYTES = 1100  # of an image that is only described
FORMS = (
    "a list, {start = A, step = B}, {start = A, step = B, count = N}, {uniform = [LOW, HIGH]},"
    " {normal = [MEAN, SD]} or {jitter = SD}"
)


@dataclass(frozen=True)
class Varying:
    """A quantity that varies.

    Parameters
    ----------
    keyword : str
        One of `nbport.Parameters`.
    at : callable
        Its value by index, from 0.
    length : int or None
        How many values there are; None for any number.
    """

    keyword: str
    at: Callable[[int], object]
    length: int | None = None


def varying(keyword: str, given: object, common: object, seed: int) -> Varying:
    """A quantity as the description has it.

    Parameters
    ----------
    keyword : str
    given : object
        Its value in the table `vary`.
    common : object
        Its value in the table `options`, which `jitter` is about; None if it is not there.
    seed : int
        Of what is drawn.

    Raises
    ------
    InputError
        If it has none of the forms.
    """
    if isinstance(given, list) and given:
        return Varying(keyword, given.__getitem__, len(given))
    if given == "random" and keyword == "misset_deg":
        return Varying(keyword, lambda i: _orientation(_uniform(seed, keyword, i)))
    if isinstance(given, dict) and all(map(_is_number, _numbers(given))):
        names, numbers = set(given), _numbers(given)
        if names in ({"start", "step"}, {"start", "step", "count"}) and len(numbers) == len(names):
            length = given.get("count")
            if length is None or (isinstance(length, int) and length > 0):
                return Varying(keyword, lambda i: given["start"] + i * given["step"], length)
        if names == {"uniform"} and len(numbers) == 2:
            low, high = numbers
            return Varying(keyword, lambda i: low + (high - low) * next(_uniform(seed, keyword, i)))
        if names == {"normal"} and len(numbers) == 2 and numbers[1] >= 0:
            mean, sd = numbers
            return Varying(keyword, lambda i: mean + sd * _deviate(seed, keyword, i))
        if names == {"jitter"} and len(numbers) == 1 and numbers[0] >= 0:
            if not _is_number(common):
                raise InputError(f"vary.{keyword}: jitter needs the number that it is about, as options.{keyword}")
            return Varying(keyword, lambda i: common * math.exp(numbers[0] * _deviate(seed, keyword, i)))
    random_too = ', "random"' if keyword == "misset_deg" else ""
    raise InputError(f"vary.{keyword}: found {given!r}, expected one of: {FORMS}{random_too}")


def zipped(quantities: list[Varying], images: int | None) -> Iterator[dict[str, object]]:
    """Image i has the i-th value of every quantity.

    Raises
    ------
    InputError
        If they differ in number, or there are too many.
    """
    for quantity in quantities:
        if quantity.length is not None:
            images = quantity.length if images is None else images
            if quantity.length != images:
                raise InputError(f"vary.{quantity.keyword}: found {quantity.length} values, expected {images}")
    if images is None:
        raise InputError("images: expected their number, since nothing that varies is a list")
    _check_number(images)
    return ({q.keyword: q.at(i) for q in quantities} for i in range(images))


def multiplied(quantities: list[Varying], images: int | None) -> Iterator[dict[str, object]]:
    """Every combination of the listed values, the last one fastest; the others go on from image to image.

    Raises
    ------
    InputError
        If there are not as many as expected, or too many.
    """
    total = math.prod(q.length for q in quantities if q.length is not None)
    if images not in (None, total):
        raise InputError(f"images: found {images}, expected {total}, the product of the lists, or nothing")
    _check_number(total)

    def row(i: int) -> dict[str, object]:
        values = {}
        left = i
        for q in reversed(quantities):
            if q.length is None:
                values[q.keyword] = q.at(i)
            else:
                left, k = divmod(left, q.length)
                values[q.keyword] = q.at(k)
        return {q.keyword: values[q.keyword] for q in quantities}

    return map(row, range(total))


def _check_number(images: int) -> None:
    if images > LARGEST_NUMBER:
        raise InputError(f"images: found a number beyond {LARGEST_NUMBER}")
    memory.check(f"{images} images", ROW_BYTES * images)


def _numbers(given: dict) -> list:
    return [x for value in given.values() for x in (value if isinstance(value, list) else [value])]


def _is_number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and abs(x) <= sys.float_info.max


def _uniform(seed: int, keyword: str, i: int) -> Iterator[float]:
    """Numbers between 0 and 1; Python promises that they stay the same."""
    stream = random.Random(f"{seed}/{keyword}/{i}")
    return (stream.random() for _ in count())


def _deviate(seed: int, keyword: str, i: int) -> float:
    u = next(_uniform(seed, keyword, i))
    return NormalDist().inv_cdf(max(u, 2.0**-54))


def _orientation(uniform: Iterator[float]) -> tuple[float, float, float]:
    """Misset angles, degrees, of an orientation for which all are equally likely."""
    x, y, z = (next(uniform) for _ in range(3))
    return 360.0 * x - 180.0, math.degrees(math.asin(2.0 * y - 1.0)), 360.0 * z - 180.0
