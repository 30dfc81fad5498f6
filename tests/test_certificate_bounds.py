"""The bounds of the certificate, derived once more: roundings counted, an adversary's sums, and arbitrary precision."""

from __future__ import annotations

import math
from typing import NamedTuple

import mpmath
import numpy as np
import pytest

from nbport.kernels import elementary, geometry, rows
from nbport.kernels import scalar as scalars
from tests.scenes import ROW, F, certificate, scene_of

mpmath.mp.prec = 200
U = 2.0**-53
ROUNDING = 1 / (1 - mpmath.mpf(U))  # a rounded number is within this factor of the true one, either way
LIBM = 1 + 2 * mpmath.mpf(U)  # 1 ulp
SLACK = 110 * U  # what the certificate may have more than was counted here

RNG = np.random.default_rng(8)


# -- roundings, counted


class Pair(NamedTuple):
    """A number that two kernels have: how far apart they may be, as a factor, and whether they have the same bits."""

    apart: mpmath.mpf = mpmath.mpf(1)
    same: bool = True

    def __mul__(self, other: Pair) -> Pair:
        if self.same and other.same:
            return self
        return Pair(self.apart * other.apart * ROUNDING**2, False)

    __truediv__ = __mul__

    def __add__(self, other: Pair) -> Pair:
        """Of two numbers that are not negative."""
        if self.same and other.same:
            return self
        return Pair(max(self.apart, other.apart) * ROUNDING**2, False)


EXACT = Pair()
# not the same bits, but within a bound that is carried for each pixel and not counted here
CARRIED = Pair(mpmath.mpf(1), False)


def square_lattice() -> Pair:
    """Product of three quotients of two sines, from 1."""
    sine = Pair(LIBM * (1 + mpmath.mpf(elementary.SIN_ERROR)), False)
    return EXACT * (sine / sine) * (sine / sine) * (sine / sine)


def gaussian_lattice() -> Pair:
    """Volume times an exponential."""
    return EXACT * Pair(LIBM * (1 + mpmath.mpf(elementary.EXP_ERROR)), False)


def layers(options: str) -> int:
    """Of the sensor."""
    return 2 if SENSOR in options else 1


LATTICES = {
    "square": ("-N 9", square_lattice()),
    "gauss": ("-N 9 -gauss_xtal", gaussian_lattice()),
    "round": ("-N 9 -round_xtal", CARRIED),
    "top hat": ("-N 9 -tophat_spots", EXACT),
    "one cell": ("-N 1", EXACT),
}
SENSOR = "-detector_abs 300 -detector_thick 450 -detector_thicksteps 2"
WEIGHTS = {
    "": (),
    "-oversample_omega": ("omega",),
    "-oversample_polar": ("polar",),
    f"{SENSOR} -oversample_thick": ("capture",),
    f"{SENSOR} -oversample_thick -oversample_polar -oversample_omega": ("capture", "polar", "omega"),
}


def counted(lattice: Pair, additions: int, weights: tuple[str, ...], kahn: float) -> float:
    """How far apart the pixels of the kernels may be, without what is carried for each pixel; a relative error."""
    factors = {"capture": EXACT, "polar": CARRIED if kahn else EXACT, "omega": EXACT}
    if "capture" in weights:
        factors["capture"] = CARRIED
    total = EXACT
    for _ in range(additions):
        total = total + EXACT * EXACT * lattice * lattice
        for name in weights:
            total = total * factors[name]
    pixel = EXACT * total / EXACT
    for name in ("capture", "polar", "omega"):
        if name not in weights:
            pixel = pixel * factors[name]
    # the test itself: 1 - bound, and the product with it
    return 0.0 if pixel.same else float(pixel.apart * ROUNDING**2 - 1)


@pytest.mark.parametrize("kahn", ["0", "0.9"])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("steps", [1, 40])
@pytest.mark.parametrize("crystal", LATTICES)
def test_bound_of_a_pixel_is_what_the_roundings_amount_to(crystal, steps, weights, kahn):
    options, lattice = LATTICES[crystal]
    scene = scene_of(f"{ROW} {F} {options} -phi 1 -osc 1 -phisteps {steps} -polar {kahn} {weights}")
    if crystal == "gauss" and weights:
        assert "gaussian" in certificate.obstacle(scene)
        return
    assert certificate.obstacle(scene) is None
    additions = steps * layers(weights)
    needed = counted(lattice, additions, WEIGHTS[weights], float(kahn))
    bound = certificate.certify(scene).numbers.relative_error
    assert needed <= bound
    if not lattice.same or "capture" in weights or ("polar" in weights and float(kahn)):
        # sums with the same bits need no bound; where they are weighed they have one nevertheless
        assert bound <= needed + SLACK
    elif not weights:
        assert bound <= (SLACK if float(kahn) else 0.0)


@pytest.mark.parametrize(
    "more",
    [
        "-detector_abs 300 -detector_thick 450 -detector_thicksteps 4",
        "-oversample 2",
        "-mosaic 1 -mosaic_dom 4",
        "-hdivrange 5 -hdivsteps 2 -vdivsteps 2",
    ],
)
def test_every_kind_of_step_is_an_addition(more):
    one = certificate.certify(scene_of(f"{ROW} {F} -N 9 -round_xtal")).numbers.relative_error
    scene = scene_of(f"{ROW} {F} -N 9 -round_xtal {more}")
    assert certificate.certify(scene).numbers.relative_error - one == pytest.approx(2 * (4 - 1) * U)


# -- an adversary


def worst_sums(additions: int, weighed: int) -> float:
    """Two sums of terms that agree to within two ulps, chosen, as the factors are, to drive them apart; how far."""
    low = high = 1.0
    for _ in range(additions):
        # next to half-way between two doubles from 1 to 2, to either side
        term = (RNG.integers(1, 1000) + 0.5) * 2 * U
        low += np.nextafter(term, 0.0)
        high += np.nextafter(term, 1.0)
        for _ in range(weighed):
            # back to 1, where doubles are coarsest
            factors = RNG.uniform(1.0, 1.001, 300) / low
            lower, higher = low * factors, high * factors
            best = np.argmax((higher - lower) / lower)
            low, high = lower[best], higher[best]
    return float((high - low) / low)


@pytest.mark.parametrize("weights", ["", "-oversample_omega", list(WEIGHTS)[-1]])
def test_sums_driven_apart_reach_half_the_bound_and_never_exceed_it(weights):
    additions = 300
    phisteps = additions // layers(weights)
    # the ellipsoid's bound is made of roundings alone
    scene = scene_of(f"{ROW} {F} -N 9 -round_xtal -phi 1 -osc 1 -phisteps {phisteps} {weights}")
    bound = certificate.certify(scene).numbers.relative_error
    assert bound / 2 < worst_sums(additions, len(WEIGHTS[weights])) <= bound


# -- bounds that are carried for each pixel


def directions() -> np.ndarray:
    """Unit vectors, [3, CHUNK]: all over the sphere, and those next to the E vector, where the factor vanishes."""
    vectors = RNG.normal(size=(3, rows.CHUNK))
    vectors[:, ::4] = [[0.0], [1.0], [0.0]] + RNG.normal(size=(3, rows.CHUNK // 4)) * 0.02
    return vectors / np.sqrt((vectors * vectors).sum(axis=0))


def allowed_polarization(kahn: float) -> float:
    """How far apart two factors may be, from half-ulps of libm's and of the kernel's steps.

    The angle is at most pi: atan2 is off by an ulp of 4.4e-16, which counts twice in cos(2 psi), and cos by one of
    2.2e-16. The quotient of the certified kernel is off by four roundings of numbers up to 1. Then two products up to 1
    and a difference up to 2 are rounded, in either kernel.
    """
    cos2psi = 2 * 2.0**-51 + 2.0**-52 + 4 * U
    products_and_difference = 2 * U + 2 * U
    return (abs(kahn) * cos2psi + 2 * products_and_difference) / 2


@pytest.mark.parametrize("kahn", [1.0, -1.0, 0.9])
def test_polarization_is_within_its_bound_of_libm_and_of_the_truth(kahn):
    incident, E_in, B_in = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    w, allowed, worst = np.zeros(rows.SCRATCH), allowed_polarization(kahn), 0.0
    w[rows.ACTIVE : rows.ACTIVE + rows.CHUNK] = 1.0
    for _ in range(4):
        x, y, z = directions()
        for row, values in ((rows.D1, x), (rows.D2, y), (rows.D3, z), (rows.POLAR, np.zeros_like(x))):
            w[row : row + rows.CHUNK] = values
        geometry.polarizations(w, kahn, incident, E_in, B_in, True)
        for lane in range(rows.CHUNK):
            got, bound = w[rows.POLAR + lane], w[rows.POLAR_ERROR + lane]
            libm, axes, _ = scalars.polarization_factor(kahn, incident, (x[lane], y[lane], z[lane]), E_in)
            cosine, E_out, B_out = axes
            rest = mpmath.mpf(1.0 - cosine * cosine)
            cos2psi = mpmath.cos(2 * mpmath.atan2(B_out, E_out))
            true = (1 + mpmath.mpf(cosine * cosine) - kahn * cos2psi * rest) / 2
            error = float(max(abs(got - true), abs(libm - got)))
            assert error <= allowed <= bound * abs(got) <= 4 * allowed
            worst = max(worst, error)
    assert worst > allowed / 10


def test_absorption_is_within_its_bound_of_the_truth():
    scene = scene_of(f"{ROW} {F} {SENSOR}").geometry
    w, worst = np.zeros(rows.SCRATCH), 0.0
    for thickness, layer in ((1e-6, 0), (1e-6, 2), (450e-6, 0), (450e-6, 1), (5e-3, 0), (5e-3, 2)):
        g = scene._replace(detector_thickstep=thickness, odet_vector=(1.0, 0.0, 0.0))
        parallax = RNG.uniform(0.2, 1.0, rows.CHUNK)
        w[rows.D1 : rows.D1 + rows.CHUNK] = parallax
        geometry.fast_captures(w, g, layer, elementary.Polynomials())
        before, after = -layer * thickness * g.detector_mu, -(layer + 1) * thickness * g.detector_mu
        for lane in range(rows.CHUNK):
            got, bound = w[rows.CAPTURE + lane], w[rows.CAPTURE_ERROR + lane]
            z1, z2 = before / parallax[lane], after / parallax[lane]
            true, libm = mpmath.exp(z1) - mpmath.exp(z2), math.exp(z1) - math.exp(z2)
            error = float(max(abs(got - true), abs(got - libm)) / got)
            assert error <= bound
            # the exponentials' own bounds, and the ulp that libm's may be off
            one_by_one = (math.exp(z1) + math.exp(z2)) * (elementary.EXP_ERROR + 2 * U) / got
            assert one_by_one <= bound <= 1.1 * one_by_one
            worst = max(worst, error / bound)
    assert worst > 0.1
