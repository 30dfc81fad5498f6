"""`nbport bench` on the CPU: kernels and whole commands, interleaved with another program if one is named."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from ..compilation.loading import compiled
from ..system.machine import default_threads
from .cases import COMMAND, FLOPS_A_TERM, files_of, prepared, terms_of, time_command
from .tables import describe_machine, equal, number, print_machine, row, write_json


def run(arguments: argparse.Namespace, cases: list[dict]) -> int:
    """Time every case; print a table, and write JSON if asked for. 1 if any output file differs."""
    threads = arguments.threads or default_threads()
    machine = describe_machine() | {"threads": threads, "peak_gflops": peak_flops(threads) / 1e9}
    print_machine(machine)
    print(row(TITLES, WIDTHS))
    results = []
    for case in cases:
        results.append(_time_case(case, arguments, threads, machine["peak_gflops"] * 1e9))
        print(row(_cells(results[-1]), WIDTHS), flush=True)
    for result in results:
        if result["path"] != "certified":
            print(f"{result['id']}: {result['path']}")
    write_json(arguments.json, machine, results)
    return 1 if any(result.get("equal") is False for result in results) else 0


def peak_flops(threads: int) -> float:
    """Double-precision operations a second of independent multiply-adds in registers, on so many threads."""
    from concurrent.futures import ThreadPoolExecutor

    peak = compiled("bench.peak")
    peak.multiply_adds(1)
    rounds = 200_000
    with ThreadPoolExecutor(threads) as pool:
        best = 0.0
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(peak.multiply_adds, [rounds] * threads))
            best = max(best, threads * rounds * peak.FLOPS_A_ROUND / (time.perf_counter() - start))
    return best


def _time_case(case: dict, arguments: argparse.Namespace, threads: int, peak: float) -> dict:
    result = {"id": case["id"]} | _time_kernel(case, arguments, threads)
    result["ns_per_core_and_term"] = result["kernel_s"] * threads / result["terms"] * 1e9
    if result.pop("default_crystal"):
        result["fraction_of_peak"] = FLOPS_A_TERM * result["terms"] / result["kernel_s"] / peak
    options = case["steps"][-1]
    ours = [*COMMAND, *options, "--threads", str(threads), "--kernel", arguments.kernel]
    theirs = [os.path.abspath(arguments.reference), *options] if arguments.reference else None
    seconds: dict[str, list[float]] = {"whole_s": [], "reference_s": []}
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        for repetition in range(arguments.repeat + 1):
            seconds["whole_s"].append(time_command(ours, case, Path(a)))
            # one run of the other program is warm-up enough
            if theirs and repetition:
                seconds["reference_s"].append(time_command(theirs, case, Path(b), threads))
        result["whole_s"] = statistics.median(seconds["whole_s"][1:])
        if theirs:
            result["reference_s"] = statistics.median(seconds["reference_s"])
            result["kernel_ratio"] = result["reference_s"] / result["kernel_s"]
            result["whole_ratio"] = result["reference_s"] / result["whole_s"]
            result["equal"] = files_of(Path(a)) == files_of(Path(b))
    return result


def _time_kernel(case: dict, arguments: argparse.Namespace, threads: int) -> dict:
    """Median of the pixel loop's wall time in this process."""
    simulation, driver = compiled("rendering.image"), compiled("rendering.rows")
    run = prepared(case)
    seconds = []
    for _ in range(arguments.repeat + 1):
        start = time.perf_counter()
        kernel, report = simulation.choose_kernel(run, arguments.kernel)
        driver.run_rows(kernel, run.scene, threads, False, lambda *_: None, run.live_mask)
        seconds.append(time.perf_counter() - start)
    done = report()
    return {
        "terms": terms_of(run),
        "kernel_s": statistics.median(seconds[1:]),
        "path": done.path,
        "recomputed": done.recomputed,
        "default_crystal": run.parameters.xtal_shape.value == 0 and done.path == "certified",
    }


TITLES = (
    "case",
    "terms",
    "kernel s",
    "ns/term",
    "of peak",
    "again",
    "whole s",
    "ref. s",
    "kernel x",
    "whole x",
    "equal",
)
WIDTHS = (18, 13, 9, 8, 8, 8, 8, 8, 9, 8, 6)


def _cells(r: dict) -> tuple[str, ...]:
    return (
        r["id"], f"{r['terms']:,}", number(r, "kernel_s", ".4f"), number(r, "ns_per_core_and_term", ".2f"),
        number(r, "fraction_of_peak", ".0%"), str(r["recomputed"]), number(r, "whole_s", ".3f"),
        number(r, "reference_s", ".3f"), number(r, "kernel_ratio", ".1f"), number(r, "whole_ratio", ".1f"), equal(r),
    )  # fmt: skip
