"""Structure factors calculated from a model: electron density and bulk solvent, by gemmi."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from .recognise import PDB

if TYPE_CHECKING:
    import gemmi

DMIN = 2.0  # Angstrom, for models that do not say
K_SOL, B_SOL = 0.35, 46.0  # electrons/Angstrom^3, Angstrom^2
RATE = 1.5  # grid points for each that the resolution needs
POINT_BYTES = 24  # of memory for a grid point, at most
CUTOFF = 1e-7  # electrons/Angstrom^3 at which the density of an atom ends


class Solvent(NamedTuple):
    """Flat bulk solvent: density (electrons/Angstrom^3) and B factor (Angstrom^2) of its edge."""

    k: float = K_SOL
    B: float = B_SOL


class Calculated(NamedTuple):
    """Reflections of half of reciprocal space and, where there is anomalous scattering, their Friedel mates."""

    hkl: np.ndarray  # int32 [n, 3]
    F: np.ndarray  # float64 [n], electrons
    F000: float


def read_model(path: str | os.PathLike, data: bytes, kind: str) -> tuple[gemmi.Structure, list[str]]:
    """A model with all copies that strict non-crystallographic symmetry makes, and notes on it.

    Raises
    ------
    InputError
        If it cannot be read or has no cell, no space group or no atoms.
    """
    import gemmi

    try:
        form = gemmi.CoorFormat.Pdb if kind == PDB else gemmi.CoorFormat.Mmcif
        structure = gemmi.read_structure_string(data, format=form)
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read a model: {' '.join(str(error).split())}") from None
    if not len(structure) or not structure[0].count_atom_sites():
        raise InputError(f"{path}: found no atoms, expected a macromolecular model")
    if not structure.cell.is_crystal():
        raise InputError(f"{path}: found no unit cell, expected the model of a crystal")
    if structure.find_spacegroup() is None:
        raise InputError(f"{path}: found space group {structure.spacegroup_hm!r}, which is not known")
    notes = []
    if len(structure) > 1:
        notes.append(f"model: the first of {len(structure)}")
    if not all(op.given for op in structure.ncs):
        structure.expand_ncs(gemmi.HowToNameCopiedChain.Dup)
        notes.append("model: completed by its non-crystallographic symmetry")
    notes.append(f"atoms: {structure[0].count_atom_sites()} in the asymmetric unit")
    return structure, notes


def memory_needed(cell: gemmi.UnitCell, dmin: float) -> float:
    """Bytes that the grids of a model need, about."""
    return POINT_BYTES * cell.volume * (2.0 * RATE / dmin) ** 3


def calculate(
    structure: gemmi.Structure, dmin: float, wavelength: float | None = None, solvent: Solvent | None = None
) -> Calculated:
    """Structure factors of the first model, by Fourier transform of its density.

    Form factors are those of the International Tables (1992), with f' and f'' of Cromer and Liberman if there
    is a wavelength.

    Parameters
    ----------
    structure : gemmi.Structure
    dmin : float
        Angstrom.
    wavelength : float, optional
        Angstrom.
    solvent : Solvent, optional
        None: vacuum.
    """
    import gemmi

    calculator = gemmi.DensityCalculatorX()
    calculator.d_min, calculator.rate, calculator.cutoff = dmin, RATE, CUTOFF
    calculator.set_grid_cell_and_spacegroup(structure)
    calculator.set_refmac_compatible_blur(structure[0])
    second = {}  # f' + f'', by element
    if wavelength:
        energy = gemmi.hc / wavelength
        calculator.addends.add_cl_fprime(energy)
        for element in {site.atom.element for site in structure[0].all()}:
            # hydrogen has none
            f2 = gemmi.cromer_liberman(element.atomic_number, energy)[1] if element.atomic_number > 2 else 0.0
            second[element] = calculator.addends.get(element) + f2
    data = _transform(calculator, structure, dmin)
    hkl, F = data.miller_array, data.value_array.astype(complex)
    imaginary = np.zeros_like(F)
    if second:
        for element, value in second.items():
            calculator.addends.set(element, value)
        # the transform is linear in the form factors, so the difference is that of f'' alone
        imaginary = 1j * (_transform(calculator, structure, dmin).value_array - F)
    if solvent:
        F += _solvent(structure, data, solvent, dmin)
    zero = np.flatnonzero(~hkl.any(axis=1))[0]
    F000 = float(abs(F[zero] + imaginary[zero]))
    if not imaginary.any():
        return Calculated(hkl, abs(F), F000)
    # F of -h -k -l is the conjugate of F minus, not plus, the part of f''
    return Calculated(np.concatenate([hkl, -hkl]), np.concatenate([abs(F + imaginary), abs(F - imaginary)]), F000)


def _transform(calculator: gemmi.DensityCalculatorX, structure: gemmi.Structure, dmin: float) -> gemmi.ComplexAsuData:
    import gemmi

    calculator.put_model_density_on_grid(structure[0])
    grid = gemmi.transform_map_to_f_phi(calculator.grid, half_l=True)
    return grid.prepare_asu_data(dmin=dmin, unblur=calculator.blur, with_000=True)


def _solvent(structure: gemmi.Structure, like: gemmi.ComplexAsuData, solvent: Solvent, dmin: float) -> np.ndarray:
    """What the bulk solvent adds to structure factors."""
    import gemmi

    mask = gemmi.FloatGrid()
    mask.setup_from(structure, spacing=dmin / (2.0 * RATE))
    gemmi.SolventMasker(gemmi.AtomicRadiiSet.Refmac).put_mask_on_float_grid(mask, structure[0])
    data = gemmi.transform_map_to_f_phi(mask, half_l=True).prepare_asu_data(dmin=dmin, with_000=True)
    scaling = gemmi.Scaling(structure.cell, structure.find_spacegroup())
    scaling.use_solvent, scaling.k_sol, scaling.b_sol = True, solvent.k, solvent.B
    total = like.copy()
    total.value_array[:] = 0.0
    scaling.scale_data(total, data)
    return total.value_array.astype(complex)
