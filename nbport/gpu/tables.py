"""Tables on a GPU, which stay there from one image of a process to the next as long as they do not change."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from ..errors import DeviceError


class Uploads:
    """The last tables that went to a GPU, by name.

    Parameters
    ----------
    cuda : module
        Numba's CUDA target; every call must be made in the context of one and the same GPU.
    """

    def __init__(self, cuda) -> None:
        self._cuda = cuda
        self._lock = threading.Lock()
        # name -> (a copy that nobody changes, the same on the GPU)
        self._kept: dict[str, tuple[np.ndarray, object]] = {}

    def put(self, tables: Mapping[str, np.ndarray], besides: int) -> list:
        """Tables on the GPU, in the order given; only those are transferred whose bytes are not there already.

        Parameters
        ----------
        tables : mapping of str to contiguous array
        besides : int
            Bytes that the run needs there for other things.

        Raises
        ------
        DeviceError
            If they do not fit.
        """
        with self._lock:
            changed = {name: table for name, table in tables.items() if not self._has(name, table)}
            for name in changed:
                self._kept.pop(name, None)
            self._check_room(sum(table.nbytes for table in changed.values()) + besides)
            for name, table in changed.items():
                self._kept[name] = (table.copy(), self._cuda.to_device(table))
            return [self._kept[name][1] for name in tables]

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()

    def _has(self, name: str, table: np.ndarray) -> bool:
        if name not in self._kept:
            return False
        kept = self._kept[name][0]
        if (kept.shape, kept.dtype) != (table.shape, table.dtype):
            return False
        # their bits: a NaN is no change, and 0 and -0 are not the same
        whole = np.dtype(f"u{table.dtype.itemsize}")
        return np.array_equal(kept.view(whole), table.view(whole))

    def _check_room(self, needed: int) -> None:
        context = self._cuda.current_context()
        if needed > context.get_memory_info().free:
            # freed memory is handed back late
            context.deallocations.clear()
        free = context.get_memory_info().free
        if needed > free:
            raise DeviceError(
                f"the GPU has {free / 2**20:.0f} MiB of free memory and this run needs {needed / 2**20:.0f} MiB;"
                " --device cpu renders it"
            )
