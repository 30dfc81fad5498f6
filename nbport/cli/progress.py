"""A bar on a terminal while an image is rendered, where tqdm is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..parameters import Parameters

DELAY = 1.0  # s; a run that is over sooner shows nothing


@contextmanager
def progress_bar(p: Parameters) -> Iterator[Callable[[int], None]]:
    """While an image is rendered: a function that is told how many rows were finished.

    Shown on standard error if that is a terminal, and standard output is not one that shows the progress lines of the
    reference. Nothing is shown, and nothing said, without tqdm.
    """
    said_already = sys.stdout.isatty() and (p.progress_meter or p.printout)
    tqdm = None if said_already or not sys.stderr.isatty() else _tqdm()
    if tqdm is None:
        yield lambda rows: None
        return
    _, _, ymin, ymax = p.roi
    rows = max(min(ymax + 1, p.spixels) - max(ymin, 0), 0)
    with tqdm(total=rows, unit="row", delay=DELAY, leave=False, desc="nanoBragg", file=sys.stderr) as shown:
        yield shown.update


def _tqdm() -> Callable | None:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
