"""Tables go to a GPU once, and again only when their bytes change."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from c_reference.cases import HERE
from nbport.errors import DeviceError
from nbport.gpu.tables import Uploads


class FakeCuda:
    """A GPU with some memory, of which freed arrays are handed back late."""

    def __init__(self, memory=float("inf")):
        self.transferred = []
        self.memory = memory
        self.freed_late = 0
        self.deallocations = SimpleNamespace(clear=self.collect)

    def collect(self):
        self.memory += self.freed_late
        self.freed_late = 0

    def to_device(self, array):
        self.memory -= array.nbytes
        self.transferred.append(array.nbytes)
        return array.copy()

    def current_context(self):
        return self

    def get_memory_info(self):
        return SimpleNamespace(free=self.memory)


def tables(**changed):
    return {"sources": np.ones((2, 4)), "grid": np.arange(8.0), "mask": np.ones(3, np.uint16), **changed}


def transferred(second):
    """How many tables of the second image are transferred."""
    cuda = FakeCuda()
    uploads = Uploads(cuda)
    uploads.put(tables(), 0)
    first = len(cuda.transferred)
    on_device = uploads.put(second, 0)
    for host, device in zip(second.values(), on_device, strict=True):
        assert host.tobytes() == device.tobytes()
    assert first == 3
    return len(cuda.transferred) - first


def test_equal_tables_stay():
    assert transferred(tables()) == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"grid": np.arange(9.0)},
        {"grid": np.arange(8.0) + np.eye(1, 8)[0]},
        {"sources": np.ones((4, 2))},
        {"mask": np.ones(3, np.int16)},
        {"grid": np.array([-0.0, *range(1, 8)], float)},
    ],
    ids=["longer", "one number", "another shape", "another type", "the sign of zero"],
)
def test_only_what_changed_is_transferred(changed):
    assert transferred(tables(**changed)) == 1


def test_nan_is_no_change():
    cuda = FakeCuda()
    uploads = Uploads(cuda)
    for _ in range(2):
        uploads.put({"grid": np.array([np.nan, 1.0])}, 0)
    assert len(cuda.transferred) == 1


def test_array_that_changes_in_place_is_transferred_again():
    cuda = FakeCuda()
    uploads, grid = Uploads(cuda), np.arange(8.0)
    uploads.put({"grid": grid}, 0)
    grid[3] = 5.0
    [device] = uploads.put({"grid": grid}, 0)
    assert device.tobytes() == grid.tobytes()


def test_nothing_stays_that_is_to_be_forgotten():
    cuda = FakeCuda()
    uploads = Uploads(cuda)
    uploads.put(tables(), 0)
    uploads.forget()
    uploads.put(tables(), 0)
    assert len(cuda.transferred) == 6


def test_what_does_not_fit_is_one_line_before_anything_is_transferred():
    cuda = FakeCuda(memory=2**20)
    with pytest.raises(DeviceError, match="1 MiB of free memory and this run needs 3 MiB; --device cpu renders it"):
        Uploads(cuda).put({"grid": np.zeros(2**17)}, 2 * 2**20)
    assert cuda.transferred == []


def test_memory_that_is_freed_late_is_collected():
    cuda = FakeCuda(memory=2**20)
    cuda.freed_late = 2 * 2**20
    Uploads(cuda).put({"grid": np.zeros(2**17)}, 2**20)
    assert len(cuda.transferred) == 1


IMAGES = """
from nbport.compilation import compiled
from nbport import render
from numba import cuda

compiled("gpu.cuda_device").open_cuda(0)
to_device, counted = cuda.to_device, []
cuda.to_device = lambda array: (counted.append(array.size), to_device(array))[1]
options = "-cell 50 51 52 -default_F 10 -N 5 -oversample 1 -lambda 1.2 -detpixels 4 -distance 60".split()
before = None
for change in ([], [], ["-misset", "1", "2", "3"], ["-fluence", "1e20"]):
    counted.clear()
    render([*options, *change], device="cuda", threads=1)
    print(len(counted))
"""


def test_images_of_one_process_share_tables_on_a_simulated_gpu():
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(
        [sys.executable, "-c", IMAGES], cwd=HERE.parent, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, again, turned, brighter = map(int, done.stdout.split())
    # six tables; what a launch itself needs is new for each
    assert first - again == 6
    assert turned - again == 1
    # and back again
    assert brighter - again == 1
