"""`nbport series`: make many images from one description."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ...errors import InputError
from ...series.executing import in_processes
from ...series.journal import Journal
from ...series.progress import Progress
from ...series.rendering import Outcome
from ...series.rows import Row
from ...series.spec import Spec, read_spec
from ...series.stack import stacked, write_stack
from ...series.table import Table, write_table
from ...system.machine import default_threads
from ...system.process import INTERRUPTED
from ..arguments import count

FINISHED, FAILED = 0, 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport series`."""
    parser.epilog = (
        "The same command goes on where an earlier one was stopped. Exit status: 0 if all images are finished, 1 if"
        " some failed, 2 with one line on standard error if something cannot be used, 130 if it was interrupted."
    )
    parser.add_argument("spec", metavar="SPEC.toml", help="what to simulate, see docs/series.md")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the images (default: name of SPEC, no ending)")
    parser.add_argument("--commands", action="store_true", help="print the nanoBragg command of every image, and stop")
    parser.add_argument(
        "--sizes-only",
        action="store_true",
        help="tell finished images by the sizes of their files alone, which is fast but misses damage within them"
        " (default: by the sha256 of their content too)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=count, metavar="N", help="processes (default: one for each processor)")
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="render on the workers of a Dask cluster: tls://HOST:PORT, or tcp://"
    )
    where.add_argument(
        "--local-cluster", type=count, nargs="?", const=0, metavar="N", help="on a Dask cluster of this machine"
    )
    tls = parser.add_argument_group("certificates for a tls:// scheduler, PEM files (default: Dask's configuration)")
    tls.add_argument("--tls-ca", metavar="FILE", help="of the authority that signed the scheduler's")
    tls.add_argument("--tls-cert", metavar="FILE", help="the client's own")
    tls.add_argument("--tls-key", metavar="FILE", help="its private key, if it is in a file of its own")


def run(arguments: argparse.Namespace) -> int:
    """Make the images that are not there yet."""
    if arguments.scheduler is None and (arguments.tls_ca or arguments.tls_cert or arguments.tls_key):
        raise InputError("--tls-ca, --tls-cert and --tls-key go with --scheduler")
    spec = read_spec(arguments.spec)
    if arguments.commands:
        for row in spec.rows:
            print(row.command)
        return FINISHED
    folder = Path(arguments.output or Path(arguments.spec).stem)
    with closing(Journal(folder)) as journal:
        try:
            return _make(spec, journal, arguments)
        except KeyboardInterrupt:
            print("nbport series: interrupted; the same command goes on", file=sys.stderr)
            return INTERRUPTED


def _make(spec: Spec, journal: Journal, arguments: argparse.Namespace) -> int:
    started = time.perf_counter()
    in_stack = stacked(journal.folder, arguments.sizes_only) if spec.hdf5 else set()
    waiting = journal.unfinished(spec.rows, in_stack, arguments.sizes_only)
    there = len(spec.rows) - len(waiting)
    try:
        with Progress(len(spec.rows), there) as progress:
            failed = _render(waiting, journal, arguments, progress)
    finally:
        table = Table(spec.rows, journal, with_files=not spec.hdf5)
        write_table(journal.folder, table)
    if spec.hdf5:
        write_stack(journal.folder, spec.rows, journal, table)
    seconds = time.perf_counter() - started
    made = len(waiting) - failed
    print(
        f"{journal.folder}: {made} images in {seconds:.1f} s ({made / seconds:.1f} a second); {there} were there;"
        f" {failed} failed"
    )
    return FAILED if failed else FINISHED


def _render(rows: list[Row], journal: Journal, arguments: argparse.Namespace, progress: Progress) -> int:
    """Render rows and note those that are finished; returns how many failed."""
    failed = 0
    by_number = {row.number: row for row in rows}
    said: set[str] = set()

    def warn(*warnings: str) -> None:
        for warning in warnings:
            if warning not in said:
                said.add(warning)
                progress.say(f"nbport series: warning: {warning}")

    if rows and arguments.scheduler is not None:
        from ...series.dask_cluster import warnings_of

        warn(*warnings_of(arguments.scheduler))
    for row in rows:
        warn(*row.warnings)
    with _outcomes(rows, os.path.abspath(journal.folder), arguments) as outcomes:
        for outcome in outcomes:
            warn(*outcome.warnings)
            if outcome.record is None:
                failed += 1
                progress.say(f"nbport series: image {outcome.number} failed: {outcome.error}")
            else:
                journal.add(by_number[outcome.number], outcome.record)
            del by_number[outcome.number]
            progress.step()
    for number in by_number:
        progress.say(f"nbport series: image {number} failed: nobody rendered it")
    return failed + len(by_number)


@contextmanager
def _outcomes(rows: list[Row], folder: str, arguments: argparse.Namespace) -> Iterator[Iterator[Outcome]]:
    """Render where the arguments say; what was started for it is ended."""
    processors = default_threads()
    jobs = min(arguments.jobs or processors, len(rows))
    if not rows:
        yield iter(())
    elif arguments.scheduler is not None or arguments.local_cluster is not None:
        from ...series.dask_cluster import Certificates, connected, local_cluster, on_dask

        certificates = Certificates(arguments.tls_ca, arguments.tls_cert, arguments.tls_key)
        cluster = (
            local_cluster(arguments.local_cluster)
            if arguments.scheduler is None
            else connected(arguments.scheduler, certificates)
        )
        with cluster as client:
            yield on_dask(rows, folder, client)
    else:
        with closing(in_processes(rows, folder, jobs, max(processors // jobs, 1))) as outcomes:
            yield outcomes
