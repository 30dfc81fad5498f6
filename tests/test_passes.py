"""Passes over a chunk that are called exact equal the reference's scalar functions bit for bit."""

import math

import numpy as np
import pytest
from numba import njit

from nbport.kernels import passes as p
from nbport.kernels import scalar
from tests.scenes import certified, reference, scene_of

CHUNK = p.CHUNK
CELL = "-cell 40 50 60 80 95 100 -lambda 1.1 -distance 90 -pixel 0.13 -detpixels_x 700 -detpixels_y 500"
RNG = np.random.default_rng(8)

compiled = njit(error_model="numpy")


def scratch():
    w = RNG.normal(size=p.SCRATCH)
    w[p.LANE : p.LANE + CHUNK] = np.arange(CHUNK)
    return w


def row(w, first):
    return w[first : first + CHUNK]


def columns(*rows):
    return np.stack(rows, axis=1)


def assert_same_bits(got, expected):
    expected = np.asarray(expected)
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(np.int64), expected.view(np.int64))


def unit_vectors(w):
    """Random unit vectors as `diffracted`."""
    v = RNG.normal(size=(CHUNK, 3))
    v = [scalar.unitize(tuple(x))[1] for x in v.tolist()]
    for axis, first in enumerate((p.D1, p.D2, p.D3)):
        row(w, first)[:] = [x[axis] for x in v]
    return v


TILTED = "-twotheta 13 -detector_rotx 3 -detector_roty -7 -detector_rotz 11"
GEOMETRIES = {
    "flat": CELL,
    "tilted": f"{CELL} {TILTED}",
    "point pixels": f"{CELL} {TILTED} -point_pixel",
    "thick": f"{CELL} {TILTED} -detector_abs 200 -detector_thick 400 -detector_thicksteps 4",
    "sub-pixels": f"{CELL} {TILTED} -oversample 3",
    "curved": f"{CELL} -curved_det -oversample 2",
    "curved, tilted": f"{CELL} {TILTED} -curved_det -oversample 2 -xds",
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_positions_and_solid_angles(name):
    g = scene_of(f"{GEOMETRIES[name]} -default_F 1").geometry
    w = scratch()
    turns = np.full((1000 * g.oversample, 3), math.nan)
    for fpixel, spixel, subF, tic in ((0, 0, 0, 0), (256, 3, g.oversample - 1, 0), (444, 499, 0, 3), (444, 0, 0, 0)):
        Sdet = g.subpixel_size * (spixel * g.oversample) + g.subpixel_size / 2.0
        Odet = tic * g.detector_thickstep
        if g.curved_detector:
            p.curved_positions(w, turns, g, fpixel, subF, Sdet, Odet, True)
        else:
            p.positions(w, g, fpixel, subF, Sdet, Odet, True)
        expected = []
        for i in range(CHUNK):
            Fdet = g.subpixel_size * ((fpixel + i) * g.oversample + subF) + g.subpixel_size / 2.0
            airpath, d = scalar.unitize(reference.detector_position(g, Fdet, Sdet, Odet))
            expected.append((airpath, *d, reference.solid_angle(g, airpath)))
        assert_same_bits(columns(*(row(w, r) for r in (p.VALUE, p.D1, p.D2, p.D3, p.OMEGA))), expected)


def test_captures_are_made_where_they_are_zero():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    diffracted = unit_vectors(w)
    row(w, p.CAPTURE)[:] = np.where(np.arange(CHUNK) % 3, 0.0, 0.25)
    p.captures(w, g, 2)
    expected = [reference.captured(g, 2, d)[0] if i % 3 else 0.25 for i, d in enumerate(diffracted)]
    assert_same_bits(row(w, p.CAPTURE), expected)


def test_capture_of_nothing_is_tried_again():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    unit_vectors(w)
    row(w, p.CAPTURE)[:] = 0.0
    opaque = g._replace(detector_mu=1e9)
    assert p.captures(w, opaque, 2)
    assert not p.captures(w, g, 0)


def test_fast_captures_are_within_their_bound():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    diffracted = unit_vectors(w)
    p.fast_captures(w, g, 2, certified.Polynomials())
    refused = 0
    for i, d in enumerate(diffracted):
        expected, parallax = reference.captured(g, 2, d)
        got, bound = row(w, p.CAPTURE)[i], row(w, p.CAPTURE_ERROR)[i]
        if math.isnan(got):
            refused += 1
            assert parallax < 0.02
        else:
            assert abs(got - expected) <= bound * expected
    assert 0 < refused < CHUNK


@pytest.mark.parametrize("wavelength", [1e-10, 0.9768e-10, 6.2e-10, -1.3e-10])
@pytest.mark.parametrize("dmin", [0.0, 3e-10])
def test_scattering_vectors_and_resolution_limit(wavelength, dmin):
    w = scratch()
    diffracted = unit_vectors(w)
    incident = scalar.unitize((1.0, 0.01, -0.02))[1]
    diffracted[5] = incident
    for axis, first in enumerate((p.D1, p.D2, p.D3)):
        w[first + 5] = incident[axis]
    row(w, p.ACTIVE)[:] = 1.0
    p.scatterings(w, incident, wavelength, dmin)
    expected = [tuple((d[k] - incident[k]) / wavelength for k in range(3)) for d in diffracted]
    assert_same_bits(columns(row(w, p.Q1), row(w, p.Q2), row(w, p.Q3)), expected)
    stols = [0.5 * scalar.magnitude(q) for q in expected]
    skipped = [dmin > 0.0 and stol > 0.0 and dmin > 0.5 / stol for stol in stols]
    assert_same_bits(row(w, p.ACTIVE), [0.0 if skip else 1.0 for skip in skipped])


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("kahn", [0.0, 0.9, -1.0])
def test_polarization_factors(kahn, always):
    w = scratch()
    diffracted = unit_vectors(w)
    source, axis = (0.97, 0.02, 0.01), (0.01, 0.03, 1.1)
    # neither unit vectors, as of a second visit, nor due everywhere
    for first in (p.D1, p.D2, p.D3):
        row(w, first)[1::5] *= 1.0 + 2.0**-50
    diffracted = list(zip(*(row(w, first).tolist() for first in (p.D1, p.D2, p.D3)), strict=True))
    due = [(always or i % 4 == 0) and i % 9 != 0 for i in range(CHUNK)]
    row(w, p.POLAR)[:] = np.where(np.arange(CHUNK) % 4, 0.5, 0.0)
    row(w, p.ACTIVE)[:] = np.where(np.arange(CHUNK) % 9, 1.0, 0.0)
    before = row(w, p.POLAR).copy()
    _, incident = scalar.unitize(source)
    _, B_in = scalar.unitize(scalar.cross_product(scalar.unitize(axis)[1], incident))
    _, E_in = scalar.unitize(scalar.cross_product(incident, B_in))
    zeros = p.polarizations(w, kahn, incident, E_in, B_in, always)
    assert zeros == np.count_nonzero(row(w, p.POLAR) == 0.0)
    for i in range(CHUNK):
        polar, normalized = before[i], diffracted[i]
        if due[i]:
            polar, normalized, _ = scalar.polarization_factor(kahn, source, diffracted[i], axis)
            if kahn != 0.0:
                assert abs(w[p.POLAR + i] - polar) <= w[p.POLAR_ERROR + i] * abs(polar) + 1e-30
                polar = w[p.POLAR + i]
        assert (w[p.POLAR + i], w[p.D1 + i], w[p.D2 + i], w[p.D3 + i]) == (polar, *normalized)


def with_indices(w, low=-12.0, high=12.0):
    """Random Miller indices, some next to whole numbers and to half-integers, or no numbers."""
    for first in (p.H, p.K, p.L):
        x = RNG.uniform(low, high, CHUNK)
        x[::6] = np.round(x[::6])
        x[1::6] = np.round(x[1::6]) + 0.5
        x[2::6] = np.nextafter(np.round(x[2::6]) + 0.5, RNG.choice((-1e9, 1e9), x[2::6].size))
        row(w, first)[:] = x
    return list(zip(*(row(w, first).tolist() for first in (p.H, p.K, p.L)), strict=True))


def nearest(hkl):
    return tuple(int(math.ceil(x - 0.5)) for x in hkl)


@pytest.mark.parametrize("shape", ["square", "others"])
def test_miller_indices(shape):
    scene = scene_of(f"{CELL} -default_F 1 -N 7 -misset 10 20 30")
    w = scratch()
    q = RNG.normal(size=(CHUNK, 3)) * 1e10
    for axis, first in enumerate((p.Q1, p.Q2, p.Q3)):
        row(w, first)[:] = q[:, axis]
    crystal = scene.crystal
    vectors = crystal.a0, crystal.b0, crystal.c0
    if shape == "square":
        p.square(w, *vectors, crystal, certified.Polynomials().sin_short)
    else:
        p.indices(w, *vectors)
    expected = [[scalar.dot_product(v, tuple(x)) for v in vectors] for x in q.tolist()]
    assert_same_bits(columns(row(w, p.H), row(w, p.K), row(w, p.L)), expected)


@pytest.mark.parametrize("shape", ["round_xtal", "gauss_xtal", "tophat_spots"])
def test_lattice_factors(shape):
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 4 -Nc 5 -{shape} -fudge 0.7").crystal
    poly = certified.Polynomials()
    w = scratch()
    indices = with_indices(w)
    if shape == "round_xtal":
        p.ellipsoid(w, crystal, poly)
    else:
        p.radial(w, crystal)
        p.gaussian(w, crystal, poly) if shape == "gauss_xtal" else p.tophat(w, crystal)
    for i, hkl in enumerate(indices):
        expected = abs(reference.lattice_factor(crystal, *hkl, *nearest(hkl))[0])
        got = abs(w[p.F_LATT + i])
        if shape == "tophat_spots":
            assert got == expected
        elif shape == "gauss_xtal":
            assert abs(got - expected) <= 4.1e-14 * expected or expected < 1e-290
        else:
            assert math.isnan(got) or abs(got - expected) <= w[p.LATT_ERROR + i]


def test_parallelepiped_is_within_the_bound_of_six_sines():
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 40 -Nc 5").crystal
    w = scratch()
    for first in (p.Q1, p.Q2, p.Q3):
        row(w, first)[:] = RNG.uniform(-9, 9, CHUNK)
    p.square(w, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), crystal, certified.Polynomials().sin_short)
    for i in range(CHUNK):
        hkl = w[p.Q1 + i], w[p.Q2 + i], w[p.Q3 + i]
        expected = abs(reference.lattice_factor(crystal, *hkl, *nearest(hkl))[0])
        assert abs(abs(w[p.F_LATT + i]) - expected) <= (6 * certified.SIN_ERROR + 30 * 2.0**-53) * expected


@pytest.mark.parametrize("index", [0.0, 3.0, -2.0, 1e-12, 3.0 + 1e-11])
def test_parallelepiped_refuses_sines_of_next_to_nothing(index):
    crystal = scene_of(f"{CELL} -default_F 1 -Na 3 -Nb 4 -Nc 5").crystal
    w = scratch()
    for first in (p.Q1, p.Q2, p.Q3):
        row(w, first)[:] = RNG.uniform(0.1, 0.15, CHUNK)
    row(w, p.Q2)[::2] = index
    p.square(w, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), crystal, certified.Polynomials().sin_short)
    assert np.isnan(row(w, p.F_LATT)[::2]).all()
    assert not np.isnan(row(w, p.F_LATT)[1::2]).any()


def grid_scene():
    scene = scene_of(f"{CELL} -hkl inputs/1orc_small.hkl -default_F 7")
    return scene, certified.certify(scene)


def test_nearest_structure_factors():
    scene, (numbers, arrays) = grid_scene()
    w = scratch()
    with_indices(w, -7.0, 7.0)
    w[p.H + 9], w[p.K + 11], w[p.L + 13] = 1e9, -1e9, 1e300
    indices = list(zip(*(row(w, first).tolist() for first in (p.H, p.K, p.L)), strict=True))
    p.nearest(w, numbers.table, arrays.bordered, np.empty(CHUNK, np.int32))
    state = reference.initial_state(scene)
    state[reference.INTERPOLATE] = 0.0
    expected = [
        reference.structure_factor(scene.fgrid, state, *hkl, *(scalar.c_int(np.ceil(x - 0.5)) for x in hkl))
        for hkl in indices
    ]
    assert_same_bits(row(w, p.F_CELL), expected)
    assert 7.0 in expected and len(set(expected)) > 20


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_interpolated_structure_factors(spread):
    scene, (_, arrays) = grid_scene()
    f = scene.fgrid
    w = scratch()
    for first in (p.H, p.K, p.L):
        row(w, first)[:] = RNG.uniform(-spread, spread, CHUNK) + RNG.uniform(0.0, 0.9, CHUNK)
    row(w, p.H)[::11] = np.floor(row(w, p.H)[::11])
    indices = list(zip(*(row(w, first).tolist() for first in (p.H, p.K, p.L)), strict=True))
    assert not p.out_of_range(w, f, CHUNK, False)
    p.tricubic(w, f, arrays.grid, np.empty(CHUNK, np.int32))
    state = reference.initial_state(scene)
    state[reference.INTERPOLATE] = 1.0
    expected = [reference.structure_factor(f, state, *hkl, 0, 0, 0) for hkl in indices]
    assert state[reference.INTERPOLATE] == 1.0
    np.testing.assert_array_equal(row(w, p.F_CELL), expected)


def test_a_neighbourhood_outside_the_grid_is_noticed_only_where_it_counts():
    scene, _ = grid_scene()
    f = scene.fgrid
    w = scratch()
    for i in range(CHUNK):
        for first in (p.H, p.K, p.L):
            row(w, first)[:] = 0.5
        row(w, p.ACTIVE)[:] = row(w, p.F_LATT)[:] = 1.0
        for first, index in ((p.H, f.h_min + 1.99), (p.K, f.k_max - 1.5), (p.L, f.l_min - 5.0)):
            assert not p.out_of_range(w, f, CHUNK, True)
            w[first + i] = index
            assert reference.out_of_range(f, w[p.H + i], w[p.K + i], w[p.L + i])
            assert p.out_of_range(w, f, CHUNK, True)
            assert not p.out_of_range(w, f, i, True)
            w[p.F_LATT + i] = 0.0
            assert not p.out_of_range(w, f, CHUNK, True) and p.out_of_range(w, f, CHUNK, False)
            w[p.F_LATT + i], w[p.ACTIVE + i] = 1.0, 0.0
            assert not p.out_of_range(w, f, CHUNK, False)
            w[p.ACTIVE + i], w[first + i] = 1.0, 0.5


def test_terms_are_added_in_the_reference_s_order():
    w = scratch()
    F_cell, F_latt, I = (row(w, first).tolist() for first in (p.F_CELL, p.F_LATT, p.SUM))
    p.add_terms(w)
    assert_same_bits(row(w, p.SUM), [i + c * c * l * l for c, l, i in zip(F_cell, F_latt, I, strict=True)])


@compiled
def weigh(w, factor, error, skip_zero):
    p.weigh(w, factor, error, skip_zero)


@pytest.mark.parametrize("skip_zero", [False, True])
def test_running_sum_is_weighed_where_the_reference_gets_that_far(skip_zero):
    w = np.abs(scratch())
    row(w, p.ACTIVE)[:] = np.arange(CHUNK) % 3 > 0
    row(w, p.F_LATT)[::2] = 0.0
    before = w.copy()
    weigh(w, p.OMEGA, p.POLAR_ERROR, skip_zero)
    there = (row(w, p.ACTIVE) != 0) & ~(skip_zero & (row(w, p.F_LATT) == 0))
    for first in (p.SUM, p.SUM_ERROR):
        assert_same_bits(row(w, first), np.where(there, row(before, first) * row(w, p.OMEGA), row(before, first)))
    grown = row(before, p.RELATIVE) + row(w, p.POLAR_ERROR)
    assert_same_bits(row(w, p.RELATIVE), np.where(there, grown, row(before, p.RELATIVE)))


@pytest.mark.parametrize("bound", [0.0, 1e-12, 1e-9, 1e-7, 1.0, math.inf, math.nan])
def test_a_pixel_is_certain_only_if_its_whole_interval_rounds_to_one_float(bound):
    w = scratch()
    value = np.exp(RNG.uniform(-110, 95, CHUNK))
    # half-way between two floats, float32 overflow and underflow, zero, and no number
    value[1::8] = value[1::8].clip(1e-30, 1e30).astype(np.float32) * (1 + 2.0**-24)
    value[2::8] = 2.0**-150 * (1 + RNG.normal(size=CHUNK // 8) * 1e-9)
    value[3::8] = 3.4028235677973366e38 * (1 + RNG.normal(size=CHUNK // 8) * 1e-9)
    value[4], value[12], value[20], value[28] = 0.0, math.nan, math.inf, 1e301
    row(w, p.VALUE)[:] = value
    row(w, p.BOUND)[:] = bound
    image = np.zeros(CHUNK + 20, np.float32)
    with np.errstate(all="ignore"):
        uncertain = p.certify_lanes(w, image, 10, CHUNK)
        low, high = value * (1 - bound), value * (1 + bound)
        one_float = (low.astype(np.float32) == high.astype(np.float32)) & (np.abs(value) < 1e300)
        np.testing.assert_array_equal(image[10:-10], value.astype(np.float32))
    np.testing.assert_array_equal(row(w, p.VALID), one_float)
    assert uncertain == np.count_nonzero(~one_float)
    assert (image[:10] == 0).all() and (image[-10:] == 0).all()


@pytest.mark.parametrize("lanes", [1, 3, 4, 255, 256])
def test_solid_angles_of_certain_pixels_are_added(lanes):
    w = np.abs(scratch())
    row(w, p.VALID)[:] = np.arange(CHUNK) % 5 > 0
    expected = math.fsum((row(w, p.OMEGA_SUM) * row(w, p.VALID))[:lanes].tolist())
    assert p.sum_omegas(w, lanes) == pytest.approx(expected, rel=1e-14)
