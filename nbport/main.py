"""The `nanoBragg` command: a drop-in for the C program of that name."""

from __future__ import annotations

import json
import sys
import time

from . import __version__
from .argv import OwnOptions, split_own
from .command_line import missing_input, read_options, set_up
from .ctext import printf
from .device import DeviceError, open_device
from .files import InputError, OutputError, write_file
from .flags import OptionError

FAILURE = 9  # as the reference has it
INTERRUPTED = 130  # as shells have it


def main(argv: list[str] | None = None) -> int:
    """Run one simulation in the current folder.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; default: those of the process.

    Returns
    -------
    int
        0, or 9 after one line on stderr that says what is wrong; 130 if it was interrupted.
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
    except (OptionError, InputError, OutputError, DeviceError) as error:
        sys.stdout.flush()
        print(f"nanoBragg: error: {error}", file=sys.stderr)
        return FAILURE
    except MemoryError as error:
        print(f"nanoBragg: error: not enough memory: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print("nanoBragg: interrupted", file=sys.stderr)
        return INTERRUPTED


def say(template: str, *values: object) -> None:
    """One line of the log on standard output."""
    print(printf(template, *values))


def warn(text: str) -> None:
    """One warning on standard error."""
    print(f"nanoBragg: warning: {text}", file=sys.stderr)


def simulate(own: OwnOptions, arguments: list[str]) -> int:
    """Everything after nbport's own options were taken out of the arguments."""
    started = time.perf_counter()
    p = read_options(own, arguments, say, warn)
    missing = missing_input(p)
    if missing:
        print(f"nanoBragg: error: {missing}; see nanoBragg --help", file=sys.stderr)
        return FAILURE
    from .compilation import announced, compiled_modules

    with announced():
        with compiled_modules():
            from . import side_files, simulation
            from .writing import write_images
        threads = own.threads or simulation.default_threads()
        timing = simulation.Timing()
        device = open_device(own.device, warn)
        run = set_up(p, say, timing)
        side_files.check(own, run, warn)
        image = simulation.render(run, own.kernel, threads, say, timing, device, warn)
        if own.kernel_report:
            print(f"nanoBragg: {image.report}", file=sys.stderr)
        write_images(run, image, say, timing)
        with timing.part("outputs"):
            side_files.write_side_files(own, run, image.pixels)
    if own.timing:
        names = ("read_hkl", "setup", "kernel", "statistics", "outputs", "noise")
        seconds = {name: timing.seconds.get(name, 0.0) for name in names}
        seconds["total"] = time.perf_counter() - started
        write_file(own.timing, [(json.dumps(seconds, indent=1) + "\n").encode()])
    return 0
