"""An NVIDIA GPU as a device to render on: finding it, launches on it, and its errors in one line.

Importing this loads no CUDA; opening a device does.
"""

from __future__ import annotations

import functools
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from ..compilation.loading import compiled_modules
from ..errors import DeviceError
from ..kernels.certificate import Certificate
from ..kernels.device_body import CARRIED, NOWHERE, Place, Tables
from .device import Device
from .errors import OLD_DRIVER, one_line_errors
from .tables import Uploads
from .tiles import PIXELS_A_LAUNCH, Tile, blocks_of, subpixels

INSTALL = "pip install 'nbport[cuda]'"


@contextmanager
def _on(gpu) -> Iterator[None]:
    """Work on a GPU; that a small image keeps few of its processors busy is no news."""
    with one_line_errors(), gpu, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Grid size")
        yield


@contextmanager
def _cache_folder() -> Iterator[None]:
    """Numba's CUDA target has a configuration of its own, which must know of the cache folder, or of none."""
    with compiled_modules():
        from numba import config

        if in_simulator():
            yield
            return
        own = import_module("numba.cuda.core.config")
        dispatcher = import_module("numba.cuda.dispatcher").CUDADispatcher
        before = own.CACHE_DIR, dispatcher.enable_caching
        own.CACHE_DIR = config.CACHE_DIR
        if not config.CACHE_DIR:
            dispatcher.enable_caching = lambda self: None
        try:
            yield
        finally:
            own.CACHE_DIR, dispatcher.enable_caching = before


def in_simulator() -> bool:
    """Whether CUDA is simulated in Python, for tests."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def load_cuda():
    """Numba's CUDA target.

    Raises
    ------
    DeviceError
        If it is not installed, finds no driver or no GPU, or the driver is too old for it.
    """
    if not in_simulator() and find_spec("numba_cuda") is None:
        raise DeviceError(f"CUDA needs the package numba-cuda, which is not installed: {INSTALL}")
    with one_line_errors():
        from numba import cuda

        if not cuda.is_available():
            why = " ".join(str(cuda.cuda_error() or "no GPU was found").split())
            raise DeviceError(f"no usable NVIDIA GPU or driver: {why[:200]}")
        if not in_simulator():
            check_driver(cuda.cudadrv.driver.driver.get_version(), cuda.cudadrv.runtime.get_version())
    return cuda


def check_driver(supported: tuple[int, int], installed: tuple[int, int]) -> None:
    """Refuse a driver that is older than what is installed: versions of CUDA, major and minor.

    Raises
    ------
    DeviceError
    """
    if supported[0] < installed[0]:
        versions = "for CUDA {}.{}, and CUDA {}.{} is installed".format(*supported, *installed)
        raise DeviceError(f"the NVIDIA driver is {versions}: {OLD_DRIVER}")


def described() -> list[str]:
    """A line for every GPU, and one for the driver.

    Raises
    ------
    DeviceError
        If there is none.
    """
    cuda = load_cuda()
    with one_line_errors():
        if in_simulator():
            return ["CUDA is simulated in Python (NUMBA_ENABLE_CUDASIM)"]
        lines = ["CUDA driver for CUDA {}.{}".format(*cuda.cudadrv.driver.driver.get_version())]
        for number, gpu in enumerate(cuda.gpus):
            with gpu:
                memory = cuda.current_context().get_memory_info()
                name = gpu.name.decode() if isinstance(gpu.name, bytes) else gpu.name
                capability = ".".join(map(str, gpu.compute_capability))
                lines.append(f"cuda:{number} {name}, compute capability {capability}, {memory.total / 2**30:.1f} GiB")
        return lines


def open_cuda(number: int) -> Device:
    """Make a GPU ready and see that its arithmetic is right.

    Parameters
    ----------
    number : int
        As `nbport gpu` lists them.

    Raises
    ------
    DeviceError
    """
    uploads = _ready(number)

    def make_launcher(certificate: Certificate, tables: Tables, mixed: bool) -> CudaLauncher:
        return CudaLauncher(number, uploads, certificate, tables, mixed)

    return Device(f"cuda:{number}", make_launcher)


@functools.cache
def _ready(number: int) -> Uploads:
    """Once a process: load the kernels, check the GPU; what stays there from one image to the next."""
    cuda = load_cuda()
    with one_line_errors():
        if number >= len(cuda.gpus):
            raise DeviceError(f"there is no GPU {number}: found {len(cuda.gpus)}, counted from 0")
        with _cache_folder():
            from . import cuda_kernel
    with _on(cuda.gpus[number]):
        _check_arithmetic(cuda, cuda_kernel)
    return Uploads(cuda)


def forget_tables(number: int) -> None:
    """The next image on a GPU transfers all its tables."""
    _ready(number).forget()


def _check_arithmetic(cuda, cuda_kernel) -> None:
    """One product, sum, quotient and root, chosen so that a contracted operation shows. Compiles, loads, launches."""
    x, y, z = 1.0 + 2.0**-27, 1.0 - 2.0**-27, -1.0
    results = cuda.to_device(np.zeros(4))
    cuda_kernel.probe[1, 1](cuda.to_device(np.array([x, y, z])), results)
    # the product is 1 - 2**-54, which is 1 when it is rounded
    expected = np.array([x * y + z, -(2.0**-54), x / y, math.sqrt(x)])
    if results.copy_to_host().tobytes() != expected.tobytes():
        raise DeviceError("the GPU's arithmetic differs from IEEE 754, please report this with the versions installed")


class CudaLauncher:
    """Launches on one GPU.

    Parameters
    ----------
    number : int
    uploads : Uploads
        Of this GPU.
    certificate : Certificate
    tables : Tables
    mixed : bool
        Render with mixed precision.

    Attributes
    ----------
    kernel_s : float
        Seconds that the GPU spent in the kernel so far.
    """

    def __init__(self, number: int, uploads: Uploads, certificate: Certificate, tables: Tables, mixed: bool) -> None:
        from numba import cuda

        from . import cuda_kernel

        self._cuda, self._threads, self._gpu = cuda, cuda_kernel.THREADS, cuda.gpus[number]
        self._render_tile = cuda_kernel.render_tile_mixed if mixed else cuda_kernel.render_tile
        self._numbers, self._masked = as_declared(certificate.numbers), int(tables.mask.size > 0)
        self._subpixels = subpixels(certificate.numbers.scene)
        self.kernel_s = 0.0
        with _on(self._gpu):
            present = {name: _not_empty(table) for name, table in tables._asdict().items()}
            self._tables = uploads.put(present, 16 * PIXELS_A_LAUNCH)
            self._pixels = cuda.device_array(1, np.float32)
            self._carried = cuda.device_array((1, CARRIED), np.float64)

    def launch(self, place: Place, interpolate: bool) -> Tile:
        """Render the pixels of a place."""
        count = place.stop - place.start
        rows = (place.stop - 1) // place.columns - place.start // place.columns + 1
        with _on(self._gpu):
            if self._pixels.size < count:
                self._pixels = self._cuda.device_array(count, np.float32)
            if place.begin == 0 and place.end < self._subpixels and self._carried.shape[0] < count:
                self._carried = self._cuda.device_array((count, CARRIED), np.float64)
            omega_sums = self._cuda.to_device(np.zeros(rows))
            left_grid = self._cuda.to_device(np.full(1, NOWHERE))
            begun, ended = self._cuda.event(), self._cuda.event()
            begun.record()
            self._render_tile[blocks_of(place, self._threads), self._threads](
                place, self._numbers, self._masked, *self._tables, int(interpolate),
                self._pixels, omega_sums, left_grid, self._carried,
            )  # fmt: skip
            ended.record()
            pixels = self._pixels[:count].copy_to_host()
            self.kernel_s += begun.elapsed_time(ended) / 1e3
            return Tile(pixels, omega_sums.copy_to_host(), int(left_grid.copy_to_host()[0]))


def as_declared(record):
    """A named tuple with every number of the type that is declared, so that one compiled kernel serves all."""
    kinds = type(record).__annotations__.values()
    return type(record)(*(_as(kind, value) for kind, value in zip(kinds, record, strict=True)))


def _as(kind, value):
    if kind in (int, float):
        return kind(value)
    if hasattr(kind, "_fields"):
        return as_declared(value)
    return tuple(map(float, value)) if isinstance(value, tuple) else value


def _not_empty(table: np.ndarray) -> np.ndarray:
    """A device has no memory of no bytes."""
    return np.ascontiguousarray(table) if table.size else np.zeros((1,) * table.ndim, table.dtype)
