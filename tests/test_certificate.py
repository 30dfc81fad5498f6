"""The certificate: what it takes to be certain, what is left to the reference kernel, and other processors."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from c_reference.cases import HERE
from nbport.compilation.loading import compiled
from nbport.parameters import Shape
from tests.scenes import (
    GRID,
    ROW,
    F,
    assert_equal,
    by_certified,
    by_reference,
    certificate,
    certified,
    differing,
    ignore,
    run_rows,
    scene_of,
)

tiles = compiled("gpu.tiles")
ROOT = HERE.parent
BRIGHT = f"{ROW} {F} -N 9 -phi 0 -osc 1 -phisteps 3"


@pytest.mark.parametrize(
    "more", ["", "-round_xtal", "-gauss_xtal -N 2", "-tophat_spots -water 9", "-polar 0.9 -curved_det"]
)
def test_with_slack_every_pixel_is_rendered_again_and_equal(more):
    scene = scene_of(f"{BRIGHT} {more}")
    got = by_certified(scene, slack=1.0)
    expected = by_reference(scene)
    assert (expected.image > 0).all()
    assert got.recomputed == got.image.size
    assert_equal(expected, got)


def distorted(**changed):
    """The proved polynomials, some of them off by one part in 1e9."""
    polynomials = certificate.Polynomials()
    worse = {name: tuple(c * (1.0 + 1e-9) for c in getattr(polynomials, name)) for name in changed}
    return polynomials._replace(**worse)


@pytest.mark.parametrize(
    ("name", "more", "slack"),
    [
        # sin(r): at most 0.57e-9, six of them squared
        ("sin_short", "", 7e-9),
        # exp(r) for |r| < 0.35, squared
        ("exp", "-gauss_xtal -N 2", 1e-9),
        # e1 - e2 of a thin layer
        ("exp", "-oversample_thick -detector_abs 100 -detector_thick 300", 1e-8),
    ],
)
def test_worse_polynomials_need_a_wider_bound(name, more, slack):
    scene = scene_of(f"{BRIGHT} -detpixels_y 20 {more}")
    expected = by_reference(scene)
    worse = distorted(**{name: True})
    assert_equal(expected, by_certified(scene, polynomials=worse, slack=slack))
    # without, wrong bytes are certified: this test can fail
    assert differing(expected, by_certified(scene, polynomials=worse))


# -- what is left to the reference kernel

GRID_ROW = f"{ROW} {GRID} -N 9"


def with_parts(scene, **parts):
    """The scene with some fields of its parts changed."""
    return scene._replace(**{part: getattr(scene, part)._replace(**fields) for part, fields in parts.items()})


def with_F(scene, value):
    Fhkl = scene.fgrid.Fhkl.copy()
    Fhkl[3, 3, 3] = value
    return with_parts(scene, fgrid={"Fhkl": Fhkl})


def certified_with(scene, made):
    """How many pixels the certified kernel leaves to the reference kernel."""
    recomputed = np.zeros(scene.geometry.spixels, np.int64)

    def kernel(*arguments):
        certified.render_certified(*arguments, made, recomputed)

    run_rows(kernel, scene, 1, False, ignore)
    return int(recomputed.sum())


def on_device_with(scene, made):
    """How many pixels the GPU's pixel loop leaves to the reference kernel."""
    kernel = tiles.TiledKernel(scene, made, lambda c, t: tiles.BodyOnCpu(c, t, False), 1)
    run_rows(kernel, scene, 1, False, ignore, in_order=True)
    return kernel.recomputed


NOTHING = np.zeros(0)
OBSTACLES = {
    "no steps": (with_parts, {"sampling": {"steps": 0}}, "no steps"),
    "no phi steps": (with_parts, {"crystal": {"turned": np.zeros(0, np.int8)}}, "no steps"),
    "no sources": (with_parts, {"beam": {"source_X": NOTHING, "source_lambda": NOTHING}}, "no steps"),
    "wide sub-pixels": (with_parts, {"geometry": {"fpixels": 2**15 + 1, "oversample": 2**16}}, "beyond 32 bits"),
    "high sub-pixels": (with_parts, {"geometry": {"spixels": 2**31 - 1, "oversample": 2}}, "beyond 32 bits"),
    "endless fluence": (with_parts, {"beam": {"fluence": math.inf}}, "fluence"),
    "negative water": (with_parts, {"beam": {"I_bg": -1.0}}, "water"),
    "wavelength 0": (with_parts, {"beam": {"source_lambda": np.zeros(1)}}, "wavelength"),
    "wavelength nan": (with_parts, {"beam": {"source_lambda": np.array([math.nan])}}, "wavelength"),
    "tiny direction": (with_parts, {"geometry": {"fdet_vector": (1e-150, 0.0, 1.0)}}, "detector"),
    "far pixels": (with_parts, {"geometry": {"pix0_vector": (1e30, 0.0, 1.0)}}, "detector"),
    "pixels without size": (with_parts, {"geometry": {"subpixel_size": 0.0}}, "detector"),
    "no radius": (with_parts, {"geometry": {"distance": 0.0, "curved_detector": 1}}, "detector"),
    "no thickness": (with_parts, {"geometry": {"detector_thickstep": math.nan}}, "detector"),
    "default_F nan": (with_parts, {"fgrid": {"default_F": math.nan}}, "default_F"),
    "default_F too large": (with_parts, {"fgrid": {"default_F": 1e71}}, "default_F"),
    "empty grid": (with_parts, {"fgrid": {"k_range": 0}}, "grid"),
    # less than 2**30 places, but with a border more than 2**31
    "large grid": (with_parts, {"fgrid": {"h_range": 1, "k_range": 1, "l_range": 2**28 - 2}}, "grid"),
    "small grid": (with_parts, {"fgrid": {"k_range": 4}, "sampling": {"interpolate": 1}}, "interpolate"),
    "too many cells": (with_parts, {"crystal": {"Nb": 1e9}}, "too many cells"),
    "too large a cell": (with_parts, {"crystal": {"c0": (0.0, 0.0, 1.0)}}, "too many cells"),
    "no cell": (with_parts, {"crystal": {"a0": (math.nan,) * 3}}, "too many cells"),
    "polarization": (with_parts, {"beam": {"polarization": 1.1}, "sampling": {"oversample_polar": 1}}, "Kahn"),
    "behind": (with_parts, {"geometry": {"close_distance": -1.0}, "sampling": {"oversample_omega": 1}}, "behind"),
    "no sensor": (with_parts, {"sampling": {"oversample_thick": 1}}, "sensor"),
    "weighed gauss": (with_parts, {"crystal": {"xtal_shape": 2}, "sampling": {"oversample_omega": 1}}, "oversample_"),
    "F nan": (with_F, {"value": math.nan}, "structure factor"),
    "F too large": (with_F, {"value": -1e71}, "structure factor"),
    "crystal of a shape that no kernel knows": (with_parts, {"crystal": {"xtal_shape": 9}}, "shape 9"),
    "code of a certificate in a scene": (with_parts, {"crystal": {"xtal_shape": certificate.ONE_CELL}}, "shape"),
    "code that follows the last shape": (with_parts, {"crystal": {"xtal_shape": 4}}, "shape 4"),
    "cells nan": (with_parts, {"crystal": {"Nb": math.nan}}, "too many cells"),
    "fudge nan": (with_parts, {"crystal": {"xtal_shape": 1, "fudge": math.nan}}, "too many cells"),
    "F too small": (with_F, {"value": 1e-71}, "structure factor"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_obstacle_is_named(name):
    change, how, reason = OBSTACLES[name]
    scene = scene_of(GRID_ROW)
    assert certificate.obstacle(scene) is None
    assert reason in certificate.obstacle(change(scene, **how))


def test_every_shape_of_a_crystal_has_a_bound_and_no_other_has():
    assert set(certificate.SHAPES) == {shape.value for shape in Shape}
    assert set(certificate.LATTICE_ERROR) == {*certificate.SHAPES, certificate.ONE_CELL}
    scene = with_parts(scene_of(GRID_ROW), crystal={"xtal_shape": 9})
    with pytest.raises(KeyError):
        certificate.certify(scene)


@pytest.mark.parametrize("render", [certified_with, on_device_with])
def test_certificate_of_an_unknown_shape_certifies_no_pixel(render):
    scene = scene_of(f"{ROW} {F} -N 9 -detpixels_x 40 -detpixels_y 1")
    made = certificate.certify(scene)
    unknown = made._replace(numbers=made.numbers._replace(shape=9))
    assert render(scene, made) < 4  # rounding may leave some
    assert render(scene, unknown) == 40


def test_last_number_of_a_subpixel_that_32_bits_hold_is_no_obstacle():
    scene = scene_of(GRID_ROW)
    assert certificate.obstacle(with_parts(scene, geometry={"fpixels": 2**15, "oversample": 2**16})) is None


def test_fluence_that_makes_subnormal_sums_visible_is_an_obstacle():
    """A gaussian term that rounds to 5e-324 in one kernel and to 0 in the other, times 1e308 photons."""
    scene = scene_of(f"{ROW} {F} -N 9 -gauss_xtal -point_pixel -fluence 1e308")
    assert "fluence" in (certificate.obstacle(scene) or "")


@pytest.mark.parametrize("value", [0.0, -5.0, 1e-69, 1e69])
def test_structure_factors_that_are_no_obstacle(value):
    scene = with_F(scene_of(GRID_ROW), value)
    assert certificate.obstacle(scene) is None
    assert_equal(by_reference(scene), by_certified(scene))


# -- other processors

FEW = (
    "phi_stale_sources_mosaic interp_sticky shape_round_xtal shape_gauss_xtal oversample_all thick_steps curved_xds"
    " polar div_disp mosaic_big dmin_sources water hkl_neg_default noise_mid"
)


@pytest.mark.parametrize(
    ("cpu", "features"),
    [
        pytest.param("generic", "", id="no fused multiply-add"),
        pytest.param("haswell", "+avx2,+fma", id="no AVX-512", marks=pytest.mark.slow),
    ],
)
def test_other_processors_give_the_recorded_bytes(cpu, features, tmp_path):
    chosen = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    tests = ["tests/test_elementary.py", "tests/test_recorded_cases.py"]
    few = " or ".join(["elementary", *FEW.split()])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", few, *tests]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **chosen}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 50
