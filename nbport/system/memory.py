"""How much memory this process may still have: what does not fit is refused before it is allocated."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError
from .machine import memory

CONTROL_GROUP_OF, CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def check(what: str, needed: int) -> None:
    """Refuse what this process cannot have.

    Parameters
    ----------
    what : str
        That needs it, for the error text.
    needed : int
        Bytes, beside those that the process has now.

    Raises
    ------
    InputError
    """
    room, whose = min(_limits())
    if needed > room:
        raise InputError(f"{what}: needs {_gb(needed)} of memory, expected at most the {_gb(room)} that {whose}")


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size < 1e12 else f"{size / 1e12:.3g} TB"


def _limits() -> Iterator[tuple[int, str]]:
    """Bytes that this process can still get, by each limit there is."""
    virtual, resident = _used()
    yield max(memory() - resident, 0), "this machine leaves"
    for limit in _control_group_limits():
        yield max(limit - resident, 0), "the control group (a container or a batch system) leaves"
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield max(soft - virtual, 0), "the limit of address space (ulimit -v) leaves"


def _used() -> tuple[int, int]:
    """Bytes of address space and of memory that the process has; zeros where the system does not say."""
    try:
        virtual, resident, *_ = map(int, Path("/proc/self/statm").read_text().split())
    except (OSError, ValueError):
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return virtual * page, resident * page


def _control_group_limits() -> Iterator[int]:
    """Of this process's control group and those around it, of either version."""
    try:
        lines = CONTROL_GROUP_OF.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, name = CONTROL_GROUPS, "memory.max"
        if controllers:  # version 1
            root, name = CONTROL_GROUPS / "memory", "memory.limit_in_bytes"
        folder = root / path.lstrip("/")
        for around in (folder, *folder.parents):
            if not around.is_relative_to(root):
                break
            try:
                yield int((around / name).read_text())
            except (OSError, ValueError):  # not there, or "max"
                continue
