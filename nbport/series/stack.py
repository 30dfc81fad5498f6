"""All images of a series in one HDF5 file, made when their files are finished.

HDF5 does not survive a kill in mid-write. So images are files of their own until the end; then the stack is written
under another name, renamed and read back from the disk, and the files whose pixels were found there are removed. Every
state between these has all images.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from ..errors import InputError, OutputError
from ..formats.smv import decode_smv
from ..system.files import flush_file, read_bytes
from ..system.hdf5 import Medium, chunk_of, load_h5py, new_hdf5
from .journal import Journal
from .rows import Row, file_name
from .table import Table

STACK = "images.h5"
PIXEL_TYPES = {"float": "<f4", "int": "<u2", "noise": "<u2"}
DIGESTS = "sha256"  # group with the digests of the pixels of each kind, as bytes of the types above


def h5py() -> ModuleType:
    """The library.

    Raises
    ------
    OptionError
        If it is not installed.
    """
    return load_h5py("HDF5 needs a package more", "series")


def stacked(folder: Path, sizes_only: bool = False) -> set[int]:
    """Numbers of the images in the stack of a folder.

    Parameters
    ----------
    folder : Path
    sizes_only : bool
        Believe the stack, unread; else images count only if their pixels have the digests that were written with them.

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
            finished = zip(stack["table/image"][:].tolist(), stack["table/finished"][:].tolist(), strict=True)
            places = {number: i for i, (number, is_finished) in enumerate(finished) if is_finished}
            digests = {kind: stack[DIGESTS][kind][:] for kind in PIXEL_TYPES if kind in stack}
            return {
                number
                for number, i in places.items()
                if sizes_only or all(_stored_digest(stack, kind, i) == digests[kind][i] for kind in digests)
            }
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected the stack of a series: {error}") from None


@dataclass
class _Contents:
    """What is put into a stack.

    Attributes
    ----------
    digests : dict
        By kind, of each row; empty where there is no image.
    files : list of Path
        Those that pixels were taken from.
    """

    rows: list[Row]
    digests: dict[str, list[bytes]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


def write_stack(folder: Path, rows: list[Row], journal: Journal, table: Table) -> Path:
    """Put the images of a folder into its stack, then remove their files.

    Images that are not finished are zeros there. A stack that has all images already is left as it is.

    Raises
    ------
    OutputError
        If images differ in size, a file is not what the journal describes, or the stack cannot be written or is not
        read back as it was written; all files stay.
    """
    path = folder / STACK
    old = stacked(folder, sizes_only=True)
    files = [folder / name for row in rows for name in row.files.values()]
    if path.exists() and old == {row.number for row in rows} and not any(file.exists() for file in files):
        return path
    sizes = {tuple(record["pixels"]) for row in rows if (record := journal.record(row.number))}
    if len(sizes) > 1:
        raise OutputError(f"{path}: found images of {len(sizes)} sizes, expected one; write files, without hdf5")
    contents = _Contents(rows)
    # a stack that has images without files is not replaced by one that was not read back
    check = partial(_read_back, path, contents)
    with new_hdf5(path, check if old else None) as (stack, medium):
        if sizes:
            _write_images(stack, medium, folder, contents, journal, sizes.pop(), old)
        _write_table(stack, table)
    flush_file(path)
    check(path)
    for file in contents.files:
        file.unlink(missing_ok=True)
    return path


def _write_images(
    stack, medium: Medium, folder: Path, contents: _Contents, journal: Journal, size: tuple[int, int], old: set[int]
) -> None:
    before = h5py().File(folder / STACK, "r") if old else None
    try:
        places = {number: i for i, number in enumerate(before["table/image"][:].tolist())} if before else {}
        for kind in contents.rows[0].kinds:
            dtype = PIXEL_TYPES[kind]
            images = stack.create_dataset(kind, (len(contents.rows), *size), dtype, chunks=(1, *chunk_of(size, dtype)))
            digests = contents.digests[kind] = [b""] * len(contents.rows)
            for i, row in enumerate(contents.rows):
                record = journal.record(row.number)
                if record is None:
                    continue
                path = folder / file_name(kind, row.number)
                pixels = _pixels_of_file(path, kind, record, size)
                if pixels is not None:
                    contents.files.append(path)
                elif row.number in old:
                    pixels = _pixels_of_stack(before, kind, places[row.number], row.number)
                else:
                    raise OutputError(
                        f"{path}: found no such file or another content than was written, expected the image that the"
                        " journal describes; the same command without --sizes-only makes it again"
                    )
                images[i] = pixels
                digests[i] = _digest(pixels)
                medium.check()
            stack.create_dataset(f"{DIGESTS}/{kind}", data=np.array(digests, "S64"))
    finally:
        if before is not None:
            before.close()


def _pixels_of_file(path: Path, kind: str, record: dict, size: tuple[int, int]) -> np.ndarray | None:
    """Pixels of an image; None if its file is not the one that the journal describes."""
    try:
        data = read_bytes(path, "an image")
    except InputError:
        return None
    if hashlib.sha256(data).hexdigest() != record["files"][path.name]["sha256"]:
        return None
    if kind == "float":
        return np.frombuffer(data, PIXEL_TYPES[kind]).reshape(size)
    return decode_smv(data, str(path)).pixels


def _pixels_of_stack(stack, kind: str, place: int, number: int) -> np.ndarray:
    """Pixels of an image of an earlier stack."""
    if _stored_digest(stack, kind, place) != stack[DIGESTS][kind][place]:
        raise OutputError(
            f"{stack.filename}: image {number} ({kind}) is damaged; the same command without --sizes-only makes it"
            " again"
        )
    return stack[kind][place]


def _read_back(path: Path, contents: _Contents, written: str | Path) -> None:
    """Compare the stack on the disk, under its name or a temporary one, with what it was made of."""
    try:
        # a temporary file has a lock of ours already
        with h5py().File(written, "r", locking=False) as stack:
            numbers = stack["table/image"][:].tolist()
            wrong = [] if numbers == [row.number for row in contents.rows] else ["table"]
            for kind, digests in contents.digests.items():
                stored = zip(contents.rows, digests, strict=True)
                wrong += [
                    f"image {row.number} ({kind})"
                    for i, (row, digest) in enumerate(stored)
                    if digest and not (digest == stack[DIGESTS][kind][i] == _stored_digest(stack, kind, i))
                ]
    except (OSError, KeyError) as error:
        wrong = [f"{type(error).__name__} {error}"]
    if wrong:
        raise OutputError(f"{path}: read back, found {wrong[0]}, expected what was written; the images stay files")


def _stored_digest(stack, kind: str, place: int) -> bytes:
    """Of the pixels in a stack; nothing if HDF5 cannot read them."""
    try:
        return _digest(stack[kind][place])
    except (OSError, RuntimeError, ValueError):
        return b""


def _digest(pixels: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pixels)).hexdigest().encode()


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
