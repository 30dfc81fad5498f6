"""Measured structure factors: MTZ files and the reflection files of mmCIF."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..system.files import read_bytes

if TYPE_CHECKING:
    import gemmi

AMPLITUDES, INTENSITIES = "amplitudes", "intensities"
MEANING = {"F": AMPLITUDES, "G": AMPLITUDES, "J": INTENSITIES, "K": INTENSITIES}  # by type of the column
PAIRED = "GK"
CALCULATED = re.compile(r"F-?C|2?M?FO?-?(DF)?(FC|WT)|DELF|PHDELF|FDM|.*(MODEL|CALC|FILL|MASK|BULK)", re.IGNORECASE)


class Choice(NamedTuple):
    """Columns to take: one, or those of h k l and of its Friedel mate."""

    labels: tuple[str, ...]
    meaning: str  # AMPLITUDES or INTENSITIES

    def __str__(self) -> str:
        return f"{','.join(self.labels)} ({'anomalous pairs of ' * (len(self.labels) - 1)}{self.meaning})"


class Measured(NamedTuple):
    """Reflections of a file, those of Friedel mates as rows of their own."""

    hkl: np.ndarray  # int32 [n, 3]
    F: np.ndarray  # float64 [n]
    cell: gemmi.UnitCell
    spacegroup: gemmi.SpaceGroup
    notes: list[str]


def read_mtz(path: str | os.PathLike, data: bytes) -> gemmi.Mtz:
    """Read an MTZ file of merged reflections, whose content, uncompressed, is given too.

    Raises
    ------
    InputError
        If it cannot be read, or is not merged.
    """
    import gemmi

    try:
        if read_bytes(path, "MTZ") == data:
            mtz = gemmi.read_mtz_file(os.fspath(path))
        else:
            with tempfile.NamedTemporaryFile(prefix="nbport-") as plain:
                plain.write(data)
                plain.flush()
                mtz = gemmi.read_mtz_file(plain.name)
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read MTZ: {_line(error)}") from None
    if len(mtz.batches):
        raise InputError(f"{path}: found unmerged reflections, expected merged ones")
    return mtz


def read_reflections(path: str | os.PathLike, data: bytes) -> gemmi.Mtz:
    """The first block of merged reflections of an mmCIF file, with the columns that an MTZ would have.

    Raises
    ------
    InputError
        If it cannot be read or has none.
    """
    import gemmi

    try:
        blocks = gemmi.as_refln_blocks(gemmi.cif.read_string(data))
        merged = [block for block in blocks if block.default_loop is not None and block.is_merged()]
        if merged:
            return gemmi.CifToMtz().convert_block_to_mtz(merged[0])
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read mmCIF: {_line(error)}") from None
    raise InputError(f"{path}: found no merged reflections, expected a block with _refln")


def choices(mtz: gemmi.Mtz) -> list[Choice]:
    """What can be taken from a file, best first: amplitudes, their anomalous pairs, intensities, their pairs,
    calculated amplitudes."""
    labels = {column.label for column in mtz.columns}
    found = []
    for type in MEANING:
        for column in mtz.columns_with_type(type):
            if type not in PAIRED:
                found.append(Choice((column.label,), MEANING[type]))
            elif "+" in column.label and column.label.replace("+", "-") in labels:
                found.append(Choice((column.label, column.label.replace("+", "-")), MEANING[type]))
    return sorted(found, key=lambda choice: CALCULATED.match(choice.labels[0]) is not None)


def choose(mtz: gemmi.Mtz, wanted: str | None, path: str | os.PathLike) -> Choice:
    """Columns by their labels, with a comma between those of a pair; or the best.

    Raises
    ------
    InputError
        If there are no such columns, or they are neither amplitudes nor intensities.
    """
    possible = choices(mtz)
    there = "; ".join(map(str, possible)) or "none"
    if wanted is None:
        if not possible:
            raise InputError(f"{path}: found no column of amplitudes or intensities")
        return possible[0]
    types = {column.label: column.type for column in mtz.columns}
    labels = tuple(wanted.split(","))
    meanings = {MEANING.get(types.get(label, "")) for label in labels}
    if None in meanings or len(meanings) != 1 or len(labels) > 2:
        raise InputError(f"{path}: found no columns {wanted!r} of amplitudes or intensities, expected some of: {there}")
    return Choice(labels, meanings.pop())


def measured(mtz: gemmi.Mtz, wanted: str | None, path: str | os.PathLike) -> Measured:
    """Amplitudes of the chosen columns; rows without a number are left out.

    A negative intensity gives an amplitude of 0. Where one of a pair is missing it is left out, and the
    expansion gives it the value of the other.

    Raises
    ------
    InputError
        If there are no such columns, no reflections, no space group or no cell.
    """
    choice = choose(mtz, wanted, path)
    columns = [mtz.column_with_label(label) for label in choice.labels]
    cell = mtz.get_cell(columns[0].dataset_id)
    if mtz.spacegroup is None or not cell.is_crystal():
        raise InputError(f"{path}: found no {'unit cell' if mtz.spacegroup else 'space group'}")
    hkl = mtz.make_miller_array().astype(np.int32)
    rows, values = [], []
    for sign, column in zip((1, -1), columns, strict=False):
        numbers = np.array(column.array, np.float64)
        there = np.isfinite(numbers)
        rows.append(sign * hkl[there])
        values.append(numbers[there])
    F = np.concatenate(values)
    if not len(F):
        raise InputError(f"{path}: found no reflection with a number in {','.join(choice.labels)}")
    notes = [f"columns: {choice}"]
    others = [str(other) for other in choices(mtz) if other.labels != choice.labels]
    if others:
        notes.append(f"other columns: {'; '.join(others)}")
    if choice.meaning == INTENSITIES:
        negative = int((F < 0.0).sum())
        F = np.sqrt(np.maximum(F, 0.0))
        notes.append(f"amplitudes: square roots of the intensities; {negative} negative ones became 0")
    return Measured(np.concatenate(rows), F, cell, mtz.spacegroup, notes)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
