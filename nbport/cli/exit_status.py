"""From what a command does to its exit status: the reference's, after one line on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from ..errors import DeviceError, InputError, OptionError, OutputError
from ..system.process import BROKEN_PIPE, INTERRUPTED, one_line, writing_stdout

FAILURE = 9  # as the reference has it


def exit_status(name: str, act: Callable[[], None]) -> int:
    """Do what a command does.

    Parameters
    ----------
    name : str
        Of the command, for the line that says what is wrong.
    act : callable

    Returns
    -------
    int
        0, or 9 after one line on standard error that says what is wrong; 130 if it was interrupted; 141 if nobody
        reads its standard output any more, as with a program that SIGPIPE ends.
    """
    try:
        return _status(name, act)
    except BrokenPipeError:
        return BROKEN_PIPE


def _status(name: str, act: Callable[[], None]) -> int:
    try:
        act()
        with writing_stdout():
            sys.stdout.flush()
        return 0
    except (OptionError, InputError, OutputError, DeviceError) as error:
        status, text = FAILURE, f"error: {error}"
    except MemoryError as error:
        status, text = FAILURE, f"error: not enough memory: {error}"
    except KeyboardInterrupt:
        status, text = INTERRUPTED, "interrupted"
    with suppress(OutputError), writing_stdout():
        sys.stdout.flush()
    print(f"{name}: {one_line(text)}", file=sys.stderr)
    return status
