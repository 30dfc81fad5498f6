"""Passes over a chunk, up to scattering vectors: exact ones equal the reference's scalar functions bit for bit."""

import math

import numpy as np
import pytest

from nbport.kernels import geometry, rows, scalar
from tests.support.scenes import certificate, reference, scene_of
from tests.support.scratch import CELL, CHUNK, assert_same_bits, columns, row, scratch, unit_vectors

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
    turns = np.full((3, g.oversample, 1000), math.nan)
    for fpixel, spixel, subF, tic in ((0, 0, 0, 0), (256, 3, g.oversample - 1, 0), (444, 499, 0, 3), (444, 0, 0, 0)):
        Sdet = g.subpixel_size * (spixel * g.oversample) + g.subpixel_size / 2.0
        Odet = tic * g.detector_thickstep
        if g.curved_detector:
            geometry.curved_positions(w, turns, g, fpixel, subF, Sdet, Odet, True)
        else:
            geometry.positions(w, g, fpixel, subF, Sdet, Odet, True)
        expected = []
        for i in range(CHUNK):
            Fdet = g.subpixel_size * ((fpixel + i) * g.oversample + subF) + g.subpixel_size / 2.0
            airpath, d = scalar.unitize(reference.detector_position(g, Fdet, Sdet, Odet))
            expected.append((airpath, *d, reference.solid_angle(g, airpath)))
        assert_same_bits(columns(*(row(w, r) for r in (rows.VALUE, rows.D1, rows.D2, rows.D3, rows.OMEGA))), expected)


def test_captures_are_made_where_they_are_zero():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    diffracted = unit_vectors(w)
    row(w, rows.CAPTURE)[:] = np.where(np.arange(CHUNK) % 3, 0.0, 0.25)
    geometry.captures(w, g, 2)
    expected = [reference.captured(g, 2, d)[0] if i % 3 else 0.25 for i, d in enumerate(diffracted)]
    assert_same_bits(row(w, rows.CAPTURE), expected)


def test_capture_of_nothing_is_tried_again():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    unit_vectors(w)
    row(w, rows.CAPTURE)[:] = 0.0
    opaque = g._replace(detector_mu=1e9)
    assert geometry.captures(w, opaque, 2)
    assert not geometry.captures(w, g, 0)


def test_fast_captures_are_within_their_bound():
    g = scene_of(f"{GEOMETRIES['thick']} -default_F 1").geometry
    w = scratch()
    diffracted = unit_vectors(w)
    geometry.fast_captures(w, g, 2, certificate.Polynomials())
    refused = 0
    for i, d in enumerate(diffracted):
        expected, parallax = reference.captured(g, 2, d)
        got, bound = row(w, rows.CAPTURE)[i], row(w, rows.CAPTURE_ERROR)[i]
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
    for axis, first in enumerate((rows.D1, rows.D2, rows.D3)):
        w[first + 5] = incident[axis]
    row(w, rows.ACTIVE)[:] = 1.0
    geometry.scatterings(w, incident, wavelength, dmin)
    expected = [tuple((d[k] - incident[k]) / wavelength for k in range(3)) for d in diffracted]
    assert_same_bits(columns(row(w, rows.Q1), row(w, rows.Q2), row(w, rows.Q3)), expected)
    stols = [0.5 * scalar.magnitude(q) for q in expected]
    skipped = [dmin > 0.0 and stol > 0.0 and dmin > 0.5 / stol for stol in stols]
    assert_same_bits(row(w, rows.ACTIVE), [0.0 if skip else 1.0 for skip in skipped])


@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("kahn", [0.0, 0.9, -1.0])
def test_polarization_factors(kahn, always):
    w = scratch()
    diffracted = unit_vectors(w)
    source, axis = (0.97, 0.02, 0.01), (0.01, 0.03, 1.1)
    # neither unit vectors, as of a second visit, nor due everywhere
    for first in (rows.D1, rows.D2, rows.D3):
        row(w, first)[1::5] *= 1.0 + 2.0**-50
    diffracted = list(zip(*(row(w, first).tolist() for first in (rows.D1, rows.D2, rows.D3)), strict=True))
    due = [(always or i % 4 == 0) and i % 9 != 0 for i in range(CHUNK)]
    row(w, rows.POLAR)[:] = np.where(np.arange(CHUNK) % 4, 0.5, 0.0)
    row(w, rows.ACTIVE)[:] = np.where(np.arange(CHUNK) % 9, 1.0, 0.0)
    before = row(w, rows.POLAR).copy()
    _, incident = scalar.unitize(source)
    _, B_in = scalar.unitize(scalar.cross_product(scalar.unitize(axis)[1], incident))
    _, E_in = scalar.unitize(scalar.cross_product(incident, B_in))
    zeros = geometry.polarizations(w, kahn, incident, E_in, B_in, always)
    assert zeros == np.count_nonzero(row(w, rows.POLAR) == 0.0)
    for i in range(CHUNK):
        polar, normalized = before[i], diffracted[i]
        if due[i]:
            polar, normalized, _ = scalar.polarization_factor(kahn, source, diffracted[i], axis)
            if kahn != 0.0:
                assert abs(w[rows.POLAR + i] - polar) <= w[rows.POLAR_ERROR + i] * abs(polar) + 1e-30
                polar = w[rows.POLAR + i]
        assert (w[rows.POLAR + i], w[rows.D1 + i], w[rows.D2 + i], w[rows.D3 + i]) == (polar, *normalized)
