"""Input files that are read piece by piece: a large one is never in memory as a whole."""

from __future__ import annotations

import os

from ..files import InputError


class InputStream:
    """A file open for reading.

    Parameters
    ----------
    path : str or path
    what : str
        What kind of file it should be, for error texts.

    Raises
    ------
    InputError
        Here and in its methods, if it cannot be read.
    """

    def __init__(self, path: str | os.PathLike, what: str):
        self._described = f"{path}: cannot read {what}"
        try:
            self._file = open(path, "rb", buffering=0)
        except (OSError, ValueError) as error:
            raise InputError(f"{self._described}: {getattr(error, 'strerror', None) or error}") from None

    def __enter__(self) -> InputStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read_into(self, buffer: memoryview) -> int:
        """Fill a buffer; returns the number of bytes, which is less than its size only at the end of the file."""
        filled = 0
        try:
            while filled < len(buffer):
                more = self._file.readinto(buffer[filled:])
                if not more:
                    break
                filled += more
        except OSError as error:
            raise InputError(f"{self._described}: {error.strerror}") from None
        return filled

    def rewind(self) -> None:
        """Back to the beginning; a pipe stays where it is, as in the reference."""
        if self._file.seekable():
            self._file.seek(0)
