"""Structure factors of models: the transform of the density against sums over atoms."""

import gemmi
import numpy as np
import pytest

from nbport.errors import InputError
from nbport.reflections.model import Solvent, calculate, read_model
from nbport.reflections.recognise import MODEL, PDB
from tests.crystals import DMIN, NAMES, direct_sum, path_of, structure_of

SELENIUM_EDGE = 0.9795  # Angstrom


def r_factor(F, expected):
    return np.abs(F - expected).sum() / expected.sum()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wavelength", [None, SELENIUM_EDGE])
def test_amplitudes_are_those_of_the_sum_over_atoms(name, wavelength):
    structure = structure_of(name)
    found = calculate(structure, DMIN, wavelength)
    expected = abs(direct_sum(structure, found.hkl, wavelength))
    # measured: 1e-6 to 6e-6, and 0.026 electrons at most
    assert r_factor(found.F, expected) < 2e-5
    assert np.abs(found.F - expected).max() < 0.05


def test_anomalous_scattering_separates_friedel_mates():
    structure = structure_of("trigonal")
    found = calculate(structure, DMIN, SELENIUM_EDGE)
    half = len(found.hkl) // 2
    np.testing.assert_array_equal(found.hkl[half:], -found.hkl[:half])
    difference = np.abs(found.F[half:] - found.F[:half])
    assert difference.max() > 5.0
    centric = structure.find_spacegroup().operations().centric_flag_array(found.hkl[:half])
    assert 3 < centric.sum() < half and difference[centric].max() < 0.05


def test_forward_scattering_is_the_number_of_electrons():
    structure = structure_of("trigonal")
    electrons = 6 * sum(site.atom.element.atomic_number for site in structure[0].all())
    assert calculate(structure, DMIN).F000 == pytest.approx(electrons, rel=1e-3)


def test_solvent_adds_its_density_outside_the_molecule_and_nothing_at_high_resolution():
    structure = structure_of("orthorhombic")
    vacuum = calculate(structure, 2.0)
    wet = calculate(structure, 2.0, None, Solvent(0.4, 46.0))
    mask = gemmi.FloatGrid()
    mask.setup_from(structure, spacing=0.5)
    gemmi.SolventMasker(gemmi.AtomicRadiiSet.Refmac).put_mask_on_float_grid(mask, structure[0])
    outside = np.array(mask).mean() * structure.cell.volume
    assert wet.F000 - vacuum.F000 == pytest.approx(0.4 * outside, rel=0.02)
    d = structure.cell.calculate_d_array(vacuum.hkl)
    change = np.abs(wet.F - vacuum.F)
    assert change[(d > 8.0) & (d < 100.0)].mean() > 50 * change[d < 2.1].mean()


def test_solvent_without_density_changes_nothing():
    structure = structure_of("orthorhombic")
    np.testing.assert_array_equal(calculate(structure, DMIN, None, Solvent(0.0, 46.0)).F, calculate(structure, DMIN).F)


def test_solvent_is_scaled_by_its_edge():
    structure = structure_of("orthorhombic")
    vacuum = calculate(structure, DMIN)
    inner = vacuum.hkl.any(axis=1)
    smooth, sharp = (calculate(structure, DMIN, None, Solvent(0.35, B)).F[inner] for B in (400.0, 0.0))
    assert np.abs(smooth - vacuum.F[inner]).sum() < 0.5 * np.abs(sharp - vacuum.F[inner]).sum()


def test_mmcif_and_pdb_of_a_model_give_the_same():
    structure = structure_of("trigonal")
    text = structure.make_mmcif_document().as_string().encode()
    one, _ = read_model("x.cif", text, MODEL)
    two, notes = read_model("x.pdb", path_of("trigonal").read_bytes(), PDB)
    np.testing.assert_array_equal(calculate(one, DMIN).F, calculate(two, DMIN).F)
    assert notes == ["atoms: 35 in the asymmetric unit"]


def test_first_of_several_models_is_taken_and_said():
    structure = structure_of("trigonal")
    structure.add_model(structure[0])
    structure.renumber_models()
    read, notes = read_model("x.pdb", structure.make_pdb_string().encode(), PDB)
    assert "model: the first of 2" in notes
    np.testing.assert_allclose(calculate(read, DMIN).F, calculate(structure_of("trigonal"), DMIN).F, atol=1e-3)


def test_strict_symmetry_of_the_molecule_is_applied():
    lines = path_of("trigonal").read_text().splitlines()
    shift = ["MTRIX1   2  1.000000  0.000000  0.000000       12.00000",
             "MTRIX2   2  0.000000  1.000000  0.000000        0.00000",
             "MTRIX3   2  0.000000  0.000000  1.000000        0.00000"]  # fmt: skip
    read, notes = read_model("x.pdb", "\n".join([*lines[:3], *shift, *lines[3:]]).encode(), PDB)
    assert "model: completed by its non-crystallographic symmetry" in notes
    assert calculate(read, DMIN).F000 == pytest.approx(2.0 * calculate(structure_of("trigonal"), DMIN).F000, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "".join(text.splitlines(True)[:3]), "no atoms"),
        (lambda text: text.replace("33.300   33.300   40.400", " 1.000    1.000    1.000"), "no unit cell"),
        (lambda text: text.replace("P 31 2 1 ", "P 31 2 9 "), "space group 'P 31 2 9'"),
    ],
)
def test_model_that_cannot_be_used_is_refused(change, says):
    with pytest.raises(InputError, match=says) as error:
        read_model("x.pdb", change(path_of("trigonal").read_text()).encode(), PDB)
    assert str(error.value).startswith("x.pdb: found") and "\n" not in str(error.value)
