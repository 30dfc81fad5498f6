"""Geometry for other programs: positions, resolution and rays agree with the simulation and with each other."""

import math

import numpy as np
import pytest

import nbport
from nbport.flat_detector import FlatDetector

OPTIONS = (
    "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -lambda 1.1 -distance 80 -detpixels_x 30 -detpixels_y 20 -pixel 1"
    " -detector_rotx 3 -detector_roty 4 -twotheta 15 -oversample 1 -seed 1"
).split()
FACING = FlatDetector.facing((200, 100), 1e-4, (5e-3, 1e-2), 0.1, (5e-3, 1e-2), 1e-10)


@pytest.fixture(scope="module")
def tilted():
    return FlatDetector.of(nbport.render(OPTIONS).run)


def test_positions_and_resolution_are_those_of_the_traced_pixels(tilted):
    for trace in nbport.trace(OPTIONS, (0, 0), (3, 17), (19, 29)):
        centre = trace.fpixel + 0.5, trace.spixel + 0.5
        np.testing.assert_allclose(tilted.positions(*centre), trace["pixel_pos"][0], rtol=1e-14)
        d = 1e10 / np.linalg.norm(trace["scattering"][0])
        assert tilted.resolution(*centre) == pytest.approx(d, rel=1e-12)


def test_rays_meet_the_detector_at_the_pixels_they_come_from(tilted):
    fast, slow = np.array([0.0, 3.25, 29.0]), np.array([0.0, 18.5, 7.0])
    np.testing.assert_allclose(tilted.where(7.0 * tilted.positions(fast, slow)), (fast, slow), atol=1e-10)


def test_rays_away_from_the_detector_never_meet_it(tilted):
    assert np.isnan(tilted.where(-tilted.positions(3.0, 4.0))).all()


def test_ring_has_its_resolution_everywhere(tilted):
    fast, slow = tilted.cone(3.0)
    np.testing.assert_allclose(tilted.resolution(fast, slow), 3.0, rtol=1e-12)


def test_detector_that_faces_the_beam_is_described_by_its_header():
    assert FACING.faces_the_beam and FACING.beam_centre == pytest.approx((50.0, 100.0))
    assert FACING.beam_distance == FACING.near_distance == pytest.approx(0.1)
    assert FACING.resolution(50.0, 100.0) == math.inf
    # tan(2 theta) = 0.1
    assert FACING.resolution(150.0, 100.0) == pytest.approx(0.5 / math.sin(math.atan(0.1) / 2))


def test_tilt_follows_from_the_beam_and_the_near_point():
    tilted = FlatDetector.facing((200, 100), 1e-4, (5e-3, 1e-2), 0.1, (8e-3, 1e-2), 1e-10)
    assert not tilted.faces_the_beam and tilted.beam_centre == pytest.approx((80.0, 100.0))
    assert tilted.beam_distance == pytest.approx(math.hypot(0.1, 3e-3))


def test_ring_beyond_the_plane_has_points_that_never_meet_it():
    fast, _ = FACING.cone(0.55)
    assert np.isnan(fast).all()
