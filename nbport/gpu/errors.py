"""What CUDA raises, in one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DeviceError

OLD_DRIVER = "update it, or pip install 'nbport[cuda12]', which older drivers can run"
#: Names of CUDA's errors, and what they mean here. The first that an error's text has counts.
MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("CUDA_ERROR_OUT_OF_MEMORY",),
        "the GPU has not enough free memory for this run; --device cpu renders it",
    ),
    (
        (
            "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
            "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
            "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
            "CUDA_ERROR_STUB_LIBRARY",
            "driver version is insufficient",
        ),
        f"the NVIDIA driver is too old for the installed CUDA: {OLD_DRIVER}",
    ),
    (
        ("CUDA_ERROR_NO_BINARY_FOR_GPU", "CUDA_ERROR_INVALID_IMAGE", "CUDA_ERROR_INVALID_SOURCE"),
        f"the NVIDIA driver does not load what the installed CUDA compiles; if it is old, {OLD_DRIVER}",
    ),
    (
        ("CUDA_ERROR_LAUNCH_TIMEOUT",),
        "the watchdog of a display stopped the GPU's kernel; --device cpu renders this run",
    ),
    (
        (
            "CUDA_ERROR_DEVICE_UNAVAILABLE",
            "CUDA_ERROR_DEINITIALIZED",
            "CUDA_ERROR_ECC_UNCORRECTABLE",
            "CUDA_ERROR_NVLINK_UNCORRECTABLE",
            "CUDA_ERROR_ILLEGAL_ADDRESS",
            "CUDA_ERROR_HARDWARE_STACK_ERROR",
            "CUDA_ERROR_LAUNCH_FAILED",
            "CUDA_ERROR_CONTEXT_IS_DESTROYED",
            "CUDA_ERROR_EXTERNAL_DEVICE",
            "CUDA_ERROR_UNKNOWN",
        ),
        "the GPU stopped working during this run; --device cpu renders it",
    ),
)


def meaning(error: BaseException) -> str:
    """One line for whatever a driver, a compiler or a linker raised."""
    text = " ".join(str(error).split())
    for names, means in MEANINGS:
        for name in names:
            if name in text:
                return f"{means} ({name})"
    if isinstance(error, MemoryError):
        return f"not enough memory to prepare this run for the GPU: {text}"
    return f"CUDA: {text[:300] or type(error).__name__}"


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Whatever CUDA raises in this context becomes a DeviceError of one line."""
    try:
        yield
    except DeviceError:
        raise
    except Exception as error:  # a driver, a compiler and a linker raise what they like
        raise DeviceError(meaning(error)) from error


def on_cpu_instead(error: DeviceError) -> str:
    """What auto says when it takes the CPU."""
    return f"--device auto renders on the CPU: {error}"
