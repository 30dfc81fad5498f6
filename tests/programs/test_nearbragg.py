"""nearBragg's certified pixel loop: the same floats as the loop that is written like the C program's."""

import math

import mpmath
import numpy as np
import pytest

from nbport.compilation.loading import compiled
from nbport.kernels.scene import Geometry

certified = compiled("programs.nearbragg.certified")
loop = compiled("programs.nearbragg.pixels")
SIZE = 12


def geometry(oversample=1):
    pixel = 1e-3
    return Geometry(
        SIZE, SIZE, oversample, pixel, pixel / oversample, (0.0, 0.0, 1.0), (0.0, -1.0, 0.0), (0.0, 0.0, 0.0),
        (0.1, SIZE * pixel / 2, -SIZE * pixel / 2), (1.0, 0.0, 0.0), 0.1, 0.1, 0, 0, 0.0, 0.0, 1, 0.0,
        0, SIZE, 0, SIZE, np.empty(0, np.uint16),
    )  # fmt: skip


def source(distance=10.0, far=0, coherent=0, oversample=1):
    position = np.array([(-distance, 0.0, 0.0), (-distance + 1e-7, 0.0, 0.0), (-distance, 1e-4, 0.0)])[
        : 1 if far else 3
    ]
    wavelengths = np.array([1e-10, 1.01e-10])
    directions = len(position)
    steps = directions * 2 * oversample**2
    return loop.Source(directions, 1, position, far, wavelengths, coherent, 1.25932015286227e29, steps)


def atoms(number=50, B=20.0):
    rng = np.random.default_rng(5)
    place = rng.uniform(-20e-10, 20e-10, (number, 3))
    rest = [rng.uniform(1, 20, number), np.where(rng.random(number) < 0.5, B, 0.0), rng.uniform(-3, 3, number)]
    return np.column_stack([place, *rest])


def blank_images():
    return loop.Images(*(np.zeros(SIZE * SIZE, np.float32) for _ in range(3)), np.zeros(SIZE))


def rendered(g, s, a):
    """Image of the loop like the C program's."""
    images = blank_images()
    loop.render_rows(0, SIZE, g, s, a, images, np.empty((1, 0)), np.empty((1, 0, 0)))
    return images


def rendered_certified(g, s, a):
    """The same by vectors, and how many pixels were rendered again."""
    images = blank_images()
    tables = certified.tables_of(g, s, a)
    scratch = np.empty(certified.SUMS * certified.LANES)
    again = certified.render_certified(0, SIZE, g, s, a, tables, images, scratch, np.empty((1, 1, 0)))
    return images, again


@pytest.mark.parametrize("far", [0, 1])
@pytest.mark.parametrize("B", [0.0, 20.0])
@pytest.mark.parametrize("number", [1, 32, 50])
@pytest.mark.parametrize("oversample", [1, 2])
def test_certified_image_is_that_of_the_plain_loop(far, B, number, oversample):
    g, s, a = geometry(oversample), source(far=far, oversample=oversample), atoms(number, B)
    images, again = rendered_certified(g, s, a)
    expected = rendered(g, s, a)
    assert expected.floats.max() > 0.0
    assert images.floats.tobytes() == expected.floats.tobytes()
    assert images.omega_sums == pytest.approx(expected.omega_sums, rel=1e-13)  # of which only bounds are used
    assert again < SIZE * SIZE // 4


def test_pixels_that_cannot_be_proved_are_rendered_again():
    weightless = atoms()
    weightless[:, 3] = 0.0
    images, again = rendered_certified(geometry(), source(), weightless)
    assert again == SIZE * SIZE
    assert not images.floats.any()


def test_temperature_factors_beyond_the_polynomial_are_rendered_again():
    cold = atoms(B=1e7)
    images, again = rendered_certified(geometry(), source(), cold)
    assert again > 0
    assert images.floats.tobytes() == rendered(geometry(), source(), cold).floats.tobytes()


@pytest.mark.parametrize(
    "s, a",
    [
        (source(coherent=1), atoms()),
        (source(distance=1e6), atoms()),
        (source(), atoms()[:0]),
        (source(), atoms() * math.nan),
    ],
    ids=["coherent", "phases too long", "no atoms", "nan"],
)
def test_nothing_is_certified_that_cannot_be(s, a):
    assert certified.tables_of(geometry(), s, a) is None


@pytest.mark.parametrize("largest", [1.0, 1e6, 1e9, certified.LONGEST_PHASE])
def test_long_phases_are_reduced_with_all_digits(largest):
    rng = np.random.default_rng(3)
    with mpmath.workprec(200):
        for y in rng.uniform(-largest, largest, 300).tolist():
            k = float(np.rint(y / math.pi))
            exact = mpmath.mpf(y) - mpmath.mpf(k) * mpmath.pi
            assert abs(certified.long_reduced.py_func(y, k) - exact) < 3e-16


@pytest.mark.parametrize("B", [0.0, 20.0])
def test_bound_of_the_error_holds_for_both_parts_of_an_amplitude(B):
    g, s, a = geometry(), source(), atoms(B=B)
    tables, scratch = certified.tables_of(g, s, a), np.empty(certified.SUMS * certified.LANES)
    pixel = (0.1, 0.002, -0.003)
    Fa, Fb, bound = certified.amplitude(scratch, tables, 0, pixel, 1e-10)
    with mpmath.workprec(200):
        exact = [mpmath.mpf(0), mpmath.mpf(0)]
        for atom in a:
            phase, to_atom, to_pixel, weight = loop.wave.py_func(atom, pixel, s.position[0], 0, 1e-10)
            for part, function in enumerate((mpmath.cos, mpmath.sin)):
                exact[part] += mpmath.mpf(weight) * function(mpmath.mpf(phase)) / to_atom / to_pixel
        assert abs(Fa - exact[0]) < bound
        assert abs(Fb - exact[1]) < bound
    assert bound < 1e-10 * math.hypot(Fa, Fb)
