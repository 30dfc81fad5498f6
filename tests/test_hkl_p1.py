"""Expansion to P1: symmetry, Friedel mates, absences, gaps; against sums over atoms and gemmi's own expansion."""

import gemmi
import numpy as np
import pytest

from nbport.errors import InputError
from nbport.reflections.p1 import expand, packed, shell_means, unpacked, whole_sphere
from tests.crystals import DMIN, NAMES, as_dict, direct_sum, mtz_of, structure_of, unique_F


def sphere_of(name, keep=slice(None), **options):
    structure = structure_of(name)
    hkl, F = unique_F(name)
    F = F.astype(float)
    return whole_sphere(hkl[keep], F[keep], structure.cell, structure.find_spacegroup(), DMIN, **options)


@pytest.mark.parametrize("name", NAMES)
def test_every_reflection_of_the_sphere_has_the_amplitude_of_the_sum_over_atoms(name):
    sphere = sphere_of(name)
    structure = structure_of(name)
    everything = gemmi.make_miller_array(structure.cell, gemmi.SpaceGroup("P 1"), DMIN, 0.0, False)
    assert set(map(tuple, sphere.hkl.tolist())) == set(map(tuple, everything.tolist()))
    assert (sphere.gaps, sphere.ambiguous) == (0, False)
    expected = abs(direct_sum(structure, sphere.hkl))
    # absences are 0 here and a rounding error in the sum
    np.testing.assert_allclose(sphere.F, expected, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_expansion_has_the_reflections_and_amplitudes_of_gemmis(name):
    hkl, F = unique_F(name)
    mtz = mtz_of(name, hkl, {"F": ("F", F)})
    got = as_dict(*expand(hkl, F.astype(float), mtz.spacegroup.operations())[:2])
    mtz.expand_to_p1()
    rows = as_dict(mtz.make_miller_array(), mtz.column_with_label("F").array)
    assert len(got) == 2 * len(rows)
    for (h, k, l), value in rows.items():
        assert got[h, k, l] == got[-h, -k, -l] == value


@pytest.mark.parametrize("name", NAMES)
def test_absences_are_rows_of_zero(name):
    operations = structure_of(name).find_spacegroup().operations()
    sphere = sphere_of(name)
    absent = operations.systematic_absences(sphere.hkl)
    assert absent.sum() > 3
    assert (sphere.F[absent] == 0.0).all() and (sphere.F[~absent] > 0.0).all()


def test_own_value_of_a_friedel_mate_is_kept_on_all_its_equivalents():
    operations = gemmi.SpaceGroup("P 21 21 21").operations()
    hkl, F, ambiguous = expand(np.array([[1, 2, 3], [-1, -2, -3]], np.int32), np.array([5.0, 7.0]), operations)
    got = as_dict(hkl, F)
    assert len(got) == 8 and not ambiguous
    assert got[1, 2, 3] == got[-1, -2, 3] == got[1, -2, -3] == 5.0
    assert got[-1, -2, -3] == got[1, 2, -3] == got[-1, 2, 3] == 7.0


def test_different_values_of_equivalents_are_noticed_and_the_first_counts():
    operations = gemmi.SpaceGroup("P 21 21 21").operations()
    hkl, F, ambiguous = expand(np.array([[1, 2, 3], [-1, -2, 3]], np.int32), np.array([5.0, 7.0]), operations)
    assert ambiguous
    assert set(F) == {5.0}


def test_gaps_stay_out_unless_they_are_filled():
    keep = np.arange(len(unique_F("trigonal")[0])) % 10 != 3
    whole, gappy = sphere_of("trigonal"), sphere_of("trigonal", keep)
    assert gappy.gaps == (~keep).sum() and gappy.unique == len(keep)
    there = as_dict(gappy.hkl, gappy.F)
    assert len(there) < len(whole.F)
    filled = sphere_of("trigonal", keep, fill=12.5)
    np.testing.assert_array_equal(filled.hkl, whole.hkl)
    for index, value in as_dict(filled.hkl, filled.F).items():
        assert value == there.get(index, 12.5)


def test_gaps_can_have_the_mean_of_their_shell():
    hkl, F = unique_F("trigonal")
    structure = structure_of("trigonal")
    keep = np.arange(len(hkl)) % 10 != 3
    present, filled = sphere_of("trigonal", keep), sphere_of("trigonal", keep, fill="shell")
    # absences, which are no part of the mean, are rows too
    there = present.F > 0.0
    limit = DMIN * (1.0 - 1e-6)
    edges = np.linspace(0.0, 1.0, 21)
    volume = (structure.cell.calculate_1_d2_array(present.hkl[there]) * limit**2) ** 1.5
    got = as_dict(filled.hkl, filled.F)
    for gap in hkl[~keep]:
        place = (1.0 / structure.cell.calculate_d(gap.tolist()) ** 2 * limit**2) ** 1.5
        i = min(np.searchsorted(edges, place, "right") - 1, 19)
        members = (volume >= edges[i]) & (volume < edges[i + 1] + (i == 19))
        assert got[tuple(gap.tolist())] == pytest.approx(present.F[there][members].mean(), rel=1e-12)


def test_shell_without_reflections_is_between_the_next():
    cell = gemmi.UnitCell(20, 20, 20, 90, 90, 90)
    hkl = np.array([[1, 0, 0], [10, 0, 0]], np.int32)
    [middle] = shell_means(hkl, np.array([10.0, 30.0]), np.array([[8, 0, 0]], np.int32), cell, 2.0)
    assert 10.0 < middle < 30.0


def test_resolution_limit_leaves_out_what_is_beyond():
    structure = structure_of("orthorhombic")
    hkl, F = unique_F("orthorhombic")
    sphere = whole_sphere(hkl, F.astype(float), structure.cell, structure.find_spacegroup(), 6.0)
    assert structure.cell.calculate_d_array(sphere.hkl).min() >= 6.0 - 1e-5
    assert 0 < len(sphere.F) < len(sphere_of("orthorhombic").F)


@pytest.mark.parametrize(
    ("lengths", "dmin", "said"),
    [((3e6, 2, 2), 2.0, "indices of less than 1048576"), ((1e5, 1e5, 1e5), 0.2, "needs .* of memory")],
)
def test_reflections_beyond_what_can_be_numbered_are_refused(lengths, dmin, said):
    cell = gemmi.UnitCell(*lengths, 90, 90, 90)
    with pytest.raises(InputError, match=f"cell .* up to .*: .*{said}"):
        whole_sphere(np.array([[1, 0, 0]], np.int32), np.ones(1), cell, gemmi.SpaceGroup("P 1"), dmin)


def test_packed_indices_keep_order_and_come_back():
    hkl = np.array(
        [
            [1 - 2**20, 2**20 - 1, 0],
            [-500, 3, -2],
            [-1, -1000, 5],
            [0, 0, -1],
            [0, 0, 0],
            [0, 1, -7],
            [700, -3, 2],
            [2**20 - 1, 1 - 2**20, 0],
        ],
        np.int32,
    )
    keys = packed(hkl)
    assert (np.diff(keys) > 0).all()
    np.testing.assert_array_equal(unpacked(keys), hkl)
