"""The `nanoBragg` command: a drop-in for the C program of that name."""

from __future__ import annotations

import json
import os
import sys
import time

from .. import __version__
from ..crules.text import printf
from ..errors import InputError
from ..gpu.choice import open_device
from ..options.scan import OwnOptions, split_own
from ..prepare import missing_input, read_options, set_up
from ..system.files import check_place, write_file
from ..system.machine import default_threads
from ..system.process import one_line, own_process, writing_stdout
from .exit_status import exit_status
from .progress import progress_bar


def main(argv: list[str] | None = None) -> int:
    """Run one simulation in the current folder.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; default: those of the process.

    Returns
    -------
    int
        As `exit_status` has it.
    """
    if argv is None:
        own_process("nanoBragg")
    arguments = list(sys.argv[1:] if argv is None else argv)
    return exit_status("nanoBragg", lambda: _act(arguments))


def _act(argv: list[str]) -> None:
    own, arguments = split_own(argv)
    if own.help:
        from .help import help_text

        say("%s", help_text().rstrip())
    elif own.completion:
        from .completion import script
        from .help import build_parser

        say("%s", script(build_parser(), own.completion).rstrip())
    elif own.version:
        say("nanoBragg (nbport %s)", __version__)
    else:
        simulate(own, arguments, argv)


def say(template: str, *values: object) -> None:
    """One line of the log on standard output."""
    with writing_stdout():
        print(printf(template, *values))


def warn(text: str) -> None:
    """One warning on standard error."""
    print(f"nanoBragg: warning: {one_line(text)}", file=sys.stderr)


def simulate(own: OwnOptions, arguments: list[str], argv: list[str]) -> None:
    """Everything after nbport's own options were taken out of the arguments."""
    started = time.perf_counter()
    warnings: list[str] = []

    def warn_and_keep(text: str) -> None:
        warn(text)
        warnings.append(text)

    p = read_options(own, arguments, say, warn_and_keep)
    missing = missing_input(p)
    if missing:
        raise InputError(f"{missing}; see nanoBragg --help")
    from ..compilation.loading import announced, compiled_modules

    with announced():
        with compiled_modules():
            from ..output import reference_files, registry
            from ..rendering.image import render
            from ..run import Timing
        threads = own.threads or default_threads()
        if threads > default_threads():
            warn_and_keep(f"--threads {threads}: more than the {default_threads()} that this process may use at a time")
        timing = Timing()
        device = open_device(own.device, warn_and_keep, own.precision)
        # whatever can be refused is refused before the log, which may have millions of lines
        registry.check_options(own, p)
        files = [getattr(p, name) for name in reference_files.output_names(p)]
        side = list(own.formats.values())
        # images behind the first are not looked at: the reference finds out when it has written those before them
        for path in (*files[:1], *side, own.timing, own.json):
            if path is not None:
                check_place(path)
        run = set_up(p, say, timing, warn=warn_and_keep)
        registry.check(own, run, warn_and_keep)
        if own.explain:
            from ..output.explain import explanation

            for line in explanation(p, arguments, run, own.kernel):
                print(f"nanoBragg: {line}", file=sys.stderr)
        with progress_bar(run.parameters) as advance:
            image = render(run, own.kernel, threads, say, timing, device, warn_and_keep, advance)
        if own.kernel_report:
            print(f"nanoBragg: {image.report}", file=sys.stderr)
        reference_files.write_images(run, image, say, timing)
        with timing.part("outputs"):
            registry.write_formats(own, run, image.pixels)
    if own.timing:
        names = ("read_hkl", "setup", "kernel", "statistics", "outputs", "noise")
        seconds = {name: timing.seconds.get(name, 0.0) for name in names}
        seconds["total"] = time.perf_counter() - started
        write_file(own.timing, [(json.dumps(seconds, indent=1) + "\n").encode()])
    if own.json:
        from ..output.json_record import write_record

        dump = [p.dump] * (p.hkl is not None and os.path.exists(p.dump))
        write_record(own.json, run, image, argv, warnings, [*dump, *files, *side])
