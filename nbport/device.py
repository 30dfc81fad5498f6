"""Where to render: the CPU, or a GPU by CUDA, which is loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .compilation import compiled
from .flags import OptionError

if TYPE_CHECKING:
    from .tiles import Launcher

CPU = "cpu"
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
        Takes a `Certificate` and `Tables`.
    """

    name: str
    make_launcher: Callable[..., Launcher]


def check_name(name: str) -> None:
    """Refuse what is no name of a device.

    Raises
    ------
    OptionError
    """
    kind, colon, number = name.partition(":")
    if name in (CPU, BODY_ON_CPU, "auto") or (kind == "cuda" and (not colon or _is_number(number))):
        return
    raise OptionError(f"--device: found {name!r}, expected one of: {NAMES}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5


def open_device(name: str, warn: Callable[[str], None]) -> Device | None:
    """Make a device ready; None stands for the CPU.

    Parameters
    ----------
    name : str
        cpu; cuda or cuda:NUMBER; auto: the first GPU if there is one, else the CPU.
    warn : callable
        Is told when auto chooses the CPU, and why.

    Raises
    ------
    OptionError
        If this is no name of a device.
    DeviceError
        If CUDA is asked for and does not work.
    """
    check_name(name)
    if name == CPU:
        return None
    if name == BODY_ON_CPU:
        return Device(name, compiled("tiles").BodyOnCpu)
    try:
        return compiled("cuda_device").open_cuda(int(name.partition(":")[2] or 0))
    except DeviceError as error:
        if name != "auto":
            raise
        warn(f"--device auto renders on the CPU: {error}")
        return None
