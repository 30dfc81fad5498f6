"""A pixel loop over the region of interest, with progress lines or printouts on the log."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..log import progress_lines
from ..parameters import Parameters
from .blocks import in_blocks
from .console import Session


def render_image(
    p: Parameters,
    render: Callable[[int, int], np.ndarray],
    threads: int,
    progress_pixels: int,
    show: Callable[[int, int, np.ndarray], None],
    session: Session,
) -> None:
    """Render all rows of the region of interest.

    Parameters
    ----------
    p : Parameters
        For the size, the region, and what is to be printed.
    render : callable
        Renders the rows first..last-1; returns what -printout shows, [rows * fpixels, ...], or no row.
    threads : int
        With -printout there is one.
    progress_pixels : int
        What progress is counted by.
    show : callable
        Prints one pixel: fast index, slow index, its row.
    session : Session
    """
    xmin, xmax, ymin, ymax = p.roi
    columns = range(max(xmin, 0), min(xmax + 1, p.fpixels))
    done = 0
    for first, last, printout in in_blocks(
        render, max(ymin, 0), min(ymax + 1, p.spixels), 1 if p.printout else threads
    ):
        if p.printout:
            for spixel in range(first, last):
                for fpixel in columns:
                    if p.printout_fpixel < 0 or (fpixel, spixel) == (p.printout_fpixel, p.printout_spixel):
                        show(fpixel, spixel, printout[(spixel - first) * p.fpixels + fpixel])
        elif p.progress_meter:
            more = (last - first) * len(columns)
            for line in progress_lines(progress_pixels, done, more):
                session.say("%s", line)
            done += more
