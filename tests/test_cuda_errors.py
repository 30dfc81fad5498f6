"""Whatever CUDA raises is one line that says what to do."""

from importlib.util import find_spec

import pytest

from nbport.compilation.loading import compiled
from nbport.errors import DeviceError
from nbport.gpu.errors import MEANINGS, meaning, one_line_errors

cuda_device = compiled("gpu.cuda_device")

CODES = [name for names, _ in MEANINGS for name in names if name.startswith("CUDA_ERROR_")]
needs_numba_cuda = pytest.mark.skipif(
    find_spec("numba_cuda") is None, reason="numba-cuda is not installed; pip install '.[cuda]'"
)


def said(error):
    with pytest.raises(DeviceError) as caught, one_line_errors():
        raise error
    assert "\n" not in str(caught.value)
    return str(caught.value)


@needs_numba_cuda
@pytest.mark.parametrize("name", CODES)
def test_errors_of_the_driver_have_a_meaning(name):
    from cuda.bindings.driver import CUresult
    from cuda.core._utils.cuda_utils import CUDAError
    from numba.cuda.cudadrv.driver import CudaAPIError

    [expected] = [means for names, means in MEANINGS if name in names]
    for error in (
        CudaAPIError(getattr(CUresult, name), f"Call to cuLaunchKernel results in {name}"),
        CUDAError(f"{name}: what the driver\nsays of it"),
    ):
        assert said(error) == f"{expected} ({name})"


@needs_numba_cuda
def test_errors_of_the_compiler_and_of_the_search_for_a_driver():
    from numba.cuda.cudadrv.error import CudaSupportError, NvvmError

    assert said(NvvmError("first\nsecond")) == "CUDA: first second"
    assert said(CudaSupportError("Error at driver init: \nno CUDA-capable device")) == (
        "CUDA: Error at driver init: no CUDA-capable device"
    )


@pytest.mark.parametrize(
    "error, words",
    [
        (RuntimeError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"), "not enough free memory"),
        (RuntimeError("[719] CUDA_ERROR_LAUNCH_FAILED\nunspecified"), "the GPU stopped working during this run"),
        (RuntimeError("[702] CUDA_ERROR_LAUNCH_TIMEOUT"), "watchdog"),
        (RuntimeError("CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), "driver is too old"),
        (MemoryError("Unable to allocate 3 GiB"), "not enough memory to prepare this run for the GPU: Unable to"),
        (ValueError(), "CUDA: ValueError"),
        (ValueError("x" * 1000), "CUDA: " + "x" * 300),
    ],
    ids=["memory", "lost", "watchdog", "driver", "memory of the host", "no text", "long text"],
)
def test_meanings(error, words):
    assert words in said(error)
    assert len(meaning(error)) < 400


def test_errors_of_ours_stay_as_they_are():
    assert said(DeviceError("there is no GPU 3")) == "there is no GPU 3"


@pytest.mark.parametrize("supported, installed", [((12, 4), (13, 0)), ((11, 8), (12, 9))])
def test_driver_that_is_older_than_what_is_installed(supported, installed):
    with pytest.raises(
        DeviceError, match=r"driver is for CUDA 1\d\.\d, and CUDA 1\d\.\d is installed: update it, or pip"
    ):
        cuda_device.check_driver(supported, installed)


@pytest.mark.parametrize("supported, installed", [((13, 0), (13, 5)), ((13, 2), (12, 9)), ((13, 5), (13, 5))])
def test_driver_of_the_same_major_version_or_a_newer_one(supported, installed):
    assert cuda_device.check_driver(supported, installed) is None
