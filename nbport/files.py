"""Files that are complete or not there at all, and errors that name them."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

TEMPORARY_PREFIX = ".nbport-"


class InputError(Exception):
    """Something that the user gave cannot be used. The text is one line: where, found, expected."""


class OutputError(Exception):
    """An output file cannot be written."""


def read_bytes(path: str | os.PathLike, what: str) -> bytes:
    """Content of a file.

    Raises
    ------
    InputError
        If it cannot be read; the text says what kind of file it should be.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read {what}: {_reason(error)}") from None


def write_file(path: str | os.PathLike, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file under a temporary name beside it and rename it when it is complete.

    Devices and pipes are written directly; symbolic links are followed.

    Raises
    ------
    OutputError
        If it cannot be written. Nothing is left behind then.
    """
    try:
        target = os.path.realpath(path)
        if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
            with open(target, "wb") as out:
                out.writelines(chunks)
            return
        if os.path.exists(target) and not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
        _write_and_rename(target, chunks)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot write: {_reason(error)}") from None


def _write_and_rename(target: str, chunks: Iterable[bytes | memoryview]) -> None:
    handle, temporary = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as out:
            out.writelines(chunks)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(target: str) -> int:
    """Permissions of the file that is replaced, or those that a new file would get."""
    if os.path.exists(target):
        return stat.S_IMODE(os.stat(target).st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
