"""`-hkl` with an MTZ file, an mmCIF file or a model: converted once, then found in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from ..compilation.loading import cache_folder
from ..errors import InputError, OutputError
from ..parameters import Parameters
from ..system.files import read_bytes, write_file
from .convert import INSTALL, Settings, convert
from .recognise import kind_of


class Cached(NamedTuple):
    """A converted file in the cache."""

    path: str  # of the text
    kind: str
    cell: tuple[float, ...]  # Angstrom, deg


def take_structure_factors(p: Parameters, warn: Callable[[str], None]) -> None:
    """Let -hkl name the text of a file that `kind_of` knows; where there is no crystal, take the file's cell.

    The text is the one that `nbport hkl` writes without options.

    Raises
    ------
    InputError, OutputError
        If the file cannot be converted, or there is no folder for the result.
    """
    given = p.hkl
    found = cached(given)
    p.hkl = found.path
    warn(f"{given}: {found.kind}, read as the text that 'nbport hkl {given}' writes")
    if p.matrix is None and p.cell[0] == 0.0:
        from ..options.table import set_cell

        tokens = [repr(value) for value in found.cell]
        set_cell(p, tokens)
        warn(f"{given}: its unit cell is used: -cell {' '.join(tokens)}")


def cached(path: str, settings: Settings = Settings()) -> Cached:  # noqa: B008 (it is frozen)
    """Convert a file, or find what it was converted to: by its content, the settings and the versions."""
    root = cache_folder()
    if root is None:
        raise OutputError(f"{path}: no folder to keep its text in; convert it with nbport hkl")
    state = os.stat(path)
    content = _digest(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))
    key = hashlib.sha256(f"{content} {settings!r} {__version__} {_gemmi_version(path)}".encode()).hexdigest()
    folder = Path(root, "structure_factors")
    text = folder / f"{key}.hkl"
    about = text.with_suffix(".json")
    if not (about.exists() and text.exists()):
        converted = convert(path, settings)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made: {error.strerror}") from None
        write_file(text, converted.text())
        # the last one: where it is, the text is complete
        write_file(about, [json.dumps({"kind": converted.kind, "cell": converted.cell}).encode()])
    known = json.loads(read_bytes(about, "a converted file's cell"))
    return Cached(str(text), known["kind"], tuple(known["cell"]))


@lru_cache
def _digest(path: str, state: tuple[int, ...]) -> str:
    """Of the content of a file; many images are made from one that does not change."""
    return hashlib.sha256(read_bytes(path, "structure factors")).hexdigest()


def _gemmi_version(path: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gemmi")
    except PackageNotFoundError:
        raise InputError(f"{path}: {kind_of(path)} needs gemmi: {INSTALL}") from None
