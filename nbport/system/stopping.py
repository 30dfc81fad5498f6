"""Stopping a computation: by Ctrl-C in the thread that waits for it, or by an event that another thread sets.

A compiled function cannot be interrupted from outside: Python handles a signal only between two instructions of the
main thread. So long computations run in a thread of their own, while the caller waits in Python, and look at one byte
now and then (`kernels/stopping.py`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from ..errors import CancelledError

T = TypeVar("T")

INTERVAL = 0.05  # s between two looks at an event


class Event(Protocol):
    """What can be handed over as `cancel`: a `threading.Event` or the like."""

    def is_set(self) -> bool:
        """Is the computation to be stopped?"""


class Stop:
    """A wish to stop, as the computations of one run see it.

    Parameters
    ----------
    cancel : Event, optional
        Looked at from time to time.
    """

    def __init__(self, cancel: Event | None = None) -> None:
        self._byte = ctypes.c_uint8(0)
        self._cancel = cancel

    @property
    def address(self) -> int:
        """Of the byte that compiled functions look at; good for as long as this object."""
        return ctypes.addressof(self._byte)

    def check(self) -> None:
        """Do nothing, unless the computation is to be stopped.

        Raises
        ------
        CancelledError
        """
        if self._cancel is not None and self._cancel.is_set():
            self._byte.value = 1
        if self._byte.value:
            raise CancelledError("cancelled")

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Items one after the other, as long as nobody stops that.

        Raises
        ------
        CancelledError
        """
        for item in items:
            self.check()
            yield item

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function, which looks at the byte, in a thread of its own.

        Raises
        ------
        CancelledError
            If it was stopped by the event.
        KeyboardInterrupt
            And whatever else is raised in the thread that waits: the function has been stopped then.
        """
        self.check()
        with ThreadPoolExecutor(1) as pool:
            try:
                future = pool.submit(function, *arguments)
                while not wait([future], INTERVAL).done:
                    self.check()
            except BaseException:
                self._byte.value = 1
                raise
        # a function that was stopped may return as if nothing had happened
        self.check()
        return future.result()
