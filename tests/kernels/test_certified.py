"""The certified kernel gives the bytes of the reference kernel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.scenes import (
    CELL,
    GRID,
    PIXEL,
    ROW,
    F,
    aimed_at,
    assert_equal,
    by_certified,
    by_reference,
    certificate,
    differing,
    drawn,
    drawn_thousands,
    drawn_times,
    offsets,
    scene_of,
)

RNG = np.random.default_rng(4)


def check(data):
    scene = drawn(data)
    assume(certificate.obstacle(scene) is None)
    assert_equal(by_reference(scene), by_certified(scene, data.draw(st.sampled_from((1, 1, 3)))))


@drawn_times(400)
@given(st.data())
def test_any_command_line_gives_equal_bytes(data):
    check(data)


@pytest.mark.slow
@drawn_thousands
@given(st.data())
def test_thousands_of_command_lines_give_equal_bytes(data):
    check(data)


# -- hand-picked scenes

ROWS = {
    "one row": f"{ROW} {F} -N 10",
    "grid, default_F around it": f"{ROW} {GRID} -default_F 3 -N 10",
    "grid, nothing around it": f"{ROW} {GRID} -N 10",
    "interpolated to the end": f"{ROW} {GRID} -N 1 -interpolate -distance 2000",
    "interpolation ends within a chunk": f"{ROW} {GRID} -N 3 -interpolate -distance 150",
    "interpolation ends at once": f"{ROW} {GRID} -N 3 -interpolate -distance 10",
    "interpolated, unless F_latt is 0": f"{ROW} {GRID} -N 5 -tophat_spots -interpolate",
    "one cell": f"{ROW} {GRID} -N 1",
    "one cell along one axis": f"{ROW} {GRID} -Na 9 -Nb 1 -Nc 7",
    "many cells": f"{ROW} {GRID} -N 10000",
    "round": f"{ROW} {GRID} -N 10 -round_xtal",
    "gauss": f"{ROW} {GRID} -N 10 -gauss_xtal",
    "gauss, interpolated": f"{ROW} {GRID} -N 2 -gauss_xtal -interpolate -distance 300",
    "gauss, far spots": f"{ROW} {F} -N 100 -gauss_xtal",
    "gauss, growing": f"{ROW} {F} -N 2 -gauss_xtal -fudge -1",
    "round, no size": f"{ROW} {F} -N 5 -round_xtal -fudge 0",
    "top hat": f"{ROW} {GRID} -N 4 -tophat_spots",
    "stale phi": f"{ROW} {GRID} -N 10 -phi 0 -osc 1 -phisteps 3",
    "stale phi amid": f"{ROW} {GRID} -N 10 -phi -1 -osc 4 -phisteps 4",
    "stale phi only": f"{ROW} {GRID} -N 10 -phi 0 -phisteps 2",
    "stale phi corrected": f"{ROW} {GRID} -N 10 -phi 0 -osc 1 -phisteps 3 --fix phi0",
    "mosaic": f"{ROW} {GRID} -N 10 -mosaic 1 -mosaic_dom 5",
    "sources": f"{ROW} {GRID} -N 10 -hdivrange 5 -hdivsteps 3 -dispersion 2 -dispsteps 3",
    "polarized sources": f"{ROW} {GRID} -N 10 -hdivrange 5 -hdivsteps 3 -polar 0.9 -oversample_polar",
    "fully polarized": f"{ROW} {GRID} -N 10 -polar 1 -twotheta 88 -distance 20",
    "axis that never settles": f"{ROW} {GRID} -N 10 -polar 0.5 -polar_vector 0.3 0.2 0.9",
    "weighed sums": f"{ROW} {GRID} -N 10 -mosaic 1 -mosaic_dom 5 -oversample_omega -oversample_polar",
    "weighed sums, water": f"{ROW} {GRID} -N 10 -mosaic 1 -mosaic_dom 5 -oversample_omega -water 9",
    "weighed terms": f"{ROW} {GRID} -N 10 -mosaic 1 -mosaic_dom 5 -oversample_omega -oversample_polar --fix oversample",
    "weighed gauss, corrected": f"{ROW} {GRID} -N 10 -gauss_xtal -oversample_omega -oversample_polar --fix oversample",
    "layers": f"{ROW} {GRID} -N 10 -detector_abs 300 -detector_thick 450 -detector_thicksteps 3",
    "weighed layers": f"{ROW} {F} -N 9 -detector_abs 300 -detector_thick 450 -detector_thicksteps 3 -oversample_thick",
    "opaque": f"{ROW} {GRID} -N 10 -detector_abs 0.1 -detector_thick 9000 -detector_thicksteps 3",
    "opaque, weighed": f"{ROW} {GRID} -N 10 -detector_abs 0.1 -detector_thick 9000 -oversample_thick",
    "curved": f"{ROW} {GRID} -N 10 -curved_det -nopolar",
    "curved, tilted": f"{ROW} {GRID} -N 10 -curved_det -detector_rotx 5 -detector_rotz 7 -oversample 2",
    "behind the sample": f"{ROW} {GRID} -N 10 -twotheta 180",
    "dmin": f"{ROW} {GRID} -N 10 -dmin 6 -distance 50",
    "dmin, one cell": f"{ROW} {GRID} -N 1 -dmin 6 -distance 50",
    "dmin, weighed": f"{ROW} {GRID} -N 10 -dmin 6 -distance 50 -oversample_omega -oversample_polar -water 9",
    "water only": f"{ROW} -default_F 1e-60 -N 10 -water 9",
    "region": f"{ROW} {GRID} -N 10 -roi 77 401 1 1",
    "region outside": f"{ROW} {GRID} -N 10 -roi 700 800 0 2",
    "beam on a pixel": f"{ROW} {GRID} -N 10 -detpixels_x 301 -detpixels_y 3",
    "beam on a pixel, polarized": f"{ROW} {GRID} -N 10 -detpixels_x 301 -detpixels_y 3 -polar 0.9 -water 1",
    "beam on a pixel, round, weighed": f"{ROW} {F} -N 5 -round_xtal -detpixels_x 301 -oversample_omega",
    "no intensity": f"{ROW} {F} -N 10 -fluence 0",
    "negative intensity": f"{ROW} {F} -N 10 -fluence -1e24",
    "float32 overflows": f"{ROW} {F} -N 100 -fluence 1e60",
    "float32 underflows": f"{ROW} {F} -N 3 -fluence 1e-20",
    "double overflows": f"{ROW} -default_F 1e69 -N 10 -fluence 9e199",
    "double underflows": f"{ROW} -default_F 1e-69 -N 10 -fluence 1e-200",
}


@pytest.mark.parametrize("name", ROWS)
def test_hand_picked_scene_gives_equal_bytes(name):
    scene = scene_of(ROWS[name])
    assert_equal(by_reference(scene), by_certified(scene))


def test_most_pixels_are_certain():
    for name in ("one row", "grid, default_F around it", "mosaic", "sources", "layers", "curved", "gauss"):
        scene = scene_of(ROWS[name])
        assert by_certified(scene).recomputed < 10, name


@pytest.mark.parametrize("fluence", [f"{x:.6e}" for x in np.exp(RNG.uniform(math.log(1e-18), math.log(1e-10), 12))])
def test_subnormal_floats_are_equal(fluence):
    scene = scene_of(f"{ROW} {F} -N 2 -fluence {fluence}")
    expected = by_reference(scene)
    assert_equal(expected, by_certified(scene))


@pytest.mark.parametrize("width", [1, 2, 255, 256, 257, 511, 512, 513])
@pytest.mark.parametrize("threads", [1, 2])
def test_any_width_gives_equal_bytes(width, threads):
    scene = scene_of(f"{CELL} {GRID} -N 9 -detpixels_x {width} -detpixels_y 5 -phi 0 -osc 1 -phisteps 2")
    assert_equal(by_reference(scene), by_certified(scene, threads))


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_masked_pixels_stay_zero(kept):
    scene = scene_of(f"{ROW} {GRID} -N 9 -polar 0.9 -phi 0 -osc 1 -phisteps 2")
    mask = (RNG.random(600 * 3) < kept).astype(np.uint16)
    scene = scene._replace(geometry=scene.geometry._replace(mask=mask))
    got = by_certified(scene)
    assert_equal(by_reference(scene), got)
    assert not got.image.reshape(-1)[mask == 0].any()


def test_no_numbers_come_out_with_their_bits():
    scene = scene_of(f"{ROW} {F} -N 9 -mosaic 1 -mosaic_dom 3")
    for value in (math.nan, -math.nan, math.inf):
        umats = scene.crystal.mosaic_umats.copy()
        umats[1, 4] = value
        broken = scene._replace(crystal=scene.crystal._replace(mosaic_umats=umats))
        assert_equal(by_reference(broken), by_certified(broken))


# -- single terms: one pixel and one spindle position at chosen Miller indices


def check_terms(scene, hkls):
    for hkl in hkls:
        aimed = aimed_at(scene, hkl)
        expected, got = by_reference(aimed), by_certified(aimed)
        assert not differing(expected, got), (hkl, expected.image, got.image)


@pytest.mark.parametrize("shape", ["square_xtal", "round_xtal", "gauss_xtal", "tophat_spots"])
def test_next_to_half_integers(shape):
    scene = scene_of(f"{PIXEL} {GRID} -default_F 2 -N 5 -{shape}")
    check_terms(scene, [(n + 0.5 + x, 0.3, m + 0.5 - x) for x in offsets(25) for n in (0, 1, -2) for m in (0, 2)])


@pytest.mark.parametrize("shape", ["square_xtal", "round_xtal", "gauss_xtal", "tophat_spots"])
@pytest.mark.parametrize("N", [1, 2, 5, 1000])
def test_next_to_bragg_peaks(shape, N):
    scene = scene_of(f"{PIXEL} {GRID} -default_F 2 -N {N} -{shape}")
    check_terms(scene, [(1 + x, 2 + y, z) for x, y, z in zip(offsets(), offsets()[::-1], offsets(), strict=True)])


@pytest.mark.parametrize("N", [2, 7, 36, 100000])
def test_next_to_zeros_of_the_lattice_factor(N):
    scene = scene_of(f"{PIXEL} {GRID} -default_F 2 -N {N}")
    check_terms(scene, [(1 + (1 + x) / N, -2 / N * (1 + x), 0.3) for x in offsets()])


@pytest.mark.parametrize("h", [1.0, 30.0, 110.0])
def test_as_many_cells_as_are_allowed(h):
    scene = scene_of(f"{PIXEL} {F} -N 2")

    def of_cells(N):
        return scene._replace(crystal=scene.crystal._replace(Na=N, Nb=N, Nc=N))

    N = 2.0
    while certificate.obstacle(of_cells(math.ceil(1.01 * N))) is None:
        N = math.ceil(1.01 * N)
    scene = of_cells(float(N))
    check_terms(scene, [(h + x, h - x, 0.3 + x) for x in offsets()])


def test_interpolation_ends_at_gaussian_terms_that_vanish_but_are_not_zero():
    scene = scene_of(f"{PIXEL} {GRID} -N 14 -gauss_xtal -interpolate")
    outcomes = set()
    for x in np.linspace(0.02, 0.5, 500):
        aimed = aimed_at(scene, (scene.fgrid.h_max + x, 0.0, 0.0))
        expected = by_reference(aimed)
        assert_equal(expected, by_certified(aimed))
        outcomes.add(expected.interpolating)
    assert outcomes == {True, False}


def test_running_sum_at_the_centre_of_an_ellipsoid():
    """Where F_latt is exactly 0 the reference goes on before it weighs the running sum."""
    scene = scene_of(f"{PIXEL} {GRID} -N 20 -round_xtal -phisteps 2 -oversample_omega")
    f = scene.fgrid
    Fhkl = np.full_like(f.Fhkl, 100.0)
    Fhkl[-f.h_min, -f.k_min, -f.l_min] = 0.0
    scene = scene._replace(fgrid=f._replace(Fhkl=Fhkl))
    limit = 2.0**-26.5 / math.pi / 20  # up to here sin(x)/x - cos(x) is 0
    for k in range(-40, 40):
        aimed = aimed_at(scene, (1.3, 0.2, 0.1), (limit + k * math.ulp(limit), 0.0, 0.0))
        assert_equal(by_reference(aimed), by_certified(aimed))
