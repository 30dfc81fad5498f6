"""What the log says while pixels are rendered: progress, printouts, and the end of interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .. import log
from ..crules.text import wrap_int
from ..errors import InputError
from ..kernels.reference import LOST, WARNED
from ..kernels.scene import Geometry
from ..run import Finished

if TYPE_CHECKING:
    from ..run import Run


def reporter(run: Run, say: log.Say, advance: Callable[[int], None]) -> Finished:
    """What to do with each finished block: say what the reference says of its pixels, tell `advance` of its rows."""
    p, g = run.parameters, run.scene.geometry
    xmin, xmax, ymin, ymax = p.roi
    progress_pixels = wrap_int((xmax - xmin + 1) * (ymax - ymin + 1))
    columns = np.arange(max(xmin, 0), min(xmax + 1, g.fpixels))
    done = told = 0
    warned = False

    def finished(first: int, last: int, state: np.ndarray, printout: np.ndarray) -> None:
        nonlocal done, told, warned
        if state[WARNED] and not warned:
            warned = True
            log.say_out_of_range(say, state)
        if state[LOST]:
            raise InputError(
                "structure factors cannot be interpolated at Miller indices that are no numbers (nan):"
                " check wavelength, distance, vectors, angles and sources"
            )
        # a GPU may fail on its way, and the CPU begins again: what was said is not said twice
        if last <= told:
            return
        first, told = max(first, told), last
        if p.printout:
            _print_rows(run, first, last, columns, printout, say)
        elif p.progress_meter:
            more = _rendered(g, first, last, columns)
            for line in log.progress_lines(progress_pixels, done, more):
                say("%s", line)
            done += more
        advance(last - first)

    return finished


def _rendered(g: Geometry, first: int, last: int, columns: np.ndarray) -> int:
    """Pixels of some rows that are in the region of interest and not masked."""
    if not g.mask.size:
        return (last - first) * len(columns)
    rows = g.mask[first * g.fpixels : last * g.fpixels].reshape(last - first, g.fpixels)
    return int(np.count_nonzero(rows[:, columns]))


def _print_rows(run: Run, first: int, last: int, columns: np.ndarray, printout: np.ndarray, say: log.Say) -> None:
    p, g = run.parameters, run.scene.geometry
    for spixel in range(first, last):
        for fpixel in columns.tolist():
            if g.mask.size and g.mask[spixel * g.fpixels + fpixel] == 0:
                continue
            if p.printout_fpixel < 0 or (fpixel, spixel) == (p.printout_fpixel, p.printout_spixel):
                row = printout[(spixel - first) * g.fpixels + fpixel]
                for line in log.printout_lines(row, fpixel, spixel, p.lambda0, run.scene.sampling.steps):
                    say("%s", line)
