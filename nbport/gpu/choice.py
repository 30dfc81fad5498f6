"""Where to render: the CPU, or a GPU by CUDA, which is loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..compilation.loading import compiled
from ..errors import DeviceError, OptionError
from ..options.device_names import BODY_ON_CPU, CPU, DOUBLE, MIXED, check_name, check_precision
from .errors import on_cpu_instead

if TYPE_CHECKING:
    from .device import Device


def open_device(name: str, warn: Callable[[str], None], precision: str = DOUBLE) -> Device | None:
    """Make a device ready; None stands for the CPU.

    Parameters
    ----------
    name : str
        cpu; cuda or cuda:NUMBER; auto: the first GPU if there is one, else the CPU.
    warn : callable
        Is told when auto chooses the CPU, and why.
    precision : str
        One of PRECISIONS.

    Raises
    ------
    OptionError
        If this is no name of a device, or the CPU is to render with mixed precision.
    DeviceError
        If CUDA is asked for and does not work.
    """
    check_name(name)
    check_precision(precision)
    if name == CPU:
        if precision == MIXED:
            raise OptionError("--precision mixed is for GPUs: found --device cpu, expected cuda, cuda:NUMBER or auto")
        return None
    if name == BODY_ON_CPU:
        return compiled("gpu.device").Device(name, compiled("gpu.tiles").BodyOnCpu, precision)
    try:
        device = compiled("gpu.cuda_device").open_cuda(int(name.partition(":")[2] or 0))
    except DeviceError as error:
        if name != "auto":
            raise
        warn(on_cpu_instead(error))
        return None
    return replace(device, precision=precision, optional=name == "auto")
