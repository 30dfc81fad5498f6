"""Where to render: the CPU, or a GPU by CUDA, which is loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .compilation import compiled
from .flags import OptionError
from .given import one_of, refuse

if TYPE_CHECKING:
    from .tiles import Launcher

CPU = "cpu"
DOUBLE, MIXED = PRECISIONS = ("double", "mixed")
# the GPU's pixel loop on the CPU: for tests, and not in the help
BODY_ON_CPU = "cpu-body"
NAMES = "cpu, cuda, cuda:NUMBER, auto"


class DeviceError(Exception):
    """A GPU cannot be used, or stopped working."""


@dataclass(frozen=True)
class Device:
    """Something that launches can be made on.

    Parameters
    ----------
    name : str
        As reports show it.
    make_launcher : callable
        Takes a `Certificate`, `Tables`, and whether to render with mixed precision.
    precision : str
        One of PRECISIONS: that of the C program's bytes, or mixed where that can be.
    optional : bool
        What the device fails to do is done on the CPU.
    """

    name: str
    make_launcher: Callable[..., Launcher]
    precision: str = DOUBLE
    optional: bool = False


def check_name(name: str) -> None:
    """Refuse what is no name of a device.

    Raises
    ------
    OptionError
    """
    if not isinstance(name, str):
        raise refuse("--device", name, f"one of: {NAMES}")
    kind, colon, number = name.partition(":")
    if name in (CPU, BODY_ON_CPU, "auto") or (kind == "cuda" and (not colon or _is_number(number))):
        return
    raise refuse("--device", name, f"one of: {NAMES}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5


def check_precision(precision: str) -> None:
    """Refuse what is no precision.

    Raises
    ------
    OptionError
    """
    one_of("--precision", precision, PRECISIONS)


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
        return Device(name, compiled("tiles").BodyOnCpu, precision)
    try:
        device = compiled("cuda_device").open_cuda(int(name.partition(":")[2] or 0))
    except DeviceError as error:
        if name != "auto":
            raise
        warn(on_cpu_instead(error))
        return None
    return replace(device, precision=precision, optional=name == "auto")


def on_cpu_instead(error: DeviceError) -> str:
    """What auto says when it takes the CPU."""
    return f"--device auto renders on the CPU: {error}"
