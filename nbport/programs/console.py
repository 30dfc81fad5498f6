"""What the commands of this folder have in common, from arguments to exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .. import __version__
from ..cli.exit_status import exit_status
from ..cli.help import Page, parser_of
from ..crules.text import printf
from ..errors import InputError
from ..options.scan import OwnOptions, scan, split_own
from ..options.table import OwnFlag
from ..system.files import check_place, write_file
from ..system.machine import default_threads
from ..system.process import one_line, own_process, writing_stdout

HELP = OwnFlag("--help", "", "show this text and exit")
VERSION = OwnFlag("--version", "", "show the version and exit")
THREADS = OwnFlag("--threads", "N", "threads to compute with (default: all processors); the bytes do not depend on it")
JSON = OwnFlag("--json", "FILE", "write parameters, derived quantities, warnings and files of the run as JSON")
COMPLETION = OwnFlag(
    "--completion", "SHELL", "show a file that completes options with the tab key, for bash or zsh, and exit"
)
USUAL = (HELP, VERSION, THREADS, JSON, COMPLETION)


class Program(NamedTuple):
    """One of the commands."""

    page: Page
    parameters: Callable[[], object]  # new ones, with the defaults
    missing: Callable[[object], str | None]  # what was expected and not given, if anything
    simulate: Callable[[object, Session], None]
    # before(parameters, arguments, session): what is read before any option counts
    before: Callable[[object, list[str], Session], None] | None = None


@dataclass
class Session:
    """A run of a command: where its lines, warnings and files go."""

    name: str
    own: OwnOptions
    argv: list[str]
    threads: int = 1
    warnings: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    derived: dict[str, object] = field(default_factory=dict)  # for --json
    input: object = None  # what was read before the options

    def say(self, template: str, *values: object) -> None:
        """One line of the log on standard output."""
        with writing_stdout():
            print(printf(template, *values))

    def warn(self, text: str) -> None:
        """One warning on standard error."""
        self.warnings.append(text)
        print(f"{self.name}: warning: {one_line(text)}", file=sys.stderr)

    def write(self, path: str, chunks: Iterable[bytes | memoryview]) -> None:
        """An output file, whole or not at all."""
        write_file(path, chunks)
        self.files.append(path)


def run(program: Program, argv: list[str] | None) -> int:
    """Run a command in the current folder.

    Parameters
    ----------
    program : Program
    argv : list of str or None
        Arguments without the program's name; None: those of the process.

    Returns
    -------
    int
        As `exit_status` has it.
    """
    if argv is None:
        own_process(program.page.prog)
    arguments = list(sys.argv[1:] if argv is None else argv)
    return exit_status(program.page.prog, lambda: _act(program, arguments))


def _act(program: Program, argv: list[str]) -> None:
    own, arguments = split_own(argv, program.page.table)
    session = Session(program.page.prog, own, argv)
    if own.help:
        session.say("%s", parser_of(program.page).format_help().rstrip())
    elif own.completion:
        from ..cli.completion import script

        session.say("%s", script(parser_of(program.page), own.completion).rstrip())
    elif own.version:
        session.say("%s (nbport %s)", session.name, __version__)
    else:
        _simulate(program, arguments, session)


def _simulate(program: Program, arguments: list[str], session: Session) -> None:
    parameters = program.parameters()
    if program.before is not None:
        program.before(parameters, arguments, session)
    for text in dict.fromkeys(scan(arguments, parameters, program.page.table)):
        session.warn(text)
    missing = program.missing(parameters)
    if missing:
        raise InputError(f"{missing}; see {session.name} --help")
    if session.own.json:
        check_place(session.own.json)
    session.threads = session.own.threads or default_threads()
    if session.threads > default_threads():
        session.warn(
            f"--threads {session.threads}: more than the {default_threads()} that this process may use at a time"
        )
    from ..compilation.loading import announced

    with announced(session.name):
        program.simulate(parameters, session)
    if session.own.json:
        _write_record(session, parameters)


def _write_record(session: Session, parameters: object) -> None:
    """Everything that is known of a finished run."""
    from ..output.json_record import FORMAT, circumstances, described
    from ..output.quantities import with_units

    record = {
        "format": FORMAT,
        **circumstances(),
        "command_line": [session.name, *session.argv],
        "parameters": with_units(vars(parameters)),
        "derived": with_units(session.derived),
        "warnings": session.warnings,
        "files": [described(name) for name in dict.fromkeys(session.files)],
    }
    write_file(session.own.json, [(json.dumps(record, indent=1, allow_nan=False) + "\n").encode()])
