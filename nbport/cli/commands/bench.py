"""`nbport bench`: time the kernels over a suite of cases, alone or beside another program."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from ...bench.cases import read_cases
from ...compilation.loading import compiled
from ...errors import DeviceError, InputError
from ...gpu.choice import open_device
from ...options.device_names import CPU, DOUBLE, PRECISIONS
from ..arguments import count


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport bench`."""
    parser.add_argument("--suite", metavar="FILE", help="cases, one JSON object a line (default: the clone's suite)")
    parser.add_argument("--only", metavar="ID", action="append", help="run this case; may be repeated")
    parser.add_argument("--repeat", type=count, default=3, metavar="N", help="repetitions after a warm-up (default: 3)")
    parser.add_argument("--threads", type=count, metavar="N", help="threads (default: all processors)")
    parser.add_argument("--kernel", choices=("certified", "reference"), default="certified")
    parser.add_argument("--device", default=CPU, metavar="NAME", help="cpu (the default), cuda, cuda:NUMBER or auto")
    parser.add_argument("--precision", choices=PRECISIONS, default=DOUBLE, help="on a GPU; default: double")
    parser.add_argument(
        "--reference", metavar="PROGRAM", help="a nanoBragg program to run in turn, and to compare with"
    )
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")


def run(arguments: argparse.Namespace) -> int:
    """Time every case; print a table, and write JSON if asked for. 1 if any output file differs."""
    cases = read_cases(arguments.suite, arguments.only)
    if arguments.reference and shutil.which(os.path.abspath(arguments.reference)) is None:
        raise InputError(f"{arguments.reference}: cannot be started: no such program")
    try:
        device = open_device(arguments.device, _warn, arguments.precision)
    except DeviceError as error:
        raise InputError(f"--device {arguments.device}: {error}") from None
    if device is not None:
        return compiled("bench.device").run(arguments, cases, device)
    return compiled("bench.cpu").run(arguments, cases)


def _warn(text: str) -> None:
    print(f"nbport bench: warning: {text}", file=sys.stderr)
