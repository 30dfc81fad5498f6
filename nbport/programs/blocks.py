"""Rows of an image shared out among threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

BLOCKS_A_THREAD = 12

Result = TypeVar("Result")


def in_blocks(
    work: Callable[[int, int], Result], first: int, last: int, threads: int
) -> Iterator[tuple[int, int, Result]]:
    """Do first..last-1 in blocks, which are handed out in order when they are finished.

    Parameters
    ----------
    work : callable
        Does a block, given its first row and the row after its last.
    threads : int
        With 1, one block is finished before the next one begins.

    Yields
    ------
    (first, row after the last, what `work` returned)
    """
    count = max(min(threads * BLOCKS_A_THREAD, last - first), 1)
    blocks = list(pairwise(first + (last - first) * k // count for k in range(count + 1)))
    if last <= first:
        return
    if threads == 1:
        for block in blocks:
            yield (*block, work(*block))
        return
    with ThreadPoolExecutor(threads) as pool:
        for block, result in zip(blocks, pool.map(lambda block: work(*block), blocks), strict=True):
            yield (*block, result)
