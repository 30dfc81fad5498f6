"""`nbport bench --device`: a GPU over the suite of cases: what its kernels use, take and yield; the CPU's bytes."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..compilation.loading import compiled
from ..errors import DeviceError, InputError
from ..gpu.device import Device
from ..gpu.errors import one_line_errors
from ..options.device_names import DOUBLE, MIXED
from ..run import Rendered
from ..system.machine import default_threads
from .cases import COMMAND, FLOPS_A_TERM, files_of, prepared, terms_of, time_command
from .tables import describe_machine, equal, number, print_machine, row, write_json

PEAK_ROUNDS = 20_000


def run(arguments: argparse.Namespace, cases: list[dict], device: Device) -> int:
    """Time every case; print a table, and write JSON if asked for. 1 if any file differs from the CPU's."""
    threads = arguments.threads or default_threads()
    device = replace(device, optional=False)
    try:
        machine = describe_machine() | {"threads": threads, "device": device.name} | described(device)
        print_machine(machine)
        print(row(TITLES, WIDTHS))
        results = []
        for case in cases:
            results.append(_time_case(case, arguments, device, threads, machine.get("peak_gflops")))
            print(row(_cells(results[-1]), WIDTHS), flush=True)
        machine |= kernel_figures(device)
    except DeviceError as error:
        raise InputError(f"--device {device.name}: {error}") from None
    for result in results:
        if "left_to_cpu" in result:
            print(f"{result['id']}: {result['left_to_cpu']}")
    for line in machine.get("kernels", {"": "no figures of the kernel: this device has none"}).values():
        print(line)
    write_json(arguments.json, machine, results)
    return 1 if any(result.get("equal") is False for result in results) else 0


def _time_case(case: dict, arguments: argparse.Namespace, device: Device, threads: int, peak: float | None) -> dict:
    setup = prepared(case)
    result: dict = {"id": case["id"], "terms": terms_of(setup)}
    told: list[str] = []
    seconds, kernels = [], []
    for _ in range(arguments.repeat + 1):
        forget_tables(device)
        started = time.perf_counter()
        rendered, kernel_s = _rendered(setup, device, threads, told)
        seconds.append(time.perf_counter() - started)
        kernels.append(kernel_s)
    if rendered is None:
        result["left_to_cpu"] = told[0]
    else:
        result["device_s"] = statistics.median(seconds[1:])
        result["recomputed"] = rendered.recomputed
        if None not in kernels:
            result["kernel_ms"] = statistics.median(kernels[1:]) * 1e3
            counts = setup.parameters.xtal_shape.value == 0 and device.precision == DOUBLE
            if peak and counts:
                flops = FLOPS_A_TERM * result["terms"]
                result["fraction_of_peak"] = flops / (result["kernel_ms"] / 1e3) / (peak * 1e9)
    if rendered is not None and device.precision == MIXED:
        result["largest_error"] = _largest_error(setup, rendered, threads)
    return result | _time_commands(case, arguments, device, threads)


def _rendered(setup, device: Device, threads: int, told: list[str]) -> tuple[Rendered | None, float | None]:
    """The pixels, and the seconds that the device says it spent on them if it says so."""
    launchers = []

    def make_launcher(*arguments, **named):
        launchers.append(device.make_launcher(*arguments, **named))
        return launchers[-1]

    spied = replace(device, make_launcher=make_launcher)
    rendered = spied.render(setup, "certified", threads, lambda *_: None, told.append)
    seconds = [getattr(launcher, "kernel_s", None) for launcher in launchers]
    return rendered, None if None in seconds else sum(seconds)


def _largest_error(setup, rendered: Rendered, threads: int) -> float:
    """Of a pixel, relative to the CPU's; infinite where one is zero or no number and the other is not."""
    kernel, _ = compiled("rendering.image").choose_kernel(setup, "certified")
    exact, _ = compiled("rendering.rows").run_rows(kernel, setup.scene, threads, False, lambda *_: None)
    same = exact.view("u4") == rendered.pixels.view("u4")
    with np.errstate(all="ignore"):
        errors = np.abs(rendered.pixels[~same].astype(np.float64) / exact[~same] - 1.0)
    return float(np.where(np.isfinite(errors), errors, np.inf).max(initial=0.0))


def _time_commands(case: dict, arguments: argparse.Namespace, device: Device, threads: int) -> dict:
    """The whole command on the device and on the CPU, their files compared; and another program if one is named."""
    options = case["steps"][-1]
    on_cpu = [*COMMAND, *options, "--threads", str(threads)]
    on_device = [*on_cpu, "--device", device.name, "--precision", device.precision]
    result: dict = {}
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        for name, command, folder in (("cpu_s", on_cpu, Path(a)), ("whole_s", on_device, Path(b))):
            seconds = [time_command(command, case, folder) for _ in range(arguments.repeat + 1)]
            result[name] = statistics.median(seconds[1:])
        if device.precision == DOUBLE:
            result["equal"] = files_of(Path(a)) == files_of(Path(b))
        if arguments.reference:
            theirs = [str(Path(arguments.reference).absolute()), *options]
            seconds = [time_command(theirs, case, Path(b), threads) for _ in range(arguments.repeat)]
            result["reference_s"] = statistics.median(seconds)
            result["whole_ratio"] = result["reference_s"] / result["whole_s"]
            if device.precision == DOUBLE:
                result["equal"] = result["equal"] and files_of(Path(a)) == files_of(Path(b))
    return result


def _number(device: Device) -> int | None:
    """Which GPU, or None if the device is none."""
    kind, _, index = device.name.partition(":")
    return int(index) if kind == "cuda" else None


def forget_tables(device: Device) -> None:
    """Let the next image transfer everything that it needs."""
    if _number(device) is not None:
        compiled("gpu.cuda_device").forget_tables(_number(device))


def described(device: Device) -> dict:
    """The GPU, its driver, and its measured peak; nothing for a device that is none."""
    index = _number(device)
    if index is None:
        return {}
    cuda_device = compiled("gpu.cuda_device")
    driver, *gpus = cuda_device.described()
    peak = peak_gflops(index)
    return {"driver": driver, "gpu": gpus[index] if gpus else driver} | ({"peak_gflops": peak} if peak else {})


def peak_gflops(index: int) -> float | None:
    """Operations a second of independent float64 multiply-adds in registers, in units of 1e9; None if simulated."""
    from ..gpu import cuda_kernel

    cuda = compiled("gpu.cuda_device").load_cuda()
    gpu = cuda.gpus[index]
    small = cuda_kernel.THREADS < 32  # simulated
    rounds = 1 if small else PEAK_ROUNDS
    with one_line_errors(), gpu:
        blocks = 1 if small else 16 * gpu.MULTIPROCESSOR_COUNT
        width = cuda_kernel.THREADS if small else 256
        results = cuda.device_array(blocks * width, np.float64)
        best = float("inf")
        # the first one compiles
        for repetition in range(6):
            begun, ended = cuda.event(), cuda.event()
            begun.record()
            cuda_kernel.multiply_adds[blocks, width](1 if repetition == 0 else rounds, results)
            ended.record()
            ended.synchronize()
            if repetition:
                best = min(best, begun.elapsed_time(ended) / 1e3)
    # the simulator's clock stands still
    return None if small else blocks * width * rounds * cuda_kernel.FLOPS_A_ROUND / best / 1e9


def kernel_figures(device: Device) -> dict:
    """Registers, memory and occupancy of the kernels that ran; nothing for a device that has no such figures."""
    index = _number(device)
    cuda_device = compiled("gpu.cuda_device")
    if index is None or cuda_device.in_simulator():
        return {}
    from ..gpu import cuda_kernel

    cuda = cuda_device.load_cuda()
    lines = {}
    with one_line_errors(), cuda.gpus[index]:
        for kernel in (cuda_kernel.render_tile, cuda_kernel.render_tile_mixed):
            for overload in kernel.overloads.values():
                lines[kernel.py_func.__qualname__] = figures_line(
                    kernel.py_func.__qualname__, overload, cuda_kernel.THREADS, cuda.gpus[index]
                )
    return {"kernels": lines}


def figures_line(name: str, overload, width: int, gpu) -> str:
    """What Numba and the driver know of a compiled kernel.

    Parameters
    ----------
    name : str
    overload : Numba's compiled kernel
    width : int
        Threads of a block.
    gpu : Numba's device
    """
    blocks = overload.max_cooperative_grid_blocks(width) // gpu.MULTIPROCESSOR_COUNT
    share = blocks * width / gpu.MAX_THREADS_PER_MULTIPROCESSOR
    return (
        f"kernel {name}: {overload.regs_per_thread} registers and {overload.local_mem_per_thread} bytes of local memory"
        f" a thread, {overload.shared_mem_per_block} bytes of shared memory a block; {blocks} blocks of {width} threads"
        f" at a time on each of {gpu.MULTIPROCESSOR_COUNT} multiprocessors, {share:.0%} of its threads"
    )


TITLES = (
    "case",
    "terms",
    "kernel ms",
    "of peak",
    "device s",
    "again",
    "whole s",
    "CPU s",
    "ref. s",
    "whole x",
    "error",
    "equal",
)
WIDTHS = (18, 13, 10, 8, 9, 8, 8, 8, 8, 8, 8, 6)


def _cells(r: dict) -> tuple[str, ...]:
    return (
        r["id"], f"{r['terms']:,}", number(r, "kernel_ms", ".3f"), number(r, "fraction_of_peak", ".0%"),
        number(r, "device_s", ".4f"), number(r, "recomputed", "d"), number(r, "whole_s", ".3f"),
        number(r, "cpu_s", ".3f"), number(r, "reference_s", ".3f"), number(r, "whole_ratio", ".1f"),
        number(r, "largest_error", ".1e"), equal(r),
    )  # fmt: skip
