"""A limit of time for what a library may do with a broken file."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that takes longer, in any thread. What is not Python ends first.

    Parameters
    ----------
    seconds : float
    """
    thread, changing = ctypes.c_ulong(threading.get_ident()), threading.Lock()
    state = "running"

    def stop() -> None:
        nonlocal state
        with changing:
            if state == "running":
                state = "late"
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeoutError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with changing:
            if state == "late":
                # it may not have been raised yet, and must not be raised after this
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)
            state = "over"
        timer.cancel()
