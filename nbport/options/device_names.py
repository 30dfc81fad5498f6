"""Names of devices and precisions, as options give them."""

from __future__ import annotations

from .given import one_of, refuse

CPU = "cpu"
DOUBLE, MIXED = PRECISIONS = ("double", "mixed")
# the GPU's pixel loop on the CPU: for tests, and not in the help
BODY_ON_CPU = "cpu-body"
NAMES = "cpu, cuda, cuda:NUMBER, auto"


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
