"""`nbport series`: make many images from one description."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ..compilation import announced, compiled
from .journal import Journal
from .rendering import Outcome, Renderer, attempt
from .rows import Row
from .spec import read_spec

FINISHED, FAILED, INTERRUPTED = 0, 1, 130


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport series`."""
    parser.epilog = (
        "The same command goes on where an earlier one was stopped. Exit status: 0 if all images are finished, 1 if"
        " some failed, 2 with one line on standard error if something cannot be used, 130 if it was interrupted."
    )
    parser.add_argument("spec", metavar="SPEC.toml", help="what to simulate, see docs/series.md")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder of the images (default: name of SPEC, no ending)")
    parser.add_argument("--commands", action="store_true", help="print the nanoBragg command of every image, and stop")


def run(arguments: argparse.Namespace) -> int:
    """Make the images that are not there yet."""
    rows = read_spec(arguments.spec)
    if arguments.commands:
        for row in rows:
            print(row.command)
        return FINISHED
    for warning in dict.fromkeys(warning for row in rows for warning in row.warnings):
        print(f"nbport series: warning: {warning}", file=sys.stderr)
    folder = Path(arguments.output or Path(arguments.spec).stem)
    with closing(Journal(folder)) as journal:
        try:
            return _make(rows, journal)
        except KeyboardInterrupt:
            print("nbport series: interrupted; the same command goes on", file=sys.stderr)
            return INTERRUPTED


def _make(rows: list[Row], journal: Journal) -> int:
    started = time.perf_counter()
    waiting = {row.number: row for row in journal.unfinished(rows)}
    failed = 0
    for outcome in _one_by_one(list(waiting.values()), journal.folder):
        if outcome.record is None:
            failed += 1
            print(f"nbport series: image {outcome.number} failed: {outcome.error}", file=sys.stderr)
        else:
            journal.add(waiting[outcome.number], outcome.record)
    seconds = time.perf_counter() - started
    done = len(waiting) - failed
    print(
        f"{done} images in {seconds:.1f} s ({done / seconds:.1f} a second), {len(rows) - len(waiting)} were there,"
        f" {failed} failed: {journal.folder}"
    )
    return FAILED if failed else FINISHED


def _one_by_one(rows: list[Row], folder: Path) -> Iterator[Outcome]:
    renderer = Renderer(os.path.abspath(folder), compiled("simulation").default_threads())
    with announced():
        for row in rows:
            yield attempt(renderer, row)
