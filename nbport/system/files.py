"""Files that are complete or not there at all, and errors that name them."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import select
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

from ..errors import InputError, OutputError
from .machine import memory

TEMPORARY_PREFIX, TEMPORARY_SUFFIX = ".nbport-", ".tmp"
PATIENCE = 10.0  # s, for somebody to write to a named pipe
CHUNK = 2**20
UNSIZED_LIMIT = 2**28  # bytes from a pipe or a device

_temporaries: set[str] = set()  # those of this process
_making = threading.Lock()


class InputStream:
    """A file that is read piece by piece: a large one is never in memory as a whole.

    Parameters
    ----------
    path : str or path
    what : str
        What kind of file it should be, for error texts.

    Raises
    ------
    InputError
        Here and in its methods, if it cannot be read, or is a pipe that nobody writes to.
    """

    def __init__(self, path: str | os.PathLike, what: str):
        self.path = path
        self._described = f"{path}: cannot read {what}"
        try:
            # opening a pipe would wait for somebody who writes to it
            self._file = open(path, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
        except (OSError, ValueError) as error:
            raise InputError(f"{self._described}: {_reason(error)}") from None
        self.is_pipe = stat.S_ISFIFO(os.fstat(self._file.fileno()).st_mode)
        self._silent = self.is_pipe  # nobody has been seen to write to it

    def __enter__(self) -> InputStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer; returns the number of bytes, which is less than its size only at the end of the file."""
        filled, waited = 0, False
        try:
            while filled < len(buffer):
                more = self._file.readinto(buffer[filled:])
                if more == 0 and self._silent:
                    if waited:
                        raise InputError(f"{self._described}: nobody writes to this pipe")
                    waited, self._silent = True, not self._something_comes()
                    continue
                self._silent = False
                if more is None:
                    # its writer has nothing yet
                    select.select([self._file], [], [])
                elif more:
                    filled += more
                else:
                    break
        except OSError as error:
            raise InputError(f"{self._described}: {_reason(error)}") from None
        return filled

    def read_up_to(self, size: int) -> bytes:
        """The next bytes, or as many as are left."""
        pieces = []
        while size > 0:
            piece = bytearray(min(size, CHUNK))
            filled = self.read_into(memoryview(piece))
            pieces.append(piece[:filled])
            size = size - filled if filled == len(piece) else 0
        return b"".join(pieces)

    def size(self) -> int:
        """Bytes of a file; 0 of a pipe or a device."""
        return os.fstat(self._file.fileno()).st_size

    def rewind(self, position: int = 0) -> None:
        """Back to the beginning, or to another place; a pipe stays where it is, as in the reference."""
        if self._file.seekable():
            self._file.seek(position)

    def _something_comes(self) -> bool:
        """Wait for a pipe: for bytes, or for a writer who comes and goes."""
        poll = select.poll()
        poll.register(self._file, select.POLLIN)
        return bool(poll.poll(PATIENCE * 1000))


def readable(path: str | os.PathLike) -> bool:
    """Whether the reference could open it. A folder counts."""
    try:
        return os.access(path, os.R_OK)
    except ValueError:
        return False


def is_pipe(path: str | os.PathLike) -> bool:
    """Whether it can be read only once."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_beginning(path: str | os.PathLike, what: str, size: int) -> bytes:
    """The first bytes of a file, or all if it has fewer.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    with InputStream(path, what) as stream:
        return stream.read_up_to(size)


def read_bytes(path: str | os.PathLike, what: str, limit: int | None = None) -> bytes:
    """Content of a file.

    Parameters
    ----------
    path : path
    what : str
        What kind of file it should be, for the error text.
    limit : int, optional
        Bytes that it may have; default: a quarter of the machine's memory, and less of what does not say how much
        it has.

    Raises
    ------
    InputError
        If it cannot be read, or is longer.
    """
    with InputStream(path, what) as stream:
        if limit is None:
            limit = memory() // 4 if stream.size() else UNSIZED_LIMIT
        # a file that says how long it is need not be read to be refused
        size = stream.size()
        data = stream.read_up_to(limit + 1) if size <= limit else b""
    if max(size, len(data)) > limit:
        raise InputError(f"{path}: found {max(size, len(data))} bytes or more, expected {what} of up to {limit}")
    return data


def file_digest(path: str | os.PathLike, what: str) -> str:
    """sha256 of a file in hexadecimal digits.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    digest = hashlib.sha256()
    with InputStream(path, what) as stream:
        while piece := stream.read_up_to(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def flush_file(path: str | os.PathLike) -> None:
    """Wait until a file and its name are on the disk; whoever reads it next reads it from there.

    Raises
    ------
    OutputError
        If the disk says that they are not.
    """
    try:
        for name in (path, os.path.dirname(os.path.realpath(path))):
            handle = os.open(name, os.O_RDONLY)
            try:
                os.fsync(handle)
                if name == path and hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {_reason(error)}") from None


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
        with _renamed(target) as (handle, _), open(handle, "wb", closefd=False) as out:
            out.writelines(chunks)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot write: {_reason(error)}") from None


def check_place(path: str | os.PathLike) -> None:
    """Refuse a file that can never be written, before it takes an hour to make its content.

    Raises
    ------
    OutputError
        If there is a folder of its name, or its own folder is missing or may not be written.
    """
    try:
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        if os.path.isdir(target):
            error = errno.EISDIR
        elif os.path.exists(target) and not os.path.isfile(target):
            return  # a device, or a pipe
        elif not os.path.exists(folder):
            error = errno.ENOENT
        elif not os.path.isdir(folder):
            error = errno.ENOTDIR
        elif not os.access(folder, os.W_OK | os.X_OK):
            error = errno.EACCES
        else:
            return
        reason = os.strerror(error)
    except ValueError as odd:
        reason = str(odd)
    raise OutputError(f"{path}: cannot write: {reason}")


@contextmanager
def replace_file(path: str | os.PathLike) -> Iterator[str]:
    """A temporary name beside a file, for a library to write to; it is renamed when the context ends without an error.

    The temporary file exists and is locked.

    Raises
    ------
    OutputError
        If the file cannot be made or replaced. Nothing is left behind then.
    """
    try:
        with _renamed(os.path.realpath(path)) as (_, temporary):
            yield temporary
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {_reason(error)}") from None


@contextmanager
def _renamed(target: str) -> Iterator[tuple[int, str]]:
    """An open temporary file and its path; it becomes the target when the context ends without an error."""
    if os.path.exists(target):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise FileExistsError(17, "not a regular file")
        if not os.access(target, os.W_OK):
            raise PermissionError(13, "Permission denied")
    remove_stale(os.path.dirname(target))
    with _making:
        handle, temporary = _new_temporary(os.path.dirname(target))
        _temporaries.add(temporary)
    try:
        yield handle, temporary
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    finally:
        os.close(handle)
        _temporaries.discard(temporary)


def remove_temporaries() -> None:
    """Remove every temporary file of this process, which is about to end: no more can be made after this."""
    _making.acquire()
    for path in list(_temporaries):
        with suppress(OSError):
            os.unlink(path)


def _new_temporary(folder: str) -> tuple[int, str]:
    """An open file that is locked as long as this process lives, and its path."""
    while True:
        handle, path = tempfile.mkstemp(TEMPORARY_SUFFIX, TEMPORARY_PREFIX, folder)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, path
        # somebody found it before it was locked
        os.close(handle)


@cache
def remove_stale(folder: str) -> None:
    """Remove temporary files that processes left in a folder when they were killed; once is enough."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(TEMPORARY_PREFIX) and name.endswith(TEMPORARY_SUFFIX):
                with suppress(OSError), open(entry.path, "r+b") as file:
                    # fails while its process lives
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


def _mode(target: str) -> int:
    """Permissions of the file that is replaced, or those that a new file would get."""
    if os.path.exists(target):
        return stat.S_IMODE(os.stat(target).st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
