"""Scenes for tests of the kernels: from command lines, hand-picked or drawn by hypothesis, rendered in this process."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from c_reference.cases import INPUTS
from nbport.compilation.loading import compiled
from nbport.errors import InputError, OptionError
from nbport.options.scan import split_own
from nbport.prepare import read_options, set_up
from nbport.run import Run, Timing

simulation = compiled("rendering.image")
certificate = compiled("kernels.certificate")
certified = compiled("kernels.certified")
reference = compiled("kernels.reference")
scalar = compiled("kernels.scalar")
run_rows = compiled("rendering.rows").run_rows


# pieces of command lines
CELL = "-cell 40 50 60 80 95 100 -lambda 1 -distance 100 -pixel 0.1 -oversample 1"
PIXEL = f"{CELL} -detpixels 1 -Xbeam 3 -Ybeam 2 -fluence 1e24 -phi 1 -osc 1"
ROW = f"{CELL} -detpixels_x 600 -detpixels_y 3 -misset 10 20 30 -fluence 1e24"
F = "-default_F 100"
GRID = "-hkl inputs/1orc_small.hkl"
RNG = np.random.default_rng(4)


def ignore(*_):
    """Stands for whatever is told of the run's progress."""


def run_of(argv: Sequence[str]) -> Run:
    """Set up a run; `inputs/NAME` is a file of the recorded cases, and no file is written."""
    argv = [str(INPUTS / token.removeprefix("inputs/")) if token.startswith("inputs/") else token for token in argv]
    if "-hkl" in argv:
        argv += ["-dumpfile", "/dev/null"]
    own, arguments = split_own(argv)
    return set_up(read_options(own, arguments, ignore, ignore), ignore, Timing())


def scene_of(line: str | Sequence[str]):
    """The scene of a command line."""
    return run_of(line.split() if isinstance(line, str) else line).scene


def aimed_at(scene, *hkls):
    """The scene with a spindle position for each triple of Miller indices, which its first pixel then has, nearly."""
    g, beam = scene.geometry, scene.beam
    Fdet = Sdet = g.subpixel_size / 2.0
    _, diffracted = scalar.unitize.py_func(reference.detector_position.py_func(g, Fdet, Sdet, 0.0))
    incident = np.array([-beam.source_X[0], -beam.source_Y[0], -beam.source_Z[0]])
    q = (np.array(diffracted) - incident) / beam.source_lambda[0]
    along = q / (q @ q)
    rotated = np.array([np.concatenate([along * index for index in hkl]) for hkl in hkls])
    crystal = scene.crystal._replace(rotated=rotated, turned=np.ones(len(hkls), np.int8))
    return scene._replace(crystal=crystal, sampling=scene.sampling._replace(steps=len(hkls)))


@dataclass
class Rendered:
    """What a kernel made of a scene."""

    image: np.ndarray  # float32 [spixels, fpixels]
    omega_sums: np.ndarray
    interpolating: bool  # still, at the end
    recomputed: int  # pixels that the certified kernel left to the reference kernel


def by_reference(scene, threads=1) -> Rendered:
    """Render with the loop of the reference."""
    return _rendered(scene, reference.render_rows, threads, np.zeros(1, np.int64))


def by_certified(scene, threads=1, **how) -> Rendered:
    """Render with the certified kernel; `how` goes to `certify`."""
    assert certificate.obstacle(scene) is None
    made = certificate.certify(scene, **how)
    recomputed = np.zeros(max(scene.geometry.spixels, 0), np.int64)

    def kernel(*arguments):
        certified.render_certified(*arguments, made, recomputed)

    return _rendered(scene, kernel, threads, recomputed)


def _rendered(scene, kernel, threads, recomputed):
    states = [reference.initial_state(scene)]

    def finished(first, last, state, printout):
        states.append(state)

    pixels, omega_sums = run_rows(kernel, scene, threads, False, finished)
    shape = max(scene.geometry.spixels, 0), max(scene.geometry.fpixels, 0)
    return Rendered(
        pixels.reshape(shape), omega_sums, bool(states[-1][reference.INTERPOLATE]), int(recomputed.sum())
    )  # fmt: skip


def differing(expected: Rendered, got: Rendered) -> list[tuple[int, int]]:
    """Pixels whose bits differ."""
    return list(zip(*np.nonzero(expected.image.view(np.uint32) != got.image.view(np.uint32)), strict=True))


def assert_equal(expected: Rendered, got: Rendered) -> None:
    """The same bits in the image; solid angles, which are only printed, are added in another order."""
    wrong = differing(expected, got)
    shown = [(pixel, expected.image[pixel], got.image[pixel]) for pixel in wrong[:5]]
    assert not wrong, f"{len(wrong)} of {expected.image.size} pixels differ, such as {shown}"
    assert expected.interpolating == got.interpolating
    np.testing.assert_allclose(got.omega_sums, expected.omega_sums, rtol=1e-12)


# -- command lines, drawn

WIDTHS = st.one_of(st.integers(1, 24), st.sampled_from((255, 256, 257, 300, 513)))
GRIDS = ("cube4.hkl", "1orc_small.hkl", "sparse.hkl", "neg.hkl", "sigma.hkl", "zero.hkl")


def number(low: float, high: float) -> st.SearchStrategy[str]:
    """Texts of numbers, round ones first."""
    return st.one_of(
        st.integers(int(low), int(high)).map(str), st.floats(low, high, allow_subnormal=False).map(lambda x: f"{x:.9g}")
    )


def option(name: str, *values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """An option with its values."""
    return st.tuples(st.just(name), *values).map(list)


def some(*choices: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """One of these, or nothing."""
    return st.one_of(st.just([]), *choices)


def flag(*names: str) -> st.SearchStrategy[list[str]]:
    """One of these options that take no value, or nothing."""
    return some(*(option(name) for name in names))


def count(name: str, most: int) -> st.SearchStrategy[list[str]]:
    """A number of steps."""
    return some(option(name, st.integers(1, most).map(str)))


ANGLE, SMALL_ANGLE = number(-90, 90), number(-20, 20)

PARTS = (
    option("-pixel", st.sampled_from(("0.1", "0.05", "0.172", "1", "5"))),
    st.one_of(
        option("-cell", *(number(20, 200),) * 3, *(number(60, 110),) * 3),
        option("-cell", *(st.sampled_from(("40", "50", "100")),) * 3),
        option("-mat", st.just("inputs/A.mat")),
    ),
    some(option("-misset", ANGLE, ANGLE, ANGLE)),
    st.one_of(
        option("-N", st.one_of(st.integers(1, 60).map(str), st.sampled_from(("1", "1000", "100000")))),
        st.tuples(*(option(f"-N{axis}", st.integers(1, 40).map(str)) for axis in "abc")).map(lambda all: sum(all, [])),
    ),
    flag("-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots"),
    some(option("-fudge", number(0, 3))),
    st.one_of(
        option("-default_F", st.one_of(number(0, 500), st.sampled_from(("1e-60", "1e60", "-3")))),
        option("-hkl", st.sampled_from(GRIDS).map("inputs/{}".format)),
        st.tuples(st.sampled_from(GRIDS), number(0, 100)).map(lambda v: ["-hkl", f"inputs/{v[0]}", "-default_F", v[1]]),
    ),
    flag("-interpolate", "-nointerpolate"),
    option("-lambda", st.one_of(st.just("1"), number(0.5, 6))),
    some(option("-fluence", st.sampled_from(("1", "1e12", "1e20", "1e28", "1e36", "1e-10")))),
    some(option("-polar", st.sampled_from(("0", "1", "-1", "0.95"))), option("-nopolar")),
    option("-distance", st.one_of(st.just("100"), number(5, 500))),
    some(*(option(name, number(-2, 30)) for name in ("-Xbeam", "-Ybeam", "-Xclose", "-ORGX"))),
    flag("-mosflm", "-xds", "-adxv", "-denzo", "-dials"),
    some(option("-twotheta", ANGLE)),
    some(option("-detector_rotx", SMALL_ANGLE), option("-detector_roty", SMALL_ANGLE)),
    flag("-curved_det"),
    flag("-point_pixel"),
    some(
        option("-detector_abs", number(10, 1000), st.just("-detector_thick"), number(10, 1000)),
        option("-detector_abs", number(1, 100), st.just("-detector_thick"), number(100, 5000)),
    ),
    count("-detector_thicksteps", 3),
    flag("-oversample_thick"),
    flag("-oversample_polar"),
    flag("-oversample_omega"),
    some(option("-phi", st.one_of(st.just("0"), number(-10, 10)))),
    some(option("-osc", number(0.001, 5))),
    count("-phisteps", 4),
    some(option("-hdivrange", number(0.1, 10)), option("-divergence", number(0.1, 10))),
    count("-hdivsteps", 2),
    count("-vdivsteps", 2),
    some(option("-dispersion", number(0.1, 5))),
    count("-dispsteps", 2),
    some(option("-mosaic", number(0.01, 3))),
    count("-mosaic_dom", 3),
    some(option("-dmin", number(1, 10))),
    some(option("-water", number(0, 50))),
    some(option("-roi", *(st.integers(0, 20).map(str),) * 4)),
    some(option("--fix", st.sampled_from(("phi0", "oversample", "upstream")))),
)


@st.composite
def command_lines(draw) -> list[str]:
    """Arguments of a run of few pixels and few steps, over all options that the pixel loop knows."""
    width = draw(WIDTHS)
    height = draw(st.integers(1, 3 if width > 24 else 12))
    argv = ["-detpixels_x", str(width), "-detpixels_y", str(height), "-oversample", draw(st.sampled_from("1112"))]
    for part in PARTS:
        argv += draw(part)
    return argv


@st.composite
def masks(draw, scene) -> np.ndarray:
    """A mask for a scene, or none."""
    size = scene.geometry.fpixels * scene.geometry.spixels
    if not draw(st.booleans()):
        return np.zeros(0, np.uint16)
    kept = np.random.default_rng(draw(st.integers(0, 99))).random(size) < draw(st.sampled_from((0.02, 0.5, 0.98)))
    return kept.astype(np.uint16)


def drawn(data):
    """A scene that can be set up."""
    try:
        with np.errstate(all="ignore"):
            scene = scene_of(data.draw(command_lines()))
    except (InputError, OptionError):
        assume(False)
    mask = data.draw(masks(scene))
    return scene._replace(geometry=scene.geometry._replace(mask=mask))


def offsets(n=60):
    """Zero, the least that doubles know, and everything up to a tenth."""
    return np.concatenate([[0.0], np.exp(RNG.uniform(math.log(1e-17), math.log(0.1), n)) * RNG.choice((-1, 1), n)])


def drawn_times(count: int) -> settings:
    """For tests that draw so many scenes."""
    return settings(max_examples=count, suppress_health_check=list(HealthCheck), deadline=None)


drawn_thousands = settings(drawn_times(int(os.environ.get("NBPORT_EXAMPLES", "5000"))), derandomize=False)
