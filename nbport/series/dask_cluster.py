"""Rendering rows by the workers of a Dask cluster, on this machine or on many."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from ..errors import InputError
from ..system.files import read_bytes
from ..system.machine import default_threads
from .rendering import Outcome, Renderer, attempt
from .rows import Row

if TYPE_CHECKING:
    from distributed import Client, Security

IN_FLIGHT = 1000  # rows that the scheduler knows of at a time
CONNECT_SECONDS = 10
MOST_BYTES = 2**20  # of a file of certificates


@dataclass(frozen=True)
class Certificates:
    """Files in PEM format by which a scheduler and its client know each other; None leaves it to Dask's configuration.

    Attributes
    ----------
    authority, certificate, key : str or None
        Of whoever signed the scheduler's certificate, the client's own, and its private key.
    """

    authority: str | None = None
    certificate: str | None = None
    key: str | None = None

    def security(self) -> Security:
        """As Dask takes it.

        Raises
        ------
        InputError
            If a file is missing, or holds something else.
        """
        names = {"tls_ca_file": self.authority, "tls_client_cert": self.certificate, "tls_client_key": self.key}
        given = {name: path for name, path in names.items() if path is not None}
        for path in given.values():
            read_bytes(path, "a certificate or key", limit=MOST_BYTES)
        security = _distributed().Security(**given)
        try:
            context = security.get_connection_args("client")["ssl_context"]
        except (OSError, ValueError) as error:  # those of ssl are OSErrors
            raise InputError(f"{', '.join(given.values()) or 'Dask'}: no usable certificates: {error}") from None
        if given and context is None:
            raise InputError("--tls-ca and --tls-cert belong together")
        return security


def warnings_of(scheduler: str) -> list[str]:
    """What to say of a scheduler before it is used."""
    if scheduler.startswith("tls://"):
        return []
    return [f"--scheduler {scheduler}: unauthenticated: whoever can connect can run programs there; see tls://"]


@contextmanager
def connected(scheduler: str, certificates: Certificates) -> Iterator[Client]:
    """A client of a scheduler that runs already.

    Raises
    ------
    InputError
        If it cannot be reached, its certificates cannot be used, or Dask is not installed.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, security=certificates.security())
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"--scheduler {scheduler}: no Dask scheduler answers: {reason}") from None
    with client:
        yield client


@contextmanager
def local_cluster(workers: int) -> Iterator[Client]:
    """A client of a cluster of this machine and user: so many processes with a thread each, 0 for all processors.

    Raises
    ------
    InputError
        If Dask, or what makes its certificates, is not installed.
    """
    _distributed()
    try:
        import_module("cryptography")
    except ModuleNotFoundError:
        raise InputError("--local-cluster needs cryptography: pip install 'nbport[series]'") from None
    from .private_cluster import private_cluster

    with private_cluster(workers or default_threads()) as client:
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
