"""A Dask cluster of this machine that its user alone can use.

Whoever may talk to a scheduler or a worker may run any Python program in it, and every user of this machine can connect
to its ports. So each connection is encrypted and needs a certificate, which is made for this cluster. All listen on the
loopback interface alone, and none has the HTTP server that Dask starts even without its dashboard. What workers put
on disk, pickles among it, lies in a folder of the user's own.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, Nanny, Scheduler, Security, SpecCluster, Worker

LOOPBACK = "127.0.0.1"


class _Silent:
    """Part of a scheduler or a worker: no HTTP server."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Dask would listen here."""


class SilentScheduler(_Silent, Scheduler):
    """Only Dask's own protocol."""


class SilentWorker(_Silent, Worker):
    """Only Dask's own protocol."""


@contextmanager
def private_cluster(workers: int) -> Iterator[Client]:
    """A client of a new cluster of so many processes with a thread each, which ends with the context.

    Raises
    ------
    ImportError
        If there is no package that makes certificates.
    """
    security = Security.temporary()
    common = {"host": LOOPBACK, "protocol": "tls://", "security": security, "dashboard": False}
    with tempfile.TemporaryDirectory(prefix="nbport-dask-") as folder:
        worker = {
            "cls": Nanny,
            "options": {
                **common,
                "worker_class": SilentWorker,
                "nthreads": 1,
                "memory_limit": 1.0 / workers,  # of what the machine has
                "local_directory": folder,
                "silence_logs": logging.CRITICAL,
            },
        }
        with (
            SpecCluster(
                scheduler={"cls": SilentScheduler, "options": {**common, "port": 0}},
                workers=dict.fromkeys(range(workers), worker),
                security=security,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
