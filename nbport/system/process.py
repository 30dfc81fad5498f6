"""The command as a process: how signals end it, and standard streams that are closed or broken."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OutputError
from .files import remove_temporaries

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + signal.SIGPIPE  # what a shell reports of a program that dies of it


def own_process(name: str) -> None:
    """Prepare the process that a command has to itself.

    SIGINT, SIGTERM and SIGHUP end it at once, whatever is being computed: temporary files are removed, one line says
    so on stderr, and the exit status is 128 and the signal's number. Those that were ignored stay so.

    Parameters
    ----------
    name : str
        Of the command, for that line.
    """
    _open_closed_streams()
    # names of files go out as the bytes that they came in as
    sys.stdout.reconfigure(encoding=sys.getfilesystemencoding(), errors=sys.getfilesystemencodeerrors())
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            # A handler runs between two instructions of the main thread, which may be in a compiled function for
            # minutes. The wake-up descriptor is written at once.
            signal.signal(number, lambda *_: None)
    threading.Thread(target=_end_on_signal, args=(read, name), daemon=True).start()


def _end_on_signal(read: int, name: str) -> None:
    number = os.read(read, 1)[0]
    remove_temporaries()
    try:
        os.write(2, f"{name}: {'interrupted' if number == signal.SIGINT else 'terminated'}\n".encode())
    finally:
        os._exit(128 + number)


def _open_closed_streams() -> None:
    """Give closed standard streams to the null device: else the next file takes their number, and their text."""
    for number, stream in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, stream) is None:
            setattr(sys, stream, open(number, "w" if number else "r", closefd=False))


@contextmanager
def writing_stdout() -> Iterator[None]:
    """For whatever writes to standard output.

    Raises
    ------
    BrokenPipeError
        If nobody reads on.
    OutputError
        If it cannot be written otherwise, as on a full disk.
    """
    try:
        yield
    except BrokenPipeError:
        discard_stdout()
        raise
    except OSError as error:
        discard_stdout()
        raise OutputError(f"standard output: cannot write: {error.strerror}") from None


def one_line(text: str) -> str:
    """A message that stays on its line whatever the names of files in it hold."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def discard_stdout() -> None:
    """Send what Python still holds of standard output to the null device, or it complains at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
