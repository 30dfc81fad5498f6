"""How much memory a run needs, and may have: what does not fit is refused before it is allocated.

Estimates are of what a run adds to the interpreter and its compiled kernels, at its peak. `docs/log.md` says how good
they are.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .files import InputError
from .machine import memory
from .parameters import Parameters

if TYPE_CHECKING:
    from .setup.sampling import SamplingPlan

CONTROL_GROUP_OF, CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

ORIENTATION = 9 * 8  # a matrix or three vectors of doubles
# a row of five numbers in lists, and the arrays that are made of all rows
SOURCE = 480
# a grid of doubles, the same with a border, and what checking its values takes
GRID_POINT = 8 + 11
LOG_LINE = 144  # a text of 60 characters or so, in a list
MASK_PIXEL = 2 + 2 + 2  # of the file, of its pixels, and as the kernels see them


def of_images(p: Parameters) -> int:
    """Bytes of the float, the integer and the 8-bit image, and the mask."""
    pixel = 4 + 2 + (1 if p.write_pgm else 0) + (MASK_PIXEL if p.mask_pixels is not None else 0)
    return pixel * max(p.pixels, 0)


def of_orientations(plan: SamplingPlan, has_sourcefile: bool) -> int:
    """Bytes of the tables of spindle positions, mosaic domains and sources.

    Kernels on the CPU make no table of all combinations of spindle positions and domains.
    """
    sources = 0 if has_sourcefile else _product(plan.hdiv.steps, plan.vdiv.steps, plan.dispersion.steps)
    # at most that many: divergence may be cut to an ellipse
    return ORIENTATION * (max(plan.phi.steps, 0) + max(plan.mosaic_domains, 0)) + SOURCE * sources


def of_grid(shape: Sequence[int]) -> int:
    """Bytes of a grid of structure factors and of what kernels make of it."""
    return GRID_POINT * _product(*shape)


def _product(*factors: int) -> int:
    product = 1
    for factor in factors:
        product *= max(factor, 0)
    return product


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
