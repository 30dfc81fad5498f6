"""The `nbport` command: tools around the simulator, one sub-command a module.

A module of `commands` has a one-line docstring, `configure(parser)`, which adds its arguments, and
`run(arguments) -> int`, which returns the exit status; `arguments.argv` is the whole command line. It is imported
only when it is asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container
from importlib import import_module
from typing import NoReturn

from .. import __version__
from ..errors import InputError, OptionError, OutputError
from ..options.scan import SHELLS
from ..system.process import INTERRUPTED, discard_stdout, one_line
from .completion import script

UNUSABLE = 2  # exit status for input that cannot be used

# sub-command, a module of its own in `commands` -> what it is for
COMMANDS = {
    "trace": "show how a pixel came about, term by term",
    "compare": "compare two traces, or two images",
    "verify": "judge another implementation, case by case and feature by feature",
    "gpu": "list the GPUs and test that they give the CPU's bytes",
    "series": "make many images from one description",
    "hkl": "structure factors from MTZ, mmCIF or PDB as the text that nanoBragg reads",
    "orient": "a cell and angles, a matrix, or a DIALS experiment, as all of these",
    "view": "make a picture of an image",
    "bench": "time the kernels, alone or beside another program",
}
OPTIONS_BEHIND_DASHES = ("view",)  # what stands behind -- is for nanoBragg: `arguments.behind`


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command; returns its exit status, or 2 after one line on stderr that says what is wrong."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    own, behind = arguments, []
    if arguments[:1] and arguments[0] in OPTIONS_BEHIND_DASHES and "--" in arguments:
        at = arguments.index("--")
        own, behind = arguments[:at], arguments[at + 1 :]
    chosen = build_parser(arguments[:1]).parse_args(own, argparse.Namespace(argv=arguments, behind=behind))
    try:
        return import_module(f"nbport.cli.commands.{chosen.command}").run(chosen)
    except (InputError, OptionError, OutputError) as error:
        print(f"nbport {chosen.command}: error: {one_line(str(error))}", file=sys.stderr)
        return UNUSABLE
    except MemoryError as error:
        print(f"nbport {chosen.command}: error: not enough memory: {one_line(str(error))}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print(f"nbport {chosen.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return UNUSABLE


def build_parser(configured: Container[str]) -> argparse.ArgumentParser:
    """All sub-commands; those that are named get their arguments."""
    parser = _Parser(prog="nbport", description="Tools around the simulator nanoBragg.")
    parser.add_argument("--version", action="version", version=f"nbport {__version__}")
    parser.add_argument(
        "--completion", action=_Completion, choices=SHELLS, help="show a file for completion with the tab key, and exit"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        sub = commands.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
        if name in configured:
            import_module(f"nbport.cli.commands.{name}").configure(sub)
    return parser


class _Parser(argparse.ArgumentParser):
    """One line for what is wrong, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: error: {one_line(message)}; see {self.prog} --help\n")


class _Completion(argparse.Action):
    """Shows the completion of all sub-commands and ends, as `--version` does."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: object, values: str, option: str | None = None):
        try:
            text = script(build_parser(COMMANDS), values)
        except OptionError as error:
            parser.error(str(error))
        print(text)
        parser.exit()
