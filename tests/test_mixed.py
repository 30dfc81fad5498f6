"""Mixed precision, compiled for the CPU: every pixel within the bound that is promised."""

import functools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from c_reference.cases import HERE, load_cases, load_results, run_case
from c_reference.runners import InProcess
from nbport import render
from nbport.cli.nanobragg_command import main
from nbport.compilation.loading import compiled
from nbport.errors import OptionError
from nbport.gpu.choice import open_device
from nbport.options.device_names import DOUBLE, MIXED
from tests.scenes import (
    CELL,
    GRID,
    PIXEL,
    ROW,
    F,
    aimed_at,
    by_reference,
    drawn,
    drawn_thousands,
    drawn_times,
    offsets,
    run_rows,
    scene_of,
)

certificate = compiled("kernels.certificate")
mixed = compiled("gpu.mixed")
tiles = compiled("gpu.tiles")

load_results_once = functools.cache(load_results)


def by_mixed(scene):
    """The image, and how many pixels the reference kernel rendered."""

    def make_launcher(certificate, tables):
        return tiles.BodyOnCpu(certificate, tables, mixed=True)

    kernel = tiles.TiledKernel(scene, mixed.certify_mixed(scene), make_launcher, 1)
    pixels, _ = run_rows(kernel, scene, 1, False, lambda *_: None, in_order=True)
    return pixels.reshape(scene.geometry.spixels, scene.geometry.fpixels), kernel.recomputed


def largest_error(expected, got):
    """Relative to the expected pixels; what is zero, infinite or no number must be the same."""
    ordinary = np.isfinite(expected) & (expected != 0.0)
    assert expected[~ordinary].tobytes() == got[~ordinary].tobytes()
    exact = expected[ordinary].astype(np.float64)
    return float(np.abs((got[ordinary] - exact) / exact).max(initial=0.0))


def assert_within_the_bound(scene):
    expected = by_reference(scene).image
    got, _ = by_mixed(scene)
    assert largest_error(expected, got) <= mixed.BOUND
    return expected, got


def test_sine_in_float32_is_within_its_bound():
    rng = np.random.default_rng(1)
    r = np.concatenate([rng.uniform(-math.pi / 2, math.pi / 2, 20000), 10 ** rng.uniform(-9, 0, 5000), [math.pi / 2]])
    sines = np.array([mixed.sin_single(x, 0.0) for x in r])
    assert all(np.float32(sine) == sine for sine in sines)
    assert np.abs(sines / np.sin(r) - 1.0).max() < mixed.SIN_ERROR / 2


def test_bounds_add_up():
    assert mixed.TERM_ERROR < mixed.CERTAIN < mixed.BOUND
    # two doubles within CERTAIN, rounded to float32 in opposite directions
    apart = (mixed.CERTAIN + 2 * mixed.HALF_ULP) / (1 - mixed.CERTAIN - mixed.HALF_ULP)
    assert apart <= mixed.BOUND


@pytest.mark.parametrize(
    "value, bound, certain",
    [
        (1.0, 0.0, True),
        (1.0, mixed.CERTAIN, True),
        (1.0, mixed.CERTAIN * 1.000001, False),
        (1.0, math.nan, False),
        (0.0, 5e-6, True),
        (1e-38, 5e-6, False),
        (1e38, 5e-6, False),
        (math.inf, 5e-6, False),
        (math.nan, 5e-6, False),
    ],
)
def test_what_is_not_within_the_bound_for_certain_is_no_number(value, bound, certain):
    pixel = mixed.near_enough(value, bound)
    assert pixel == np.float32(value) if certain else math.isnan(pixel)


def float_images(case, results):
    """The float image of each step."""
    for argv, result in zip(case.steps, results, strict=True):
        names = [argv[i + 1] for i, token in enumerate(argv[:-1]) if token in ("-floatfile", "-floatimage")]
        yield np.frombuffer(result.files.get(names[-1] if names else "floatimage.bin", b""), "<f4")


def check_recorded(case):
    """Largest error, and how many pixels are not the recorded ones."""
    results = run_case(case, InProcess(main, prefix=("--device", "cpu-body", "--precision", "mixed")))
    expected = load_results_once(HERE / f"{case.group}.npz")[case.id]
    pairs = list(zip(float_images(case, expected), float_images(case, results), strict=True))
    errors = [largest_error(exact, got) for exact, got in pairs]
    assert max(errors) <= mixed.BOUND
    return sum(int((exact != got).sum()) for exact, got in pairs)


RANDOM = load_cases(HERE / "random.jsonl")


def test_recorded_cases_are_within_the_bound_and_not_all_exact():
    assert sum(map(check_recorded, RANDOM[:30])) > 500


@pytest.mark.slow
@pytest.mark.parametrize("case", [*load_cases(HERE / "quirk.jsonl"), *RANDOM[30:]], ids=lambda case: case.id)
def test_every_recorded_case_is_within_the_bound(case):
    check_recorded(case)


def check_drawn(data):
    scene = drawn(data)
    assume(certificate.obstacle(scene) is None and tiles.obstacle(scene) is None)
    assume(mixed.obstacle(certificate.certify(scene)) is None)
    assert_within_the_bound(scene)


@drawn_times(100)
@given(st.data())
def test_any_command_line_is_within_the_bound(data):
    check_drawn(data)


@pytest.mark.slow
@drawn_thousands
@given(st.data())
def test_thousands_of_command_lines_are_within_the_bound(data):
    check_drawn(data)


@pytest.mark.parametrize("N", [2, 7, 36, 1000, 100000])
def test_next_to_zeros_and_peaks_of_the_lattice_factor(N):
    scene = scene_of(f"{PIXEL} {GRID} -default_F 2 -N {N}")
    zeros = [(1 + (1 + x) / N, -2 / N * (1 + x), 0.3) for x in offsets(25)]
    peaks = [(1 + x, 2 - x, x) for x in offsets(25)]
    for hkl in zeros + peaks:
        assert_within_the_bound(aimed_at(scene, hkl))


def test_most_pixels_are_rendered_with_mixed_precision():
    scene = scene_of(f"{ROW} {F} -N 10")
    expected, got = assert_within_the_bound(scene)
    _, recomputed = by_mixed(scene)
    assert recomputed < got.size / 100
    assert (expected != got).sum() > got.size / 2


def arguments(shape):
    return [*CELL.split(), *F.split(), shape, "-N", "5", "-detpixels", "30", "-fluence", "1e24", "-seed", "1"]


@pytest.mark.parametrize("shape", ["-round_xtal", "-gauss_xtal", "-tophat_spots"])
def test_other_shapes_are_exact_and_say_so(shape):
    exact = render(arguments(shape))
    result = render(arguments(shape), device="cpu-body", precision="mixed")
    assert result.image.tobytes() == exact.image.tobytes()
    [warning] = [text for text in result.warnings if "precision" in text]
    assert warning.startswith("rendering with double and not with mixed precision: ")
    assert result.rendered.report.path == "cpu-body"


def test_report_says_that_precision_is_mixed():
    result = render(arguments("-square_xtal"), device="cpu-body", precision="mixed")
    assert result.rendered.report.path == "cpu-body with mixed precision"
    assert result.warnings == render(arguments("-square_xtal")).warnings


def test_precision_is_double_unless_asked_for():
    assert open_device("cpu-body", print).precision == DOUBLE
    assert open_device("cpu-body", print, MIXED).precision == MIXED


def test_mixed_precision_on_the_cpu_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--precision", "mixed", *arguments("-square_xtal")]) == 9
    assert "--precision mixed is for GPUs: found --device cpu, expected cuda" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_unknown_precision_is_refused():
    with pytest.raises(OptionError, match="--precision: found 'single', expected one of: double, mixed"):
        open_device("cpu-body", print, "single")
