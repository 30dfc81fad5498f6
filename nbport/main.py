"""The `nanoBragg` command: a drop-in for the C program of that name."""

from __future__ import annotations

import json
import os
import sys
import time

from . import __version__
from .argv import OwnOptions, image_files, scan, split_own
from .ctext import printf
from .files import InputError, OutputError, write_file
from .flags import OptionError
from .parameters import Parameters

FAILURE = 9  # as the reference has it


def main(argv: list[str] | None = None) -> int:
    """Run one simulation in the current folder.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; default: those of the process.

    Returns
    -------
    int
        0, or 9 after one line on stderr that says what is wrong.
    """
    try:
        own, arguments = split_own(list(sys.argv[1:] if argv is None else argv))
        if own.help:
            from .help import help_text

            sys.stdout.write(help_text())
            return 0
        if own.version:
            print(f"nanoBragg (nbport {__version__})")
            return 0
        return simulate(own, arguments)
    except (OptionError, InputError, OutputError) as error:
        sys.stdout.flush()
        print(f"nanoBragg: error: {error}", file=sys.stderr)
        return FAILURE


def say(template: str, *values: object) -> None:
    """One line of the log on standard output."""
    print(printf(template, *values))


def warn(text: str) -> None:
    """One warning on standard error."""
    print(f"nanoBragg: warning: {text}", file=sys.stderr)


def simulate(own: OwnOptions, arguments: list[str]) -> int:
    """Everything after nbport's own options were taken out of the arguments."""
    started = time.perf_counter()
    p = Parameters(fixes=own.fixes)
    p.img, p.mask = image_files(arguments)
    from .setup.headers import read_headers

    read_headers(p, say, warn)
    for text in dict.fromkeys(scan(arguments, p)):
        warn(text)
    if nothing_to_do(p):
        return FAILURE
    from .compilation import announced, compiled_modules

    with announced():
        with compiled_modules():
            from . import simulation
        threads = own.threads or simulation.default_threads()
        timing = simulation.Timing()
        run = _set_up(p, timing)
        image = simulation.render(run, own.kernel, threads, say, timing)
        if own.kernel_report:
            print(f"nanoBragg: {image.report}", file=sys.stderr)
        from .writing import write_images

        write_images(run, image, say, timing)
    if own.timing:
        names = ("read_hkl", "setup", "kernel", "statistics", "outputs", "noise")
        seconds = {name: timing.seconds.get(name, 0.0) for name in names}
        seconds["total"] = time.perf_counter() - started
        write_file(own.timing, [(json.dumps(seconds, indent=1) + "\n").encode()])
    return 0


def _set_up(p: Parameters, timing):
    from . import simulation
    from .log import BANNER

    with timing.part("setup"):
        frame = simulation.begin(p, say)
        say("%s", BANNER)
    return simulation.prepare(frame, say, timing)


def nothing_to_do(p: Parameters) -> bool:
    """Say on stderr which input is missing, if any. C: 1278-1369"""
    missing = []
    if p.hkl is None and p.default_F == 0.0 and not os.path.exists(p.dump):
        missing.append(f"structure factors: -hkl FILE, -default_F F, or {p.dump} of an earlier run")
    if p.matrix is None and p.cell[0] == 0.0:
        missing.append("a crystal: -mat FILE or -cell a b c alpha beta gamma")
    if missing:
        print(f"nanoBragg: error: expected {' and '.join(missing)}; see nanoBragg --help", file=sys.stderr)
    return bool(missing)
