"""Files that teach a shell to complete options with the tab key, made by shtab from a command's own parser."""

from __future__ import annotations

import argparse

from ..errors import OptionError


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """What `source` of a shell takes.

    Parameters
    ----------
    parser : ArgumentParser
        With the name of the command as `prog`; names of files are completed where the metavar is FILE or DIR.
    shell : str
        One of SHELLS.

    Raises
    ------
    OptionError
        If shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise OptionError("completion needs shtab: pip install 'nbport[completion]'") from None
    _complete_files(parser, {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY})
    return shtab.complete(parser, shell)


def _complete_files(parser: argparse.ArgumentParser, kinds: dict[str, dict[str, str]]) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_files(command, kinds)
        elif isinstance(action.metavar, tuple):
            # zsh shows one text for all values
            action.metavar = " ".join(action.metavar)
        elif action.metavar in kinds:
            action.complete = kinds[action.metavar]
