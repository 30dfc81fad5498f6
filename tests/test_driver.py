"""Rows rendered ahead, in any number of threads, are those of the serial loop."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c_reference.cases import HERE, Case, load_cases, load_results, run_case
from c_reference.compare import compare_case
from c_reference.runners import InProcess
from nbport.cli.nanobragg_command import main
from nbport.kernels.reference import AP, INTERPOLATE, LOST, initial_state, render_rows
from nbport.options.scan import OwnOptions
from nbport.prepare import read_options, set_up
from nbport.rendering.rows import run_rows
from nbport.run import Timing

SMALL = (
    "-cell 50 60 70 80 95 100 -misset 10 20 30 -N 5 -lambda 1 -distance 50 -pixel 1 -detpixels 14 -seed 1 -oversample 1"
)
CASES = {
    "sticky interpolation": f"{SMALL} -hkl cube4.hkl -interpolate -N 1 -cell 10 10 10 -Xbeam 0 -Ybeam 0 -distance 100",
    "interpolation ends within a row": f"{SMALL} -hkl cube4.hkl -interpolate -N 1 -cell 10 10 10 -Xbeam 3 -Ybeam 9",
    "stale phi": f"{SMALL} -default_F 10 -phi 0 -osc 1 -phisteps 3",
    "stale phi in the middle": f"{SMALL} -default_F 10 -phi -1 -osc 3 -phistep 1 -phisteps 3 -oversample 2",
    "polarization axis of a 2-cycle": f"{SMALL} -default_F 10 -polar_vector 7 7 8 -polar 0.8",
    "first rows outside": f"{SMALL} -default_F 10 -phi 0 -osc 1 -roi 3 9 5 12",
    "first rows skipped": f"{SMALL} -default_F 10 -phi 0 -osc 1 -dmin 1.5",
    "everything weighed": f"{SMALL} -default_F 10 -oversample 2 -oversample_polar -oversample_omega -divergence 2",
    "layers": f"{SMALL} -default_F 10 -detector_abs 100 -detector_thick 200 -thicksteps 3 -oversample_thick",
    "a mask beyond its end": "-mask mask.img -pixel 1.1 -detpixels 16 -cell 90 -N 5 -default_F 9 -phi 0 -osc 2 -seed 1",
    "nothing but NaN": f"{SMALL} -default_F 10 -lambda nan",
}


def outcome(line, *own):
    argv = tuple(line.split())
    inputs = tuple(name for name in ("cube4.hkl", "mask.img") if name in argv)
    [result] = run_case(Case("case", "driver", inputs, (argv,)), InProcess(main, own))
    return result


@functools.cache
def serial(name):
    result = outcome(CASES[name], "--threads", "1", "--kernel", "reference")
    assert result.exit == 0, result.stderr
    return result


@pytest.mark.parametrize("kernel", ["reference", "certified"])
@pytest.mark.parametrize("threads", ["1", "2", "5"])
@pytest.mark.parametrize("name", CASES)
def test_threads_and_kernels_give_the_same_bytes(name, threads, kernel):
    result = outcome(CASES[name], "--threads", threads, "--kernel", kernel)
    assert result.exit == 0
    assert result.files == serial(name).files
    assert result.stdout == serial(name).stdout


@pytest.mark.parametrize("group", ["quirk", "random"])
def test_recorded_cases_do_not_depend_on_the_number_of_threads(group):
    expected = load_results(HERE / f"{group}.npz")
    for case in load_cases(HERE / f"{group}.jsonl")[::8]:
        got = run_case(case, InProcess(main, ("--threads", "5")))
        assert compare_case(expected[case.id], got, case.steps, case.id) == []


@functools.cache
def small_scene():
    options = "-cell 50 60 70 -default_F 10 -N 5 -detpixels 4 -phi 0 -osc 1 -dump /nonexistent".split()
    p = read_options(OwnOptions(), options, lambda *_: None, lambda _: None)
    return set_up(p, lambda *_: None, Timing()).scene


def scene_of_rows(rows):
    g = small_scene().geometry
    return small_scene()._replace(geometry=g._replace(spixels=rows, roi_ymax=rows))


def state_machine(events):
    """A kernel whose rows show the carried state, which some rows change."""

    def kernel(first, last, scene, state, image, omega_sums, printout):
        width = scene.geometry.fpixels
        for row in range(first, last):
            image[row * width : (row + 1) * width] = row + 1000 * state[AP] + 100 * state[INTERPOLATE]
            omega_sums[row] += row + state[AP]
            for i, value in events.get(row, {}).items():
                state[i] = value

    return kernel


@given(
    st.dictionaries(st.integers(0, 79), st.dictionaries(st.sampled_from((AP, INTERPOLATE, LOST)), st.integers(0, 3))),
    st.integers(0, 80),
    st.integers(2, 6),
)
def test_blocks_rendered_ahead_are_accepted_only_with_the_state_of_the_serial_loop(events, rows, threads):
    scene, kernel = scene_of_rows(rows), state_machine(events)
    state, states = initial_state(scene), []
    image, omega_sums = np.zeros(rows * scene.geometry.fpixels, np.float32), np.zeros(rows)
    for row in range(rows):
        kernel(row, row + 1, scene, state, image, omega_sums, None)
        states.append(state.copy())
    blocks = []

    def finished(first, last, state, printout):
        assert np.array_equal(state[: INTERPOLATE + 1], states[last - 1][: INTERPOLATE + 1])
        blocks.append((first, last))

    got_image, got_sums = run_rows(kernel, scene, threads, False, finished)
    assert np.array_equal(got_image, image)
    assert np.array_equal(got_sums, omega_sums)
    assert [row for first, last in blocks for row in range(first, last)] == list(range(rows))


def test_error_of_a_kernel_is_raised_and_nothing_waits():
    def kernel(first, *_):
        if first > 10:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_rows(kernel, scene_of_rows(40), 3, False, lambda *_: None)


@pytest.mark.parametrize("size", [(0, 5), (-3, 5), (-(2**31), 1024), (4, 0), (4, -7)])
@pytest.mark.parametrize("printing", [False, True])
def test_image_without_rows_or_columns_is_empty(size, printing):
    fpixels, spixels = size
    scene = small_scene()._replace(geometry=small_scene().geometry._replace(fpixels=fpixels, spixels=spixels))
    image, omega_sums = run_rows(render_rows, scene, 2, printing, lambda *_: None)
    assert image.size == 0
    assert omega_sums.sum() == 0


@pytest.mark.parametrize("option", ["-lambda nan", "-misset 0 0 inf", "-distance nan"])
@pytest.mark.parametrize("kernel", ["reference", "certified"])
def test_interpolation_at_no_numbers_is_an_error(option, kernel):
    argv = tuple(f"{SMALL} -hkl cube4.hkl -interpolate {option}".split())
    case = Case("case", "driver", ("cube4.hkl",), (argv,))
    [result] = run_case(case, InProcess(main, ("--kernel", kernel)))
    assert result.exit == 9
    message = result.stderr.decode().splitlines()[-1]
    assert message.startswith("nanoBragg: error: structure factors cannot be interpolated")
    assert list(result.files) == ["Fdump.bin"]
