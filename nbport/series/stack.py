"""All images of a series in one HDF5 file, made when their files are finished.

HDF5 does not survive a kill in mid-write. So images are files of their own until the end; then the stack is written
under another name, renamed, and the files are removed. Every state between these has all images.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from ..errors import InputError, OutputError
from ..system.hdf5 import Medium, chunk_of, load_h5py, new_hdf5
from .journal import Journal
from .rows import Row, file_name
from .table import Table

STACK = "images.h5"
HEADER_BYTES = 512  # of SMV
LAYOUT = {"float": ("<f4", 0), "int": ("<u2", HEADER_BYTES), "noise": ("<u2", HEADER_BYTES)}


def h5py() -> ModuleType:
    """The library.

    Raises
    ------
    OptionError
        If it is not installed.
    """
    return load_h5py("HDF5 needs a package more", "series")


def stacked(folder: Path) -> set[int]:
    """Numbers of the images in the stack of a folder.

    Raises
    ------
    InputError
        If there is something else under its name.
    """
    path = folder / STACK
    library = h5py()  # if it is missing, better now than when the images are made
    if not path.exists():
        return set()
    try:
        with library.File(path, "r") as stack:
            return {int(n) for n in stack["table/image"][:][stack["table/finished"][:] != 0]}
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: expected the stack of a series: {error}") from None


def write_stack(folder: Path, rows: list[Row], journal: Journal, table: Table) -> Path:
    """Put the images of a folder into its stack, then remove their files.

    Images that are not finished are zeros there. A stack that has all images already is left as it is.

    Raises
    ------
    OutputError
        If images differ in size, or the stack cannot be written; all files stay.
    """
    path = folder / STACK
    old = stacked(folder)
    files = [folder / name for row in rows for name in row.files.values()]
    if path.exists() and old == {row.number for row in rows} and not any(file.exists() for file in files):
        return path
    sizes = {tuple(record["pixels"]) for row in rows if (record := journal.record(row.number))}
    if len(sizes) > 1:
        raise OutputError(f"{path}: found images of {len(sizes)} sizes, expected one; write files, without hdf5")
    with new_hdf5(path) as (stack, medium):
        if sizes:
            _write_images(stack, medium, folder, rows, sizes.pop(), old)
        _write_table(stack, table)
    for file in files:
        file.unlink(missing_ok=True)
    return path


def _write_images(stack, medium: Medium, folder: Path, rows: list[Row], size: tuple[int, int], old: set[int]) -> None:
    position = {row.number: i for i, row in enumerate(rows)}
    for kind in rows[0].kinds:
        dtype, header = LAYOUT[kind]
        images = stack.create_dataset(kind, (len(rows), *size), dtype, chunks=(1, *chunk_of(size, dtype)))
        for row in rows:
            path = folder / file_name(kind, row.number)
            if path.exists():
                images[position[row.number]] = np.fromfile(path, dtype, offset=header).reshape(size)
                medium.check()
        if old:
            with h5py().File(folder / STACK, "r") as before:
                for i, number in enumerate(before["table/image"][:].tolist()):
                    if number in old and not (folder / file_name(kind, number)).exists() and number in position:
                        images[position[number]] = before[kind][i]
                        medium.check()


def _write_table(stack, table: Table) -> None:
    group = stack.create_group("table")
    for name, values in zip(table.names, zip(*table, strict=True), strict=True):
        present = [value for value in values if value is not None]
        if all(isinstance(value, int) and abs(value) < 2**63 for value in present) and len(present) == len(values):
            group[name] = np.array(values, np.int64)
        elif all(isinstance(value, int | float) for value in present):
            group[name] = np.array([np.nan if value is None else value for value in values], np.float64)
        else:
            group[name] = ["" if value is None else str(value) for value in values]
