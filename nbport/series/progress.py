"""Progress of a series: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from importlib import import_module


class Progress:
    """Rate, and time left, on standard error if that is a terminal and tqdm is installed.

    Parameters
    ----------
    total : int
        Images.
    there : int
        Those that were there already.
    """

    def __init__(self, total: int, there: int):
        self._bar = None
        if sys.stderr.isatty():
            try:
                tqdm = import_module("tqdm").tqdm
            except ModuleNotFoundError:
                return
            self._bar = tqdm(total=total, initial=there, unit="image", file=sys.stderr)

    def step(self) -> None:
        """One more."""
        if self._bar is not None:
            self._bar.update()

    def say(self, text: str) -> None:
        """A line on standard error that does not disturb the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
