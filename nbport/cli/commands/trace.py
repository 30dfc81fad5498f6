"""`nbport trace`: every intermediate quantity of some pixels, as the whole image has them."""

from __future__ import annotations

import argparse
import sys

from ...api import trace
from ...errors import OptionError
from ...oracle.cstyle import c_lines
from ...oracle.formats import text_lines, to_json, to_npz
from ...oracle.trace import LIMIT
from ...system.files import write_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport trace`."""
    parser.usage = "nbport trace --pixel S F [--pixel S F ...] [option ...] -- NANOBRAGG-OPTIONS"
    parser.epilog = (
        "Values are those of the full image that the nanoBragg options ask for: carried over from earlier pixels, but"
        " without rendering them where that is not needed. Nothing but FILE is written. Exit status: 0, or 2 with one"
        " line on standard error."
    )
    parser.add_argument(
        "--pixel", nargs=2, type=int, action="append", required=True, metavar=("S", "F"), help="slow and fast index"
    )
    style = parser.add_mutually_exclusive_group()
    style.add_argument(
        "--style",
        choices=("full", "c"),
        default="full",
        help="full: every value, a name and 17 digits a line (the default); c: the labels and 15 digits that"
        " instrumented copies of the C program print",
    )
    style.add_argument("--json", action="store_true", help="the same as full, in JSON")
    style.add_argument("--npz", metavar="FILE", help="the same as full, to a NumPy archive")
    parser.add_argument("--out", metavar="FILE", help="write there instead of to standard output")
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help=f"most terms of all pixels (default: {LIMIT})"
    )
    parser.add_argument("options", nargs="+", metavar="NANOBRAGG-OPTIONS", help="as for the command nanoBragg")


def run(arguments: argparse.Namespace) -> int:
    """Trace, and write what was asked for."""
    if arguments.npz and arguments.out:
        raise OptionError("--npz, --out: found both, expected one of them")
    traces = trace(arguments.options, *map(tuple, arguments.pixel), limit=arguments.limit)
    for text in traces[0].warnings:
        print(f"nbport trace: warning: {text}", file=sys.stderr)
    if arguments.npz:
        write_file(arguments.npz, [to_npz(traces)])
        return 0
    if arguments.json:
        text = to_json(traces)
    else:
        lines = text_lines(traces) if arguments.style == "full" else (line for t in traces for line in c_lines(t))
        text = "".join(f"{line}\n" for line in lines)
    if arguments.out:
        write_file(arguments.out, [text.encode("utf-8", "surrogateescape")])
    else:
        sys.stdout.write(text)
    return 0
