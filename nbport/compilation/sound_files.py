"""Compiled kernels in files: what was cut short, altered or cannot be written is compiled again.

Numba loads whatever its cache folder holds. Machine code with a wrong byte ends the process, so each file begins
with the digest of the rest.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from numba.core import caching
from numba.core.dispatcher import Dispatcher

DIGEST_SIZE = 32  # bytes


class SoundCacheFile(caching.IndexDataCacheFile):
    """Index and data of one function."""

    def save(self, key: object, data: object) -> None:
        """Keep a compiled function, if there is room for it."""
        with suppress(OSError):
            super().save(key, data)

    def _load_index(self) -> dict:
        try:
            version, stamp, overloads = pickle.loads(_read(self._index_path))
        except OSError:
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict) -> None:
        self._write(self._index_path, self._dump((self._version, self._source_stamp, overloads)))

    def _load_data(self, name: str) -> object:
        return pickle.loads(_read(self._data_path(name)))

    def _save_data(self, name: str, data: object) -> None:
        self._write(self._data_path(name), self._dump(data))

    def _write(self, path: str, content: bytes) -> None:
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(content).digest() + content)


def _read(path: str) -> bytes:
    """Content of a file of the cache; OSError if it is not what was written."""
    with open(path, "rb") as file:
        digest, content = file.read(DIGEST_SIZE), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise OSError(f"{path}: not as it was written")
    return content


@contextmanager
def sound_caches(keep: bool) -> Iterator[None]:
    """Functions that are decorated in this context have such caches, or none where there is no folder to keep them."""
    usual_file, usual_enabling = caching.IndexDataCacheFile, Dispatcher.enable_caching
    caching.IndexDataCacheFile = SoundCacheFile
    if not keep:
        Dispatcher.enable_caching = lambda self: None
    try:
        yield
    finally:
        caching.IndexDataCacheFile, Dispatcher.enable_caching = usual_file, usual_enabling
