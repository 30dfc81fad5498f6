"""`nbport bench --device`: what it counts, compares and reports, on stand-ins for a GPU."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from c_reference.cases import HERE
from nbport.cli.nbport_command import main
from nbport.compilation.loading import compiled
from tests.bench.test_cpu import OPTIONS, program

bench_gpu = compiled("bench.device")
mixed = compiled("gpu.mixed")

ROOT = HERE.parent


@pytest.fixture
def suite(tmp_path):
    cases = [("small", OPTIONS), ("curved", ["-curved_det", *OPTIONS])]
    path = tmp_path / "suite.jsonl"
    lines = [json.dumps({"id": name, "inputs": [], "steps": [options]}) + "\n" for name, options in cases]
    path.write_text("".join(lines))
    return str(path)


def bench(tmp_path, suite, *arguments):
    out = tmp_path / "out.json"
    basics = ["--suite", suite, "--repeat", "1", "--threads", "2", "--json", str(out)]
    status = main(["bench", *basics, *arguments])
    written = json.loads(out.read_text())
    return status, written["cases"][0], written["machine"]


def test_device_is_timed_and_compared_with_the_cpu(tmp_path, suite, capsys):
    status, case, machine = bench(tmp_path, suite, "--device", "cpu-body", "--only", "small")
    assert status == 0
    assert (case["terms"], case["equal"], machine["device"]) == (6 * 8 * 3 * 4, True, "cpu-body")
    assert case["device_s"] > 0 and case["whole_s"] > 0 and case["cpu_s"] > 0
    # what only a GPU has is not made up
    assert {"kernel_ms", "fraction_of_peak", "largest_error"}.isdisjoint(case)
    assert "no figures of the kernel: this device has none" in capsys.readouterr().out


def test_case_that_is_left_to_the_cpu_is_named(tmp_path, suite, capsys):
    status, case, _ = bench(tmp_path, suite, "--device", "cpu-body", "--only", "curved")
    assert (status, case["equal"]) == (0, True)
    assert "device_s" not in case
    assert "curved: rendering on the CPU and not on cpu-body: " in capsys.readouterr().out


def test_mixed_precision_shows_its_error_instead_of_equality(tmp_path, suite):
    status, case, _ = bench(tmp_path, suite, "--device", "cpu-body", "--precision", "mixed", "--only", "small")
    assert status == 0
    assert 0.0 < case["largest_error"] <= mixed.BOUND
    assert "equal" not in case


def test_program_that_writes_another_byte_is_not_equal(tmp_path, suite):
    other = program(tmp_path, ["-adc", "41"])
    status, case, _ = bench(tmp_path, suite, "--device", "cpu-body", "--only", "small", "--reference", other)
    assert (status, case["equal"]) == (1, False)
    assert case["whole_ratio"] == pytest.approx(case["reference_s"] / case["whole_s"])


def test_simulated_gpu_has_a_kernel_and_no_figures_that_are_made_up(tmp_path, suite):
    out = tmp_path / "out.json"
    arguments = ["--suite", suite, "--only", "small", "--repeat", "1", "--threads", "1", "--json", str(out)]
    command = ["bench", "--device", "cuda", *arguments]
    code = f"import sys; from nbport.cli.nbport_command import main; sys.exit(main({command!r}))"
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = json.loads(out.read_text())
    [case] = written["cases"]
    assert case["equal"] is True
    # the simulator's clock stands still
    assert case["kernel_ms"] <= 0.0 and "fraction_of_peak" not in case
    assert "peak_gflops" not in written["machine"]
    assert written["machine"]["driver"].startswith("CUDA is simulated")


def test_figures_of_a_kernel():
    overload = SimpleNamespace(
        regs_per_thread=170,
        local_mem_per_thread=0,
        shared_mem_per_block=1024,
        max_cooperative_grid_blocks=lambda width: {64: 5 * 132}[width],
    )
    gpu = SimpleNamespace(MULTIPROCESSOR_COUNT=132, MAX_THREADS_PER_MULTIPROCESSOR=2048)
    assert bench_gpu.figures_line("render_tile", overload, 64, gpu) == (
        "kernel render_tile: 170 registers and 0 bytes of local memory a thread, 1024 bytes of shared memory a block;"
        " 5 blocks of 64 threads at a time on each of 132 multiprocessors, 16% of its threads"
    )


@pytest.mark.skipif("compiled('gpu.cuda_device').in_simulator()", reason="CUDA is simulated")
def test_no_gpu_is_one_line(suite, capsys):
    from tests.gpu.test_cuda_kernel import gpu_error

    if gpu_error() is None:
        pytest.skip("there is a GPU")
    assert main(["bench", "--suite", suite, "--device", "cuda"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nbport bench: error: --device cuda: ") and error.count("\n") == 1


def test_mixed_precision_on_the_cpu_is_one_line(suite, capsys):
    assert main(["bench", "--suite", suite, "--precision", "mixed"]) == 2
    assert "--precision mixed is for GPUs" in capsys.readouterr().err
