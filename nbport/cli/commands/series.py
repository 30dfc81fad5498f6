"""`nbport series`: make many images from one description."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

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
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=count, metavar="N", help="processes (default: one for each processor)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="render on the workers of a Dask cluster")
    where.add_argument(
        "--local-cluster", type=count, nargs="?", const=0, metavar="N", help="on a Dask cluster of this machine"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the images that are not there yet."""
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
    waiting = journal.unfinished(spec.rows, stacked(journal.folder) if spec.hdf5 else set())
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
            progress.step()
    return failed


@contextmanager
def _outcomes(rows: list[Row], folder: str, arguments: argparse.Namespace) -> Iterator[Iterator[Outcome]]:
    """Render where the arguments say; what was started for it is ended."""
    processors = default_threads()
    jobs = min(arguments.jobs or processors, len(rows))
    if not rows:
        yield iter(())
    elif arguments.scheduler is not None or arguments.local_cluster is not None:
        from ...series.dask_cluster import connected, local_cluster, on_dask

        cluster = connected(arguments.scheduler) if arguments.scheduler else local_cluster(arguments.local_cluster)
        with cluster as client:
            yield on_dask(rows, folder, client)
    else:
        with closing(in_processes(rows, folder, jobs, max(processors // jobs, 1))) as outcomes:
            yield outcomes
