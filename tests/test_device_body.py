"""The GPU's pixel loop, compiled for the CPU, gives the reference's bytes; so does what launches leave to the CPU."""

import functools
import hashlib
import json
import math

import numpy as np
import pytest

from c_reference.cases import HERE, load_cases, load_results, run_case
from c_reference.compare import compare_case
from c_reference.runners import InProcess
from nbport.cli.nanobragg_command import main
from nbport.compilation.loading import compiled

certificate = compiled("kernels.certificate")
tiles = compiled("gpu.tiles")

load_results_once = functools.cache(load_results)

#: Why the pixel loop of a recorded case stays on the CPU; any other reason is an error of ours.
REASONS = {
    "-printout shows every term",
    "a length or direction of the detector is beyond 1e-100 .. 1e20",
    "a curved detector needs the sines of libm",
    "a structure factor is not finite or beyond 1e-70 .. 1e70",
    "a wavelength is beyond 1e-100 .. 1e100 m",
    "default_F is not finite or beyond 1e70",
    "fluence or water is negative, not finite or beyond 1e200 photons/m^2",
    "no steps to add up",
    "oversample_* with a gaussian crystal",
    "oversample_thick without a sensor",
    "the grid is too small to interpolate",
    "the mask goes on in the image itself",
    "the polarization axis is not the same after normalization",
    "too many cells for the reduction of the sine",
}


def cases_of(*names):
    cases = [case for name in names for case in load_cases(HERE / f"{name}.jsonl")]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def case_named(case_id):
    return next(case for case in load_cases(HERE / "quirk.jsonl") if case.id == case_id)


def assert_recorded_outputs(case, recorded, *options):
    results = run_case(case, InProcess(main, prefix=("--device", "cpu-body", "--kernel-report", *options)))
    expected = load_results_once(HERE / f"{recorded}.npz")[case.id]
    differences = compare_case(expected, results, case.steps, case.id)
    assert not differences, "\n".join(map(str, differences))
    return [line for result in results for line in result.stderr.decode().splitlines()]


@cases_of("quirk", "random", "found")
def test_recorded_case_gives_the_recorded_outputs(case):
    for line in assert_recorded_outputs(case, case.group):
        if "rendering on the CPU and not on cpu-body: " in line:
            assert line.partition("cpu-body: ")[2] in REASONS


@cases_of("quirk")
def test_recorded_case_with_upstream_fixes_gives_the_fixed_outputs(case):
    assert_recorded_outputs(case, "quirk_fix_upstream", "--fix", "upstream")


def sha256_of_files(case, device):
    [result] = run_case(case, InProcess(main, prefix=("--device", device)))
    return {name: hashlib.sha256(content).hexdigest() for name, content in result.files.items()}


def recorded_sha256(case):
    return json.loads((HERE / "bench_sha256.json").read_text())[case.id]["sha256"]


@pytest.mark.slow
@cases_of("bench")
def test_large_case_gives_files_of_the_recorded_sha256(case):
    assert sha256_of_files(case, "cpu-body") == recorded_sha256(case)


INTERPOLATION_ENDS = [case for case in load_cases(HERE / "quirk.jsonl") if "interpol" in case.id]
FEW = [*INTERPOLATION_ENDS, *load_cases(HERE / "random.jsonl")[:12]]


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("case", FEW, ids=lambda case: case.id)
def test_size_of_launches_does_not_matter(case, size, monkeypatch):
    monkeypatch.setattr(tiles, "launch_size", lambda scene, columns: size)
    assert_recorded_outputs(case, case.group)


@pytest.mark.parametrize("terms", [1, 8])
@pytest.mark.parametrize(
    "case", [*FEW, *map(case_named, ("oversample_thick", "oversample_omega_last", "water", "nopolar"))],
    ids=lambda case: case.id,
)  # fmt: skip
def test_pixels_rendered_in_parts_are_the_same(case, terms, monkeypatch):
    monkeypatch.setattr(tiles, "TERMS_A_PART", terms)
    assert_recorded_outputs(case, case.group)


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.id)
def test_uncertain_pixels_are_the_reference_kernels(case, monkeypatch):
    certify = certificate.certify
    monkeypatch.setattr(certificate, "certify", lambda scene: certify(scene, slack=math.nan))
    monkeypatch.setattr(tiles, "SHARED", 8)
    lines = assert_recorded_outputs(case, case.group, "--threads", "3")
    reports = [line.split("kernel: cpu-body; ")[1] for line in lines if "kernel: cpu-body" in line]
    assert all(not report.startswith("0 of ") for report in reports)


def test_most_pixels_are_certain():
    lines = assert_recorded_outputs(load_cases(HERE / "random.jsonl")[0], "random")
    [report] = [line.split("kernel: cpu-body; ")[1] for line in lines if "kernel: cpu-body" in line]
    recomputed, pixels = (int(word) for word in report.split() if word.isdigit())
    assert recomputed < pixels / 100


def test_a_mask_counts_neither_pixels_nor_solid_angles():
    masked = [case for case in load_cases(HERE / "quirk.jsonl") if any("-mask" in step for step in case.steps)]
    assert masked
    for case in masked:
        assert_recorded_outputs(case, "quirk")


@pytest.mark.parametrize("terms", [1, 10**4, 10**9, 10**12])
@pytest.mark.parametrize("columns", [1, 100, 4096, 10**6])
def test_launches_are_whole_rows_where_they_fit(terms, columns, monkeypatch):
    monkeypatch.setattr(tiles, "terms_a_pixel", lambda scene: terms)
    size = tiles.launch_size(None, columns)
    assert 0 < size <= tiles.PIXELS_A_LAUNCH
    assert size < columns or size % columns == 0
    assert size * terms <= tiles.TERMS_A_LAUNCH or size <= tiles.LEAST_A_LAUNCH


def test_image_is_the_same_for_any_number_of_threads():
    case = load_cases(HERE / "random.jsonl")[3]
    images = [
        run_case(case, InProcess(main, prefix=("--device", "cpu-body", "--threads", str(threads))))[0].files
        for threads in (1, 5)
    ]
    assert np.array_equal(*[np.frombuffer(files["floatimage.bin"], "<f4") for files in images])
