"""Traces: equal to those of instrumented C programs, and to the images that they explain."""

import json
import os
import shutil
import zlib
from functools import cache

import numpy as np
import pytest

import nbport
from c_reference.cases import HERE, INPUTS, Case, load_cases, load_results
from nbport.api import _running
from nbport.oracle.cstyle import c_lines
from nbport.oracle.formats import read_json, read_npz, read_text, read_traces, text_lines, to_json, to_npz
from tests.support.oracle_runs import PHI, command

SEED_CASE = json.loads((HERE / "seed_case.json").read_text())
TRACES = json.loads((HERE / "traces.json").read_text())
load_results_once = cache(load_results)


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """A working folder with all input files."""
    for path in INPUTS.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def labels(text):
    """Values of each label in order, and the words of the lines of spindle steps."""
    values, phis = {}, []
    for line in text.splitlines():
        if line.startswith("TRACE_C_PHI "):
            phis.append(dict(word.split("=") for word in line.split()[1:]))
        else:
            prefix, label, *numbers = line.split()
            assert prefix == "TRACE_C:"
            values.setdefault(label, []).append(" ".join(numbers))
    return values, phis


# -- the C program's traces


def test_seed_case_is_reproduced_by_one_command(inputs, capsys):
    status, out, err = command(
        capsys, "trace", "--pixel", SEED_CASE["spixel"], SEED_CASE["fpixel"], "--style", "c", "--", *SEED_CASE["argv"]
    )
    assert status == 0, err
    values, phis = labels(out)
    expected = {k: [v if isinstance(v, str) else " ".join(v)] for k, v in SEED_CASE["trace"].items()}
    assert {label: values[label] for label in expected} == expected
    for row, found in zip(SEED_CASE["per_phi"], phis, strict=True):
        assert (int(found["phi_tic"]), float(found["phi_deg"])) == (row["phi_tic"], row["phi_deg"])
        for label in ("k_frac", "F_latt_b", "F_latt"):
            assert found[label] == row[label]


@pytest.mark.parametrize("name", TRACES)
def test_recorded_trace_is_equal_in_every_label(name, inputs):
    case = TRACES[name]
    [trace] = nbport.trace(case["argv"], (case["spixel"], case["fpixel"]))
    values, _ = labels("\n".join(c_lines(trace)))
    assert {label: values.get(label) for label in case["values"]} == case["values"]


# -- the images that are recorded


def recorded_steps():
    """Case, its step and the recorded result, of every run that ended well."""
    for group in ("quirk", "random"):
        for case in load_cases(HERE / f"{group}.jsonl"):
            for step in range(len(case.steps)):
                yield pytest.param(group, case, step, id=f"{case.id}-{step}" if step else case.id)


def pixels_of(image, case_id):
    """The brightest pixel, one that the name of the case decides, and the last one."""
    names = (int(np.nanargmax(image)) if np.isfinite(image).any() else 0, zlib.crc32(case_id.encode()), -1)
    return [divmod(i % image.size, image.shape[1]) for i in names]


def traced(options, pixels):
    """The float of each pixel, 0 where the run does not render it."""
    values = {}
    for pixel in pixels:
        try:
            [trace] = nbport.trace(options, pixel, limit=10**6)
            values[pixel] = trace["floatimage"][0]
        except nbport.InputError as error:
            assert "not rendered" in str(error)
            values[pixel] = 0.0
    return values


@pytest.mark.parametrize(("group", "case", "step"), list(recorded_steps()))
def test_traced_float_is_that_of_the_recorded_image(group, case, step, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = load_results_once(HERE / f"{group}.npz")[case.id]
    if results[step].exit != 0:
        pytest.skip("the reference wrote no image")
    for name in case.inputs:
        shutil.copyfile(INPUTS / name, name)
    if step and "Fdump.bin" in results[step - 1].files:
        (tmp_path / "Fdump.bin").write_bytes(results[step - 1].files["Fdump.bin"])
    with _running(case.steps[step], {}) as (_, run, _, _):
        p = run.parameters
    if min(p.spixels, p.fpixels) <= 0:
        pytest.skip("the image has no pixels")
    image = np.frombuffer(results[step].files[p.floatfile], "<f4").reshape(p.spixels, p.fpixels)
    values = traced(case.steps[step], pixels_of(image, case.id))
    got = {pixel: np.float32(value).tobytes() for pixel, value in values.items()}
    assert got == {pixel: image[pixel].tobytes() for pixel in values}


CARRIERS = (  # cases whose pixels depend on earlier ones in every way there is
    "interp_sticky", "interp_sticky_late", "interp_sticky_phi_mosaic", "phi_stale", "phi_stale_mask", "phi_stale_roi",
    "custom_polar_vector", "oversample_polar",
)  # fmt: skip


@pytest.mark.parametrize("case", [case for case in load_cases(HERE / "quirk.jsonl") if case.id in CARRIERS],
                         ids=lambda case: case.id)  # fmt: skip
def test_every_pixel_of_a_case_with_carried_state(case, inputs):
    with _running(case.steps[0], {}) as (_, run, _, _):
        shape = run.parameters.spixels, run.parameters.fpixels
    results = load_results_once(HERE / "quirk.npz")[case.id]
    image = np.frombuffer(results[0].files["floatimage.bin"], "<f4").reshape(shape)
    rendered = [tuple(pixel) for pixel in np.argwhere(image != 0.0).tolist()]
    assert len(rendered) >= 28
    expected = [float(image[pixel]) for pixel in rendered]
    traces = nbport.trace(case.steps[0], *rendered, limit=10**7)
    assert [trace["floatimage"][0] for trace in traces] == expected
    # and some of them alone, so that what lies before them is passed untraced
    some = slice(1, None, len(rendered) // 9)
    alone = [nbport.trace(case.steps[0], pixel, limit=10**7)[0]["floatimage"][0] for pixel in rendered[some]]
    assert alone == expected[some]


def test_mask_that_the_image_itself_continues(inputs):
    """Behind the end of its mask the reference takes the image for one (quirk: mask-overrun)."""
    options = "-mask mask.img -detpixels 40 -cell 50 51 52 90 90 90 -default_F 10 -N 5 -oversample 1".split()
    options += ["-roi", "0", "39", "3", "39"]  # rows of zeros, which then mask others
    image = nbport.render(options).image
    with _running(options, {}) as (_, run, _, _):
        assert run.live_mask.live < 27 * 40
    pixels = [(spixel, fpixel) for spixel in range(27, 40, 2) for fpixel in range(0, 40, 5)]
    assert {bool(image[pixel]) for pixel in pixels} == {True, False}
    assert traced(options, pixels) == {pixel: float(image[pixel]) for pixel in pixels}


# -- the state that earlier pixels leave behind


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["-phi", "1"],
        ["-phi", "-0.5", "-osc", "1", "-phistep", "0.5", "-phisteps", "2"],
        ["--fix", "phi0"],
        ["--fix", "phi0", "-phi", "-0.4"],
        ["-dmin", "2.5"],
        ["-dmin", "2.5", "-phi", "1", "-hdivrange", "30", "-hdivsteps", "3"],
        ["-polar", "0.9", "-oversample_polar", "-polar_vector", "7", "7", "8"],
        ["-nopolar", "-polar_vector", "7", "7", "8"],
        ["-osc", "0", "-phistep", "1"],
        ["-mosaic", "1", "-mosaic_domains", "3", "-oversample", "2", "-roi", "2", "9", "3", "12"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("pixel", [(0, 0), (3, 4), (8, 9)])
def test_state_is_that_of_a_run_which_renders_every_pixel_before(more, pixel):
    from nbport.kernels.reference import CARRIED, initial_state
    from nbport.kernels.replay import pass_pixels
    from nbport.oracle.raster import Raster

    with _running([*PHI, *more], {}) as (_, run, _, _):
        raster = Raster(run)
    state, image = initial_state(run.scene), np.zeros(256, np.float32)
    pass_pixels(0, pixel[0] * 16 + pixel[1], run.scene, False, state, image)
    try:
        raster.advance(*pixel)
    except nbport.InputError:
        assert "-roi" in more
    assert raster.state[:CARRIED].tolist() == state[:CARRIED].tolist()


INTERPOLATED = [
    case
    for group in ("quirk", "random")
    for case in load_cases(HERE / f"{group}.jsonl")
    if len(case.steps) == 1 and any("interp" in name for name in (case.id, *case.steps[0]))
]
FAR = ["-hkl", "cube4.hkl", "-cell", "10", "11", "12", "80", "95", "100", "-N", "1", "-lambda", "1", "-detpixels", "30",
       "-pixel", "0.5", "-oversample", "1", "-misset", "10", "20", "30"]  # fmt: skip
FAR_CASES = [Case(f"at {distance}", "far", (), ((*FAR, "-distance", distance),)) for distance in ("60", "100", "200")]


@pytest.mark.parametrize("case", [*INTERPOLATED, *FAR_CASES], ids=lambda case: case.id)
def test_where_no_index_can_leave_the_table_interpolation_goes_on(case, inputs):
    from nbport.kernels.reference import INTERPOLATE, initial_state
    from nbport.kernels.replay import pass_pixels
    from nbport.oracle.raster import stays_inside

    try:
        with _running(case.steps[0], {}) as (_, run, _, _):
            g, inside = run.scene.geometry, stays_inside(run.scene)
    except (nbport.InputError, nbport.OptionError):
        pytest.skip("the run is refused")
    if case.group == "far":
        assert inside == (case.id != "at 60")
    if inside and run.scene.sampling.interpolate:
        state, pixels = initial_state(run.scene), g.fpixels * g.spixels
        pass_pixels(0, pixels, run.scene, False, state, np.zeros(pixels, np.float32))
        assert state[INTERPOLATE] == 1.0


def test_pixels_come_in_the_order_asked_for_and_do_not_depend_on_each_other(inputs):
    case = TRACES["tricubic"]
    pixels = [(20, 21), (0, 0), (20, 20), (20, 21)]
    together = nbport.trace(case["argv"], *pixels)
    assert [(trace.spixel, trace.fpixel) for trace in together] == pixels
    assert together == [nbport.trace(case["argv"], pixel)[0] for pixel in pixels]


def test_stale_vectors_are_those_of_the_last_spindle_step():
    first, second = nbport.trace(PHI, (0, 0), (0, 1))
    unturned = [value.numbers for value in first.values if value.name == "a0"]
    assert first["ap"][0].tolist() == list(unturned[0])
    assert second["ap"][0].tolist() == second["ap"][-1].tolist() == first["ap"][-1].tolist()


def test_sum_adds_up_to_the_float():
    [trace] = nbport.trace([*PHI, "-mosaic", "1", "-mosaic_domains", "3", "-oversample", "2"], (3, 4))
    total = 0.0
    for term in trace["term"].tolist():
        total = term + total
    assert trace["I"][-1] == trace["I_before_scaling"][0] == total
    assert np.float32(trace["I_pixel_final"][0]) == trace["floatimage"][0]
    assert len(trace["term"]) == 2 * 2 * 5 * 3


# -- what is refused


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pixel", "16", "0", "--", *PHI], "expected one from 0 0 to 15 15"),
        (["--pixel", "0", "-1", "--", *PHI], "expected one from 0 0 to 15 15"),
        (["--pixel", "1", "3", "--", *PHI, "-roi", "0", "15", "2", "9"], "pixel 1 3 (slow, fast): not rendered"),
        (["--pixel", "1", "3", "--limit", "4", "--", *PHI], "--limit: found 5 terms in 1 pixels, expected at most 4"),
        (
            ["--pixel", "1", "3", "--limit", str(10**15), "--", *PHI, "-oversample", "1000000"],
            "a trace of 5000000000000 terms: needs",
        ),
        (
            ["--pixel", "1", "3", "--limit", "9" * 40, "--", *PHI],
            "expected a whole number from 1 to 9223372036854775807",
        ),
        (["--pixel", "1", "3", "--", "-cell", "50"], "expected structure factors: -hkl FILE"),
        (["--pixel", "1", "3", "--", *PHI, "-mat", "no.mat", "-img", "A.mat"], "A.mat"),
        (["--pixel", "1", "3", "--npz", "a", "--out", "b", "--", *PHI], "--npz, --out: found both"),
        (["--pixel", "1", "3", "--out", "no/such/folder/b", "--", *PHI], "no/such/folder/b: cannot write"),
        (["--pixel", "1", "3", "--", *PHI, "--fix", "no"], "--fix: found 'no'"),
    ],
)
def test_unusable_input_is_one_line_and_exit_2(arguments, says, inputs, capsys):
    status, out, err = command(capsys, "trace", *arguments)
    lines = [line for line in err.splitlines() if not line.startswith("nanoBragg: compiling")]
    assert (status, out, len(lines)) == (2, "", 1)
    assert lines[0].startswith("nbport trace: error: ") and says in lines[0]


def test_unknown_option_is_a_warning(capsys):
    status, _, err = command(capsys, "trace", "--pixel", 1, 2, "--", *PHI, "-distanze", "5")
    assert status == 0
    assert "nbport trace: warning: -distanze is not an option and is ignored; did you mean -distance?" in err


def test_nothing_but_the_trace_is_written(inputs, capsys):
    before = sorted(os.listdir())
    case = TRACES["table"]
    assert command(capsys, "trace", "--pixel", 10, 11, "--out", "t.txt", "--", *case["argv"])[0] == 0
    assert sorted(os.listdir()) == sorted([*before, "t.txt"])


# -- formats


@pytest.fixture(scope="module")
def two_traces():
    more = ["-detector_thick", "300", "-detector_abs", "500", "-thicksteps", "2", "-mosaic", "1", "-mosaic_dom", "2"]
    return nbport.trace([*PHI, *more, "-dispersion", "2", "-dispsteps", "2"], (3, 4), (7, 0))


@pytest.mark.parametrize(
    "written, read",
    [
        (lambda traces: "\n".join(text_lines(traces)), lambda text: read_text(text, "t")),
        (to_json, lambda text: read_json(text, "t")),
        (to_npz, lambda data: read_npz(data, "t")),
    ],
    ids=["text", "json", "npz"],
)
def test_trace_is_read_as_it_was_written(two_traces, written, read):
    assert read(written(two_traces)) == two_traces


def test_numbers_that_are_not_finite_are_read_again():
    [trace] = nbport.trace([*PHI, "-fluence", "inf", "-dmin", "nan"], (3, 4))
    for read, written in ((read_text, "\n".join(text_lines([trace]))), (read_json, to_json([trace]))):
        [again] = read(written, "t")
        assert repr(again.values) == repr(trace.values)
        assert np.isinf(again["fluence"][0]) and np.isnan(again["dmin"][0])


def test_json_of_the_command_is_strict_json(capsys):
    status, out, _ = command(capsys, "trace", "--pixel", 3, 4, "--json", "--", *PHI, "-fluence", "inf")

    def refuse(constant):
        raise AssertionError(constant)

    assert status == 0
    document = json.loads(out, parse_constant=refuse)
    [pixel] = document["pixels"]
    assert [v["value"] for v in pixel["values"] if v["name"] == "fluence"] == ["inf"]
    assert document["units"]["pix0_vector"] == "m"


def test_archive_has_arrays_by_name(capsys, tmp_path):
    assert command(capsys, "trace", "--pixel", 3, 4, "--npz", tmp_path / "t.npz", "--", *PHI)[0] == 0
    [trace] = nbport.trace(PHI, (3, 4))
    with np.load(tmp_path / "t.npz") as archive:
        assert archive["3_4/F_latt"][:, 0].tolist() == trace["F_latt"].tolist()
        assert archive["3_4/bp"].shape == (5, 3)
        assert archive["3_4/F_latt.step"].tolist() == [[0, 0, 0, 0, tic, 0] for tic in range(5)]
    assert read_traces(tmp_path / "t.npz") == [trace]


def test_every_name_with_a_unit_is_traced(two_traces):
    from nbport.output.quantities import UNITS

    named = {name for names in UNITS.values() for name in names.split()}
    assert named - set(two_traces[0].names()) == set()


@pytest.mark.parametrize("text", ["F_latt 3\n", "pixel 1 2\nF_latt three\n", "pixel 1 2\nsubpixel 0\n", "", "# no\n"])
def test_text_that_is_no_trace_is_refused(text):
    with pytest.raises(nbport.InputError, match="^file:?"):
        read_text(text, "file")
