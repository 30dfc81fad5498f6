"""One file of structure factors, whatever its kind, as the rows that the simulator reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import InputError, OptionError
from ..options.array_files import hkl_text
from ..system.machine import memory
from .recognise import MODEL, MTZ, PDB, content_of, kind_of

ROWS = 100_000  # that become text at once
INSTALL = "pip install 'nbport[hkl]'"


@dataclass(frozen=True)
class Settings:
    """How to convert.

    Attributes
    ----------
    dmin : float, optional
        Resolution limit, Angstrom; default: that of the file, or for a model that has none 2.
    columns : str, optional
        Of data: label, or two with a comma in between, those of h k l and of -h -k -l.
    fill : "shell" or float, optional
        Of data: amplitude of reflections that are missing.
    F000 : float, optional
        Of data: electrons in the cell.
    scale : float
        Of data: factor of all amplitudes.
    wavelength : float, optional
        Of models: Angstrom, for f' and f''.
    solvent : bool
        Of models: with bulk solvent.
    k_sol, B_sol : float, optional
        Its density, electrons/Angstrom^3, and B factor, Angstrom^2.
    """

    dmin: float | None = None
    columns: str | None = None
    fill: str | float | None = None
    F000: float | None = None
    scale: float = 1.0
    wavelength: float | None = None
    solvent: bool = True
    k_sol: float | None = None
    B_sol: float | None = None


# settings that have a meaning for one of the two only
OF_DATA = {"columns": "--columns", "fill": "--fill", "F000": "--F000", "scale": "--scale"}
OF_MODELS = {"wavelength": "--wavelength", "solvent": "--no-solvent", "k_sol": "--k-sol", "B_sol": "--B-sol"}


class Converted(NamedTuple):
    """Structure factors in P1, and what is to be said about them."""

    kind: str
    hkl: np.ndarray  # int32 [n, 3]
    F: np.ndarray  # float64 [n], electrons
    cell: tuple[float, ...]  # Angstrom, deg
    notes: list[str]

    def text(self) -> Iterator[bytes]:
        """Rows h k l F, as the reference reads them and with every digit that it can keep."""
        for start in range(0, len(self.F), ROWS):
            part = slice(start, start + ROWS)
            yield hkl_text(np.column_stack([self.hkl[part], self.F[part]]), "structure factors")


@dataclass
class _Given:
    """What a file has to say, before it is expanded."""

    hkl: np.ndarray
    F: np.ndarray
    cell: object
    spacegroup: object
    dmin: float
    F000: float | None
    notes: list[str] = field(default_factory=list)


def convert(path: str | os.PathLike, settings: Settings = Settings()) -> Converted:  # noqa: B008 (it is frozen)
    """Structure factors of an MTZ file, an mmCIF or PDB model, or an mmCIF reflection file, in P1.

    Raises
    ------
    InputError
        If the file is none of these or cannot be used, or gemmi is not installed.
    OptionError
        If a setting has no meaning for it.
    """
    if not os.path.exists(path):
        raise InputError(f"{path}: cannot read structure factors: No such file or directory")
    kind = kind_of(path)
    if kind is None:
        raise InputError(f"{path}: expected MTZ, mmCIF reflections, or a model as mmCIF or PDB")
    try:
        import gemmi  # noqa: F401
    except ImportError:
        raise InputError(f"{path}: {kind} needs gemmi: {INSTALL}") from None
    from .p1 import packed, whole_sphere

    is_model = kind in (MODEL, PDB)
    for name, option in (OF_DATA if is_model else OF_MODELS).items():
        if getattr(settings, name) != getattr(Settings, name):
            raise OptionError(f"{option} is not for {kind}, found in {path}")
    given = _from_model(path, kind, settings) if is_model else _from_data(path, kind, settings)
    sphere = whole_sphere(given.hkl, given.F, given.cell, given.spacegroup, given.dmin, settings.fill)
    hkl, F = sphere.hkl, sphere.F
    if not len(F):
        raise InputError(f"{path}: found no reflection up to {given.dmin:g} A")
    if given.F000 is not None:
        at = int(np.searchsorted(packed(hkl), packed(np.zeros((1, 3), int))[0]))
        hkl, F = np.insert(hkl, at, 0, axis=0), np.insert(F, at, given.F000)
    cell = tuple(given.cell.parameters)
    notes = [f"kind: {kind}", f"cell: {_numbers(cell)}, space group {given.spacegroup.hm}", *given.notes]
    return Converted(kind, hkl, F, cell, notes + _findings(sphere, given, settings, len(F)))


def _from_data(path: str | os.PathLike, kind: str, settings: Settings) -> _Given:
    from .data import measured, read_mtz, read_reflections

    data = content_of(path)
    mtz = read_mtz(path, data) if kind == MTZ else read_reflections(path, data)
    found = measured(mtz, settings.columns, path)
    d = found.cell.calculate_d_array(found.hkl[found.hkl.any(axis=1)])
    if not len(d):
        raise InputError(f"{path}: found no reflection besides 0 0 0")
    dmin = max(float(d.min()), settings.dmin or 0.0)
    notes = [*found.notes, f"resolution: {float(d.max()):.2f} - {dmin:.2f} A"]
    F000 = settings.F000
    return _Given(found.hkl, found.F * settings.scale, found.cell, found.spacegroup, dmin, F000, notes)


def _from_model(path: str | os.PathLike, kind: str, settings: Settings) -> _Given:
    from .model import B_SOL, DMIN, K_SOL, Solvent, calculate, memory_needed, read_model

    structure, notes = read_model(path, content_of(path), kind)
    dmin, why = settings.dmin, "as asked for"
    if dmin is None:
        dmin, why = (structure.resolution, "as the file says") if structure.resolution else (DMIN, "the default")
    notes.append(f"resolution: {dmin:.2f} A, {why}")
    needed = memory_needed(structure.cell, dmin)
    if needed > memory():
        raise InputError(f"{path}: {dmin:g} A needs {needed / 1e9:.0f} GB of memory, more than this machine has")
    solvent = None
    if settings.solvent:
        k = K_SOL if settings.k_sol is None else settings.k_sol
        solvent = Solvent(k, B_SOL if settings.B_sol is None else settings.B_sol)
    notes.append(f"bulk solvent: {f'{solvent.k:g} electrons/A^3, B {solvent.B:g} A^2' if solvent else 'none'}")
    anomalous = f"f' and f'' at {settings.wavelength:g} A" if settings.wavelength else "without f' and f''"
    notes.append(f"form factors: International Tables, {anomalous}")
    found = calculate(structure, dmin, settings.wavelength, solvent)
    return _Given(found.hkl, found.F, structure.cell, structure.find_spacegroup(), dmin, found.F000, notes)


def _findings(sphere, given: _Given, settings: Settings, rows: int) -> list[str]:
    there = sphere.unique - sphere.gaps
    complete = f"{100.0 * there / sphere.unique:.1f} %" if sphere.unique else "-"
    notes = [f"unique reflections: {there} of {sphere.unique} ({complete})"]
    if sphere.gaps:
        filled = {None: "not filled (nanoBragg takes -default_F there)", "shell": "filled with the mean of the shell"}
        notes.append(f"gaps: {sphere.gaps}, {filled.get(settings.fill, f'filled with {settings.fill}')}")
    if sphere.ambiguous:
        notes.append("some equivalent reflections have different values in the file: the first of each was taken")
    notes.append("F(000): " + ("none" if given.F000 is None else f"{given.F000:.1f} electrons"))
    return [*notes, f"rows in P1: {rows}"]


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)
