"""`nbport compare`: which term of a trace diverged first; how two images differ."""

from __future__ import annotations

import argparse
import sys

from ...oracle.compare import compare
from ...oracle.report import write_report

EQUAL, DIFFERENT = 0, 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport compare`."""
    parser.epilog = (
        "Exit status: 0 if everything is equal within the gates, 1 if not, 2 with one line on standard error if"
        " something cannot be compared. Without a gate, equal means equal."
    )
    parser.add_argument("a", metavar="A", help="a trace of `nbport trace` or of an instrumented C program; or an image")
    parser.add_argument("b", metavar="B", help="another one")
    gates = parser.add_argument_group("gates, any of which lets a number pass")
    gates.add_argument("--rel", type=float, default=0.0, metavar="X", help="difference over the larger number")
    gates.add_argument("--abs", type=float, default=0.0, metavar="X", help="difference")
    gates.add_argument("--ulp", type=float, default=0.0, metavar="N", help="representable numbers in between")
    images = parser.add_argument_group("images")
    images.add_argument(
        "--shape",
        nargs=2,
        type=int,
        metavar=("SLOW", "FAST"),
        help="of raw floats (.bin); default: that of the SMV image beside them",
    )
    images.add_argument(
        "--roi", nargs=4, type=int, metavar=("XMIN", "XMAX", "YMIN", "YMAX"), help="as for nanoBragg; bounds are inside"
    )
    images.add_argument("--pixels-only", action="store_true", help="headers of SMV images may differ")
    parser.add_argument(
        "--report", metavar="DIR", help="write metrics.json, summary.txt, manifest.json and, for images, picture.png"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the findings, and report if wanted."""
    found = compare(
        arguments.a,
        arguments.b,
        rel=arguments.rel,
        abs=arguments.abs,
        ulp=arguments.ulp,
        shape=tuple(arguments.shape) if arguments.shape else None,
        roi=tuple(arguments.roi) if arguments.roi else None,
        headers=not arguments.pixels_only,
    )
    sys.stdout.write(found.summary())
    if arguments.report:
        command = ["nbport", *arguments.argv]
        for text in write_report(arguments.report, found, (arguments.a, arguments.b), command):
            print(f"nbport compare: warning: {text}", file=sys.stderr)
    return EQUAL if found.equal else DIFFERENT
