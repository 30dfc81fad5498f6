"""Small made-up crystals, and files of structure factors made from them by gemmi."""

import functools

import gemmi
import numpy as np

from c_reference.cases import HERE

MODELS = HERE.parent / "tests" / "support" / "models"
NAMES = ("orthorhombic", "trigonal")  # P 21 21 21, P 31 2 1
DMIN = 4.0


def path_of(name):
    return MODELS / f"{name}.pdb"


def structure_of(name):
    return gemmi.read_structure(str(path_of(name)))


def direct_sum(structure, hkl, wavelength=None):
    """Complex structure factors, atom by atom: no density, no symmetry of reflections."""

    def calculator(with_second):
        made = gemmi.StructureFactorCalculatorX(structure.cell)
        if wavelength:
            energy = gemmi.hc / wavelength
            made.addends.add_cl_fprime(energy)
            for symbol in ("C", "N", "O", "Se") if with_second else ():
                element = gemmi.Element(symbol)
                f2 = gemmi.cromer_liberman(element.atomic_number, energy)[1]
                made.addends.set(element, made.addends.get(element) + f2)
        return made

    def sums(made):
        return np.array([made.calculate_sf_from_model(structure[0], h) for h in np.asarray(hkl).tolist()])

    real = sums(calculator(False))
    return real + 1j * (sums(calculator(True)) - real) if wavelength else real


@functools.cache
def unique_F(name, dmin=DMIN):
    """Unique reflections of a crystal and their amplitudes: int32 [n, 3], float32 [n]."""
    structure = structure_of(name)
    hkl = gemmi.make_miller_array(structure.cell, structure.find_spacegroup(), dmin)
    return hkl, abs(direct_sum(structure, hkl)).astype(np.float32)


def mtz_of(name, hkl, columns):
    """An MTZ with columns {label: (type, numbers)}; NaN is a missing number."""
    structure = structure_of(name)
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = structure.find_spacegroup()
    mtz.set_cell_for_all(structure.cell)
    mtz.add_dataset("made-up")
    for label, (kind, _) in columns.items():
        mtz.add_column(label, kind)
    data = np.column_stack([hkl, *(numbers for _, numbers in columns.values())])
    mtz.set_data(np.ascontiguousarray(data, np.float32))
    return mtz


def cif_of(name, hkl, columns):
    """The same as the text of an mmCIF reflection file; columns {tag: numbers}."""
    structure = structure_of(name)
    cell = structure.cell.parameters
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = ["data_rmadeupsf", *(f"_cell.{tag} {value}" for tag, value in zip(tags, cell, strict=True))]
    lines += [f"_symmetry.space_group_name_H-M '{structure.spacegroup_hm}'", "loop_"]
    lines += [f"_refln.{tag}" for tag in ("index_h", "index_k", "index_l", *columns)]
    for row in zip(np.asarray(hkl).tolist(), *(list(numbers) for numbers in columns.values()), strict=True):
        lines.append(" ".join([*map(str, row[0]), *("?" if np.isnan(x) else repr(float(x)) for x in row[1:])]))
    return "\n".join(lines) + "\n"


def as_dict(hkl, F):
    """Index -> amplitude."""
    made = dict(zip(map(tuple, np.asarray(hkl).tolist()), np.asarray(F).tolist(), strict=True))
    assert len(made) == len(F)
    return made
