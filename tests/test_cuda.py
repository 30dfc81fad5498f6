"""CUDA without a GPU: the launch code in Numba's simulator, the kernel compiled to PTX, and what is said instead.

Tests marked `gpu` need one, and run every recorded case there.
"""

import functools
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from c_reference.cases import HERE, load_cases, load_results, run_case
from c_reference.compare import compare_case
from c_reference.runners import InProcess
from nbport.cli.nanobragg_command import main
from nbport.compilation.loading import compiled
from nbport.errors import DeviceError, OptionError
from nbport.gpu.choice import open_device
from nbport.kernels.scene import Crystal
from nbport.options.device_names import check_name
from tests.test_device_body import recorded_sha256, sha256_of_files

cuda_device = compiled("gpu.cuda_device")

ROOT = HERE.parent
load_results_once = functools.cache(load_results)
IMAGE = ["-cell", "50", "51", "52", "90", "90", "90", "-default_F", "10", "-N", "5", "-oversample", "1",
         "-lambda", "1.2", "-detpixels", "8", "-distance", "60", "-seed", "1"]  # fmt: skip

#: Cases of few terms that together reach every option of the kernel: shapes, tables, interpolation and its
#: end, layers, oversample_*, masks, regions, dmin, sources, stale phi, mosaic domains, polarization.
SIMULATED = [
    "r0142", "r0134", "r0092", "r0149", "r0047", "r0084", "r0004", "r0044", "r0096", "r0069", "r0005",
    "oversample_omega_last", "nopolar", "oversample_thick",
]  # fmt: skip


@functools.cache
def gpu_error():
    """Why there is no GPU, or None."""
    try:
        cuda_device.load_cuda()
    except DeviceError as error:
        return str(error)
    return None


needs_gpu = pytest.mark.gpu
without_gpu = pytest.mark.skipif("gpu_error() is None", reason="there is a GPU")


def python_module(*arguments, **environment):
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def simulated():
    return python_module("tests.simulated", *SIMULATED, NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.parametrize("case_id", SIMULATED)
def test_simulated_gpu_gives_the_recorded_outputs(case_id, simulated):
    assert simulated[case_id]["differences"] == []
    assert all("kernel: cuda:0; " in report for report in simulated[case_id]["reports"])


def test_simulated_gpu_gives_the_recorded_outputs_of_pixels_in_parts():
    results = python_module(
        "tests.simulated", "--parts", "oversample_thick", "oversample_polar", NUMBA_ENABLE_CUDASIM="1"
    )
    assert [result["differences"] for result in results.values()] == [[], []]
    assert all("kernel: cuda:0; " in report for result in results.values() for report in result["reports"])


@functools.cache
def compiled_for(cc, *options):
    return python_module("tests.compile_to_ptx", str(cc), *options)


def counts(cc, precision, *options):
    return compiled_for(cc, *options)[precision]["counts"]


@functools.cache
def ptx_obstacle():
    if find_spec("numba_cuda") is None:
        return "numba-cuda is not installed"
    from numba.cuda.cudadrv import nvvm

    try:
        nvvm.NVVM()
    except Exception as error:
        return f"CUDA's compiler cannot be loaded: {error}"
    return None


ARCHITECTURES = pytest.mark.parametrize("cc", [75, 80, 90, 120])
PRECISIONS = pytest.mark.parametrize("precision", ["double", "mixed"])


@pytest.fixture
def compiler():
    if ptx_obstacle():
        pytest.skip(f"{ptx_obstacle()}; pip install '.[cuda]'")


@PRECISIONS
@ARCHITECTURES
def test_no_product_of_doubles_is_contracted_with_a_sum(cc, precision, compiler):
    assert counts(cc, precision)["fma.rn.f64"] > 0
    # without the fused operations that are asked for there are none: no other was made of a product and a sum
    assert counts(cc, precision, "--not-fused").get("fma.rn.f64", 0) == 0


@PRECISIONS
@ARCHITECTURES
def test_every_operation_on_doubles_is_rounded_to_nearest_on_its_own(cc, precision, compiler):
    rounded = {"add", "sub", "mul", "div", "fma", "sqrt", "rcp"}
    found = {name for name in counts(cc, precision) if name.split(".")[0] in rounded and ".f64" in name}
    assert found <= {f"{name}.rn.f64" for name in rounded}


@ARCHITECTURES
def test_sines_of_mixed_precision_are_in_float32_and_fewer_operations_on_doubles_remain(cc, compiler):
    def operations(bits, precision):
        return sum(n for name, n in counts(cc, precision).items() if name.startswith(("mul", "fma")) and bits in name)

    assert operations("f32", "double") == 0
    assert operations("f32", "mixed") >= 6 * 4
    assert operations("f64", "mixed") <= operations("f64", "double") - 6 * 6


@PRECISIONS
@ARCHITECTURES
def test_no_function_is_called(cc, precision, compiler):
    assert [name for name in counts(cc, precision) if name.startswith("call")] == []


@PRECISIONS
@ARCHITECTURES
def test_registers_suffice(cc, precision, compiler):
    uses = compiled_for(cc)[precision]["uses"]
    assert 0 < uses["registers"] < 255
    # nothing is spilled
    assert uses["stack"] == uses["local"] == 0


def test_every_number_gets_its_declared_type():
    ones = (1, 1.0, 1)
    mixed = Crystal(ones, ones, ones, 0, 0, 0, 0, ones, ones, ones, 5, 6, 7.0, 0, 1)
    declared = cuda_device.as_declared(mixed)
    assert declared == mixed
    assert [type(x) for x in (declared.Na, declared.mosaic_spread, declared.a0[0], declared.xtal_shape)] == [
        float, float, float, int,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:12", "auto"])
def test_names_of_devices(name):
    check_name(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CUDA", "", "cpu:0"])
def test_what_is_no_device(name):
    with pytest.raises(OptionError, match="--device"):
        check_name(name)


@without_gpu
def test_no_gpu_is_one_line_and_exit_status_9(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--device", "cuda", *IMAGE]) == 9
    captured = capsys.readouterr()
    [line] = [line for line in captured.err.splitlines() if "compiling" not in line]
    assert line.startswith("nanoBragg: error: ")
    assert list(tmp_path.iterdir()) == []


@without_gpu
def test_auto_says_why_it_renders_on_the_cpu(tmp_path, monkeypatch, capsys):
    images = []
    for device in ("auto", "cpu"):
        folder = tmp_path / device
        folder.mkdir()
        monkeypatch.chdir(folder)
        assert main(["--device", device, *IMAGE]) == 0
        images.append((folder / "floatimage.bin").read_bytes())
    assert images[0] == images[1]
    assert "warning: --device auto renders on the CPU: " in capsys.readouterr().err


def test_cuda_is_imported_only_when_asked_for(tmp_path):
    code = (
        "import sys; from nbport.cli.nanobragg_command import main;"
        f" print(main({IMAGE!r}), 'numba.cuda' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0 False"


@needs_gpu
@pytest.mark.parametrize(
    "case",
    [case for group in ("quirk", "random", "found") for case in load_cases(HERE / f"{group}.jsonl")],
    ids=lambda case: case.id,
)
def test_gpu_gives_the_recorded_outputs(case):
    if gpu_error():
        pytest.skip(gpu_error())
    results = run_case(case, InProcess(main, prefix=("--device", "cuda")))
    differences = compare_case(load_results_once(HERE / f"{case.group}.npz")[case.id], results, case.steps, case.id)
    assert not differences, "\n".join(map(str, differences))


@needs_gpu
@pytest.mark.parametrize("case", load_cases(HERE / "quirk.jsonl"), ids=lambda case: case.id)
def test_gpu_with_upstream_fixes_gives_the_fixed_outputs(case):
    if gpu_error():
        pytest.skip(gpu_error())
    results = run_case(case, InProcess(main, prefix=("--device", "cuda", "--fix", "upstream")))
    expected = load_results_once(HERE / "quirk_fix_upstream.npz")[case.id]
    differences = compare_case(expected, results, case.steps, case.id)
    assert not differences, "\n".join(map(str, differences))


@needs_gpu
@pytest.mark.parametrize("case", load_cases(HERE / "bench.jsonl"), ids=lambda case: case.id)
def test_gpu_gives_files_of_the_recorded_sha256(case):
    if gpu_error():
        pytest.skip(gpu_error())
    assert sha256_of_files(case, "cuda") == recorded_sha256(case)


@needs_gpu
def test_gpu_arithmetic_is_checked_when_it_is_opened():
    if gpu_error():
        pytest.skip(gpu_error())
    assert open_device("cuda", print).name == "cuda:0"


def test_reference_kernel_stays_on_the_cpu_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--device", "cpu-body", "--kernel", "reference", "--kernel-report", *IMAGE]) == 0
    lines = capsys.readouterr().err
    assert "rendering on the CPU and not on cpu-body: that is where the reference kernel runs" in lines
    assert "kernel: reference; " in lines


def gpu_tool(*arguments, **environment):
    code = f"import sys; from nbport.cli.nbport_command import main; sys.exit(main({['gpu', *arguments]!r}))"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )


@without_gpu
def test_gpu_tool_says_what_is_missing():
    done = gpu_tool()
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("no rendering on a GPU: ")


def test_gpu_tool_compares_images():
    done = gpu_tool("--device", "cpu-body", NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = [line for line in done.stdout.splitlines() if line.startswith("self-test, ")]
    assert verdicts and all(": same bytes; kernel: cpu-body; " in line for line in verdicts)
    assert list((ROOT).glob("*.bin")) == []
