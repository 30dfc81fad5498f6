"""Rendering rows in processes of this machine.

Even one process is another one: it can be stopped at once, and can die of an image without ending the series.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess

from ..compilation.loading import announced
from .rendering import Outcome, Renderer, attempt
from .rows import Row


@dataclass
class _Worker:
    process: BaseProcess
    row: Row


def in_processes(rows: list[Row], folder: str, jobs: int, threads: int) -> Iterator[Outcome]:
    """Outcomes of rows as they are finished, by so many processes with so many threads each.

    A row whose process dies is tried once more.
    """
    context = multiprocessing.get_context("spawn")
    waiting = deque(rows)
    lost: set[int] = set()
    workers: dict[Connection, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                ours, process = _start(context, folder, threads)
                workers[ours] = _Worker(process, waiting.popleft())
                _send(ours, workers[ours].row)
            for connection in wait(list(workers)):
                worker = workers[connection]
                try:
                    outcome = connection.recv()
                except (EOFError, ConnectionError):
                    _stop(connection, worker)
                    del workers[connection]
                    if worker.row.number in lost:
                        yield Outcome(worker.row.number, error=f"its process died twice ({_death(worker.process)})")
                    else:
                        lost.add(worker.row.number)
                        waiting.appendleft(worker.row)
                    continue
                if waiting:
                    worker.row = waiting.popleft()
                    _send(connection, worker.row)
                else:
                    _stop(connection, workers.pop(connection))
                yield outcome
    finally:
        for connection, worker in workers.items():
            worker.process.kill()
            _stop(connection, worker)


def _start(context: SpawnContext, folder: str, threads: int) -> tuple[Connection, BaseProcess]:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, folder, threads), daemon=True)
    process.start()
    theirs.close()  # or else its end would not be noticed
    return ours, process


def _send(connection: Connection, row: Row) -> None:
    try:
        connection.send(row)
    except ConnectionError:
        pass  # it is dead, as the next look at it shows


def _stop(connection: Connection, worker: _Worker) -> None:
    connection.close()
    worker.process.join()


def _death(process: BaseProcess) -> str:
    code = process.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _serve(connection: Connection, folder: str, threads: int) -> None:
    """Render rows until nobody sends any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    renderer = Renderer(folder, threads)
    with announced():
        while True:
            try:
                connection.send(attempt(renderer, connection.recv()))
            except (EOFError, ConnectionError):
                return
