"""HDF5 files that are complete or not there, also where the disk is full.

HDF5 cannot recover from a file that cannot be written: it prints errors without end and crashes the interpreter. So it
writes to a medium that never fails in its eyes; what the disk really said is raised once HDF5 is done.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from ..errors import OptionError
from .files import replace_file

if TYPE_CHECKING:
    import h5py


LARGEST_CHUNK = 2**32 - 1  # bytes


def load_h5py(need: str, extra: str) -> ModuleType:
    """The module h5py.

    Parameters
    ----------
    need : str
        What to say if it is not there.
    extra : str
        The extra of nbport that brings it.

    Raises
    ------
    OptionError
        If it is not installed.
    """
    try:
        return import_module("h5py")
    except ImportError:
        raise OptionError(f"{need}: pip install 'nbport[{extra}]'") from None


def chunk_of(shape: tuple[int, int], dtype: DTypeLike) -> tuple[int, int]:
    """Rows and columns that HDF5 stores as one: the whole image, or as much of it as it can."""
    most = LARGEST_CHUNK // np.dtype(dtype).itemsize
    columns = min(shape[1], most)
    return min(shape[0], most // columns), columns


class Medium(io.RawIOBase):
    """A file on the disk until that fails; then also what was to be written from there on, in memory.

    Parameters
    ----------
    handle : int
        Of the open file.
    """

    def __init__(self, handle: int):
        self._handle = handle
        self._place = 0
        self._error: OSError | None = None
        self._unwritten: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise what the disk said; to be called often, so that little is kept in memory.

        Raises
        ------
        OSError
        """
        if self._error is not None:
            raise self._error

    def write(self, data) -> int:
        """Never fails."""
        left = memoryview(data).cast("B")
        size, start = len(left), self._place
        try:
            while self._error is None and left:
                written = os.pwrite(self._handle, left, start)
                start, left = start + written, left[written:]
        except OSError as error:
            self._error = error
        if left:
            self._unwritten.append((start, bytes(left)))
        self._place += size
        return size

    def readinto(self, buffer) -> int:
        """What was written, wherever it is; zeros where nothing was."""
        view = memoryview(buffer).cast("B")
        view[:] = os.pread(self._handle, len(view), self._place).ljust(len(view), b"\0")
        for start, data in self._unwritten:
            first, last = max(start, self._place), min(start + len(data), self._place + len(view))
            if first < last:
                view[first - self._place : last - self._place] = data[first - start : last - start]
        self._place += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end()}[whence]
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def truncate(self, size: int | None = None) -> int:
        """Set the length; HDF5 does so to make the file longer."""
        size = self._place if size is None else size
        try:
            if self._error is None:
                os.ftruncate(self._handle, size)
        except OSError as error:
            self._error = error
        return size

    def _end(self) -> int:
        return max([os.fstat(self._handle).st_size, *(start + len(data) for start, data in self._unwritten)])


@contextmanager
def new_hdf5(
    path: str | os.PathLike, check: Callable[[str], None] | None = None, **options: object
) -> Iterator[tuple[h5py.File, Medium]]:
    """A new file, which appears under its name when the context ends without an error.

    Parameters
    ----------
    path : path
    check : callable, optional
        Gets the temporary name of the complete file; what it raises keeps the file from its name.
    **options
        Of `h5py.File`.

    Yields
    ------
    The open file, and what it is written to: call its `check` after each larger piece.

    Raises
    ------
    OutputError
        If it cannot be written. Nothing is left behind then.
    """
    import h5py

    with replace_file(path) as temporary:
        handle = os.open(temporary, os.O_RDWR)
        try:
            medium = Medium(handle)
            try:
                with h5py.File(medium, "w", **options) as file:
                    yield file, medium
            finally:
                medium.check()
            if check is not None:
                check(temporary)
        finally:
            os.close(handle)
