"""Rendering rows by the workers of a Dask cluster, on this machine or on many."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from ..errors import InputError
from ..system.machine import default_threads
from .rendering import Outcome, Renderer, attempt
from .rows import Row

if TYPE_CHECKING:
    from distributed import Client

IN_FLIGHT = 1000  # rows that the scheduler knows of at a time
CONNECT_SECONDS = 10


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """A client of a scheduler that runs already.

    Raises
    ------
    InputError
        If it cannot be reached, or Dask is not installed.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"--scheduler {scheduler}: no Dask scheduler answers: {reason}") from None
    with client:
        yield client


@contextmanager
def local_cluster(workers: int) -> Iterator[Client]:
    """A client of a cluster of this machine's own: so many processes with a thread each, 0 for all processors.

    Raises
    ------
    InputError
        If Dask is not installed.
    """
    distributed = _distributed()
    with (
        distributed.LocalCluster(
            n_workers=workers or default_threads(),
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def on_dask(rows: list[Row], folder: str, client: Client) -> Iterator[Outcome]:
    """One thread for each image. What a lost worker had in hand, Dask gives to another one.

    The folder, and the files that are read, must have the same names on all machines.
    """
    waiting = deque(rows)
    numbers: dict[str, int] = {}
    completed = _distributed().as_completed()

    def launch() -> None:
        row = waiting.popleft()
        # a key of its own: Dask must not take the result of an earlier series for it
        future = client.submit(_on_worker, row, folder, key=f"image-{row.number}-{os.urandom(8).hex()}", pure=False)
        numbers[future.key] = row.number
        completed.add(future)

    for _ in range(min(len(rows), IN_FLIGHT)):
        launch()
    for future in completed:
        number = numbers.pop(future.key)
        if future.status == "finished":
            yield future.result()
        else:
            yield Outcome(number, error=f"Dask gave it up: {future.exception()}")
        if waiting:
            launch()


def _distributed() -> ModuleType:
    try:
        return import_module("distributed")
    except ModuleNotFoundError:
        raise InputError("Dask is not installed: pip install 'nbport[series]'") from None


@lru_cache(maxsize=1)
def _renderer(folder: str) -> Renderer:
    """Of this worker: it outlives the image, so that structure factors are loaded once."""
    return Renderer(folder, 1)


def _on_worker(row: Row, folder: str) -> Outcome:
    return attempt(_renderer(folder), row)
