"""Passes over a chunk, from Miller indices on: exact ones equal the reference's scalar functions bit for bit."""

import math

import numpy as np
import pytest
from numba import njit

from nbport.kernels import bounds, interpolation, rows, scalar, terms
from tests.support.scenes import certificate, reference, scene_of
from tests.support.scratch import CELL, CHUNK, RNG, assert_same_bits, columns, row, scratch

compiled = njit(error_model="numpy")


def with_indices(w, low=-12.0, high=12.0):
    """Random Miller indices, some next to whole numbers and to half-integers, or no numbers."""
    for first in (rows.H, rows.K, rows.L):
        x = RNG.uniform(low, high, CHUNK)
        x[::6] = np.round(x[::6])
        x[1::6] = np.round(x[1::6]) + 0.5
        x[2::6] = np.nextafter(np.round(x[2::6]) + 0.5, RNG.choice((-1e9, 1e9), x[2::6].size))
        row(w, first)[:] = x
    return list(zip(*(row(w, first).tolist() for first in (rows.H, rows.K, rows.L)), strict=True))


def nearest(hkl):
    return tuple(int(math.ceil(x - 0.5)) for x in hkl)


@pytest.mark.parametrize("shape", ["square", "others"])
def test_miller_indices(shape):
    scene = scene_of(f"{CELL} -default_F 1 -N 7 -misset 10 20 30")
    w = scratch()
    q = RNG.normal(size=(CHUNK, 3)) * 1e10
    for axis, first in enumerate((rows.Q1, rows.Q2, rows.Q3)):
        row(w, first)[:] = q[:, axis]
    crystal = scene.crystal
    vectors = crystal.a0, crystal.b0, crystal.c0
    if shape == "square":
        terms.square(w, *vectors, crystal, certificate.Polynomials().sin_short)
    else:
        terms.indices(w, *vectors)
    expected = [[scalar.dot_product(v, tuple(x)) for v in vectors] for x in q.tolist()]
    assert_same_bits(columns(row(w, rows.H), row(w, rows.K), row(w, rows.L)), expected)


@pytest.mark.parametrize("shape", ["round_xtal", "gauss_xtal", "tophat_spots"])
def test_lattice_factors(shape):
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 4 -Nc 5 -{shape} -fudge 0.7").crystal
    poly = certificate.Polynomials()
    w = scratch()
    indices = with_indices(w)
    if shape == "round_xtal":
        terms.ellipsoid(w, crystal, poly)
    else:
        terms.radial(w, crystal)
        terms.gaussian(w, crystal, poly) if shape == "gauss_xtal" else terms.tophat(w, crystal)
    for i, hkl in enumerate(indices):
        expected = abs(reference.lattice_factor(crystal, *hkl, *nearest(hkl))[0])
        got = abs(w[rows.F_LATT + i])
        if shape == "tophat_spots":
            assert got == expected
        elif shape == "gauss_xtal":
            assert abs(got - expected) <= 4.1e-14 * expected or expected < 1e-290
        else:
            assert math.isnan(got) or abs(got - expected) <= w[rows.LATT_ERROR + i]


def test_parallelepiped_is_within_the_bound_of_six_sines():
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 40 -Nc 5").crystal
    w = scratch()
    for first in (rows.Q1, rows.Q2, rows.Q3):
        row(w, first)[:] = RNG.uniform(-9, 9, CHUNK)
    terms.square(w, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), crystal, certificate.Polynomials().sin_short)
    for i in range(CHUNK):
        hkl = w[rows.Q1 + i], w[rows.Q2 + i], w[rows.Q3 + i]
        expected = abs(reference.lattice_factor(crystal, *hkl, *nearest(hkl))[0])
        assert abs(abs(w[rows.F_LATT + i]) - expected) <= (6 * bounds.SIN_ERROR + 30 * 2.0**-53) * expected


@pytest.mark.parametrize("index", [0.0, 3.0, -2.0, 1e-12, 3.0 + 1e-11])
def test_parallelepiped_refuses_sines_of_next_to_nothing(index):
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 4 -Nc 5").crystal
    w = scratch()
    for first in (rows.Q1, rows.Q2, rows.Q3):
        row(w, first)[:] = RNG.uniform(0.1, 0.15, CHUNK)
    row(w, rows.Q2)[::2] = index
    terms.square(w, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), crystal, certificate.Polynomials().sin_short)
    assert np.isnan(row(w, rows.F_LATT)[::2]).all()
    assert not np.isnan(row(w, rows.F_LATT)[1::2]).any()


def grid_scene():
    scene = scene_of(f"{CELL} -hkl inputs/1orc_small.hkl -default_F 7")
    return scene, certificate.certify(scene)


def test_nearest_structure_factors():
    scene, (numbers, arrays) = grid_scene()
    w = scratch()
    with_indices(w, -7.0, 7.0)
    w[rows.H + 9], w[rows.K + 11], w[rows.L + 13] = 1e9, -1e9, 1e300
    indices = list(zip(*(row(w, first).tolist() for first in (rows.H, rows.K, rows.L)), strict=True))
    terms.nearest(w, numbers.table, arrays.bordered, np.empty(CHUNK, np.int32))
    state = reference.initial_state(scene)
    state[reference.INTERPOLATE] = 0.0
    expected = [
        reference.structure_factor(scene.fgrid, state, *hkl, *(scalar.c_int(np.ceil(x - 0.5)) for x in hkl))
        for hkl in indices
    ]
    assert_same_bits(row(w, rows.F_CELL), expected)
    assert 7.0 in expected and len(set(expected)) > 20


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_interpolated_structure_factors(spread):
    scene, (_, arrays) = grid_scene()
    f = scene.fgrid
    w = scratch()
    for first in (rows.H, rows.K, rows.L):
        row(w, first)[:] = RNG.uniform(-spread, spread, CHUNK) + RNG.uniform(0.0, 0.9, CHUNK)
    row(w, rows.H)[::11] = np.floor(row(w, rows.H)[::11])
    indices = list(zip(*(row(w, first).tolist() for first in (rows.H, rows.K, rows.L)), strict=True))
    assert not interpolation.out_of_range(w, f, CHUNK, False)
    interpolation.tricubic(w, f, arrays.grid, np.empty(CHUNK, np.int32))
    state = reference.initial_state(scene)
    state[reference.INTERPOLATE] = 1.0
    expected = [reference.structure_factor(f, state, *hkl, 0, 0, 0) for hkl in indices]
    assert state[reference.INTERPOLATE] == 1.0
    np.testing.assert_array_equal(row(w, rows.F_CELL), expected)


def test_a_neighbourhood_outside_the_grid_is_noticed_only_where_it_counts():
    scene, _ = grid_scene()
    f = scene.fgrid
    w = scratch()
    for i in range(CHUNK):
        for first in (rows.H, rows.K, rows.L):
            row(w, first)[:] = 0.5
        row(w, rows.ACTIVE)[:] = row(w, rows.F_LATT)[:] = 1.0
        for first, index in ((rows.H, f.h_min + 1.99), (rows.K, f.k_max - 1.5), (rows.L, f.l_min - 5.0)):
            assert not interpolation.out_of_range(w, f, CHUNK, True)
            w[first + i] = index
            assert reference.out_of_range(f, w[rows.H + i], w[rows.K + i], w[rows.L + i])
            assert interpolation.out_of_range(w, f, CHUNK, True)
            assert not interpolation.out_of_range(w, f, i, True)
            w[rows.F_LATT + i] = 0.0
            assert not interpolation.out_of_range(w, f, CHUNK, True) and interpolation.out_of_range(w, f, CHUNK, False)
            w[rows.F_LATT + i], w[rows.ACTIVE + i] = 1.0, 0.0
            assert not interpolation.out_of_range(w, f, CHUNK, False)
            w[rows.ACTIVE + i], w[first + i] = 1.0, 0.5


def test_terms_are_added_in_the_reference_s_order():
    w = scratch()
    F_cell, F_latt, I = (row(w, first).tolist() for first in (rows.F_CELL, rows.F_LATT, rows.SUM))
    terms.add_terms(w)
    assert_same_bits(row(w, rows.SUM), [i + c * c * l * l for c, l, i in zip(F_cell, F_latt, I, strict=True)])


@compiled
def weigh(w, factor, error, skip_zero):
    terms.weigh(w, factor, error, skip_zero)


@pytest.mark.parametrize("skip_zero", [False, True])
def test_running_sum_is_weighed_where_the_reference_gets_that_far(skip_zero):
    w = np.abs(scratch())
    row(w, rows.ACTIVE)[:] = np.arange(CHUNK) % 3 > 0
    row(w, rows.F_LATT)[::2] = 0.0
    before = w.copy()
    weigh(w, rows.OMEGA, rows.POLAR_ERROR, skip_zero)
    there = (row(w, rows.ACTIVE) != 0) & ~(skip_zero & (row(w, rows.F_LATT) == 0))
    for first in (rows.SUM, rows.SUM_ERROR):
        assert_same_bits(row(w, first), np.where(there, row(before, first) * row(w, rows.OMEGA), row(before, first)))
    grown = row(before, rows.RELATIVE) + row(w, rows.POLAR_ERROR)
    assert_same_bits(row(w, rows.RELATIVE), np.where(there, grown, row(before, rows.RELATIVE)))


@pytest.mark.parametrize("bound", [0.0, 1e-12, 1e-9, 1e-7, 1.0, math.inf, math.nan])
def test_a_pixel_is_certain_only_if_its_whole_interval_rounds_to_one_float(bound):
    w = scratch()
    value = np.exp(RNG.uniform(-110, 95, CHUNK))
    # half-way between two floats, float32 overflow and underflow, zero, and no number
    value[1::8] = value[1::8].clip(1e-30, 1e30).astype(np.float32) * (1 + 2.0**-24)
    value[2::8] = 2.0**-150 * (1 + RNG.normal(size=CHUNK // 8) * 1e-9)
    value[3::8] = 3.4028235677973366e38 * (1 + RNG.normal(size=CHUNK // 8) * 1e-9)
    value[4], value[12], value[20], value[28] = 0.0, math.nan, math.inf, 1e301
    row(w, rows.VALUE)[:] = value
    row(w, rows.BOUND)[:] = bound
    image = np.zeros(CHUNK + 20, np.float32)
    with np.errstate(all="ignore"):
        uncertain = terms.certify_lanes(w, image, 10, CHUNK)
        low, high = value * (1 - bound), value * (1 + bound)
        one_float = (low.astype(np.float32) == high.astype(np.float32)) & (np.abs(value) < 1e300)
        np.testing.assert_array_equal(image[10:-10], value.astype(np.float32))
    np.testing.assert_array_equal(row(w, rows.VALID), one_float)
    assert uncertain == np.count_nonzero(~one_float)
    assert (image[:10] == 0).all() and (image[-10:] == 0).all()


@pytest.mark.parametrize("lanes", [1, 3, 4, 255, 256])
def test_solid_angles_of_certain_pixels_are_added(lanes):
    w = np.abs(scratch())
    row(w, rows.VALID)[:] = np.arange(CHUNK) % 5 > 0
    expected = math.fsum((row(w, rows.OMEGA_SUM) * row(w, rows.VALID))[:lanes].tolist())
    assert terms.sum_omegas(w, lanes) == pytest.approx(expected, rel=1e-14)
