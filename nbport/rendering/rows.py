"""Runs a kernel over the rows of an image, in parallel, with the bytes of a serial run.

The pixel loop carries state from pixel to pixel (see `kernels/reference.py`), but the state
settles: after the first sweep of the spindle the cell vectors are always those of its last
nonzero position, and interpolation stays off once it is off. So blocks of rows are rendered
ahead with the state that the first block left. Blocks are accepted in raster order, each only
if it began with exactly the state that its predecessor ended with; otherwise it and those after
it are rendered again. The result is that of the serial loop for any number of threads.

An image with a NaN is rendered once more by a kernel that gives NaNs the reference's signs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ..compilation.nan_signs import exact
from ..kernels.reference import CARRIED, PRINTOUT_SIZE, initial_state, render_rows
from ..kernels.scene import Scene
from ..setup.mask import Mask
from ..system.stopping import Stop
from ..system.zeros import blank

# render(first row, row after the last, scene, state, image, omega sums of rows, printout)
Kernel = Callable[..., None]

# called with (first row, row after the last, state after them, printout) in raster order
Finished = Callable[[int, int, np.ndarray, np.ndarray], None]

BLOCKS_A_THREAD = 12


def run_rows(
    kernel: Kernel,
    scene: Scene,
    threads: int,
    printing: bool,
    finished: Finished,
    live_mask: Mask | None = None,
    in_order: bool = False,
    stop: Stop | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Render every row of the region of interest.

    Parameters
    ----------
    kernel : callable
    scene : Scene
    threads : int
    printing : bool
        Record what -printout shows; this needs the whole state, so rows are rendered one by one.
    finished : callable
        Told of every accepted block.
    live_mask : Mask, optional
        A mask that depends on the pixels rendered before; rows are rendered one by one.
    in_order : bool
        Call the kernel for one block after the other; it has threads of its own.
    stop : Stop, optional
        The scene has its address.

    Returns
    -------
    (float32 image [spixels * fpixels], float64 sums of solid angles [spixels])

    Raises
    ------
    CancelledError
        If it was stopped.
    """
    g = scene.geometry
    image = blank(max(g.fpixels, 0) * max(g.spixels, 0), np.float32)
    omega_sums = np.zeros(max(g.spixels, 0))
    nan_blocks: list[int] = []

    def render(first: int, last: int, state: np.ndarray) -> np.ndarray:
        printout = np.zeros(((last - first) * g.fpixels if printing else 0, PRINTOUT_SIZE))
        omega_sums[first:last] = 0.0
        kernel(first, last, scene, state, image, omega_sums, printout)
        if stop is not None:
            stop.check()
        if np.isnan(image[first * g.fpixels : last * g.fpixels].min()):  # one NaN is the least of all
            nan_blocks.append(first)
        return printout

    one_by_one = printing or live_mask is not None
    end = min(g.roi_ymax + 1, g.spixels) if g.fpixels > 0 else 0
    in_order = in_order or one_by_one or threads == 1
    blocks = deque(_blocks(max(g.roi_ymin, 0), end, 1 if in_order else threads, one_by_one))
    state = initial_state(scene)
    if in_order:
        for first, last in blocks:
            if live_mask is not None:
                live_mask.update(first * g.fpixels, last * g.fpixels, image)
            printout = render(first, last, state)
            finished(first, last, state, printout)
    elif blocks:
        _run_ahead(render, blocks, state, threads, finished)
    if nan_blocks and kernel is not exact(render_rows):
        return run_rows(exact(render_rows), scene, threads, False, lambda *_: None, live_mask, stop=stop)
    return image, omega_sums


def _blocks(first: int, last: int, threads: int, one_by_one: bool) -> Iterator[tuple[int, int]]:
    """One row to settle the state, then blocks of rows."""
    size = 1 if one_by_one else max(1, (last - first) // (threads * BLOCKS_A_THREAD))
    start = first
    while start < last:
        end = start + 1 if start == first else min(start + size, last)
        yield start, end
        start = end


def _run_ahead(
    render: Callable[[int, int, np.ndarray], np.ndarray],
    blocks: deque[tuple[int, int]],
    state: np.ndarray,
    threads: int,
    finished: Finished,
) -> None:
    with ThreadPoolExecutor(threads) as pool:
        flying: deque[tuple[tuple[int, int], np.ndarray, np.ndarray, Future]] = deque()

        def launch(block: tuple[int, int], start: np.ndarray) -> None:
            end = start.copy()
            flying.append((block, start.copy(), end, pool.submit(render, *block, end)))

        try:
            launch(blocks.popleft(), state)
            while flying:
                block, start, end, future = flying.popleft()
                printout = future.result()
                if not _same(start, state):
                    # rendered with a state that the serial loop would not have had: again, and all that follow
                    _land(flying, blocks)
                    blocks.appendleft(block)
                else:
                    state = end
                    finished(*block, state, printout)
                while blocks and len(flying) < 2 * threads:
                    launch(blocks.popleft(), state)
        except BaseException:
            for *_, future in flying:
                future.cancel()
            raise


def _land(flying: deque, blocks: deque[tuple[int, int]]) -> None:
    """Wait for the blocks in flight and put them back in front of those that wait."""
    for *_, future in flying:
        if not future.cancel():
            future.result()
    blocks.extendleft(block for block, *_ in reversed(flying))
    flying.clear()


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal bits in the part of the state that the image depends on."""
    return a[:CARRIED].tobytes() == b[:CARRIED].tobytes()
