"""`nbport bench`: time the kernels over a suite of cases, alone or beside another program."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .arguments import count
from .device import open_device
from .device_names import CPU, DOUBLE, PRECISIONS
from .errors import DeviceError, InputError
from .files import write_file
from .machine import default_threads
from .run import Timing

if TYPE_CHECKING:
    from .run import Run

PACKAGE = Path(__file__).resolve().parent
CLONE_SUITE = PACKAGE.parent / "c_reference" / "bench.jsonl"
# Operations of one term of the default crystal, a fused multiply-add counted as two: indices 15, arguments 6,
# reductions 21 and 18, six polynomials 84, products and quotient 5, sum 4.
FLOPS_A_TERM = 153
COMMAND = [sys.executable, "-c", "import sys; from nbport.main import main; sys.exit(main())"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport bench`."""
    parser.add_argument("--suite", metavar="FILE", help="cases, one JSON object a line (default: the clone's suite)")
    parser.add_argument("--only", metavar="ID", action="append", help="run this case; may be repeated")
    parser.add_argument("--repeat", type=count, default=3, metavar="N", help="repetitions after a warm-up (default: 3)")
    parser.add_argument("--threads", type=count, metavar="N", help="threads (default: all processors)")
    parser.add_argument("--kernel", choices=("certified", "reference"), default="certified")
    parser.add_argument("--device", default=CPU, metavar="NAME", help="cpu (the default), cuda, cuda:NUMBER or auto")
    parser.add_argument("--precision", choices=PRECISIONS, default=DOUBLE, help="on a GPU; default: double")
    parser.add_argument(
        "--reference", metavar="PROGRAM", help="a nanoBragg program to run in turn, and to compare with"
    )
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")


def run(arguments: argparse.Namespace) -> int:
    """Time every case; print a table, and write JSON if asked for. 1 if any output file differs."""
    cases = _cases(arguments.suite, arguments.only)
    if arguments.reference and shutil.which(os.path.abspath(arguments.reference)) is None:
        raise InputError(f"{arguments.reference}: cannot be started: no such program")
    from .compilation import compiled

    try:
        device = open_device(arguments.device, _warn, arguments.precision)
    except DeviceError as error:
        raise InputError(f"--device {arguments.device}: {error}") from None
    if device is not None:
        return compiled("bench_gpu").run(arguments, cases, device)
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


def _warn(text: str) -> None:
    print(f"nbport bench: warning: {text}", file=sys.stderr)


def print_machine(machine: dict) -> None:
    """One line."""
    print(", ".join(f"{k} {v if isinstance(v, str | int) else f'{v:.1f}'}" for k, v in machine.items()))


def write_json(name: str | None, machine: dict, results: list[dict]) -> None:
    """If a file was asked for."""
    if name:
        text = json.dumps({"machine": machine, "cases": results}, indent=1) + "\n"
        write_file(name, [text.encode()])


def _cases(suite: str | None, only: list[str] | None) -> list[dict]:
    path = Path(suite) if suite else CLONE_SUITE
    if not path.is_file():
        raise InputError(f"{path}: no such suite; give --suite FILE, or run from a clone")
    try:
        cases = [json.loads(line) | {"folder": path.parent / "inputs"} for line in path.read_text().splitlines()]
        known = [case["id"] for case in cases if case["steps"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected a JSON object with id, inputs and steps on each line: {error!r}") from None
    for name in only or ():
        if name not in known:
            raise InputError(f"--only: found {name!r}, expected one of: {', '.join(known)}")
    return [case for case in cases if not only or case["id"] in only]


def describe_machine() -> dict[str, str | int]:
    """Processor and versions."""
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    versions = {"nbport": __version__, "Python": platform.python_version()}
    for package in ("numba", "llvmlite", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "?"
    return {"processor": model, "cores": os.cpu_count() or 0, **versions}


def peak_flops(threads: int) -> float:
    """Double-precision operations a second of independent multiply-adds in registers, on so many threads."""
    from concurrent.futures import ThreadPoolExecutor

    from .compilation import compiled

    peak = compiled("peak")
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


def prepared(case: dict) -> Run:
    """A case that is set up."""
    from .argv import OwnOptions
    from .command_line import read_options, set_up

    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        lay_out(case, Path(folder))
        os.chdir(folder)
        try:
            p = read_options(OwnOptions(), list(case["steps"][-1]), lambda *_: None, lambda _: None)
            return set_up(p, lambda *_: None, Timing())
        finally:
            os.chdir(before)


def terms_of(run: Run) -> int:
    """How many terms an image has."""
    g = run.scene.geometry
    pixels = max(min(g.roi_xmax + 1, g.fpixels) - g.roi_xmin, 0) * max(min(g.roi_ymax + 1, g.spixels) - g.roi_ymin, 0)
    return pixels * run.scene.sampling.steps * g.detector_thicksteps


def _time_kernel(case: dict, arguments: argparse.Namespace, threads: int) -> dict:
    """Median of the pixel loop's wall time in this process."""
    from .compilation import compiled

    simulation, driver = compiled("simulation"), compiled("driver")
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


def lay_out(case: dict, folder: Path) -> None:
    """An empty folder with nothing but the case's inputs."""
    for path in folder.iterdir():
        path.unlink()
    for name in case.get("inputs", ()):
        if not (case["folder"] / name).is_file():
            raise InputError(f"{case['id']}: no input file {case['folder'] / name}")
        shutil.copy(case["folder"] / name, folder)


def time_command(command: list[str], case: dict, folder: Path, threads: int = 0) -> float:
    """Seconds of a command in an empty folder with the case's inputs.

    Raises
    ------
    InputError
        If it cannot be started or fails.
    """
    lay_out(case, folder)
    environment = dict(os.environ)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    else:
        environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), *filter(None, sys.path)])
    start = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        raise InputError(f"{command[0]}: cannot be started: {error.strerror}") from None
    if done.returncode:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise InputError(f"{case['id']}: {command[0]} ended with {done.returncode}: {' '.join(tail)}")
    return time.perf_counter() - start


def files_of(folder: Path) -> dict[str, bytes]:
    """Contents by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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


def row(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    """A line of a table."""
    return "  ".join(
        cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
    )


def number(result: dict, name: str, form: str) -> str:
    """A figure as a table has it."""
    return format(result[name], form) if name in result else "-"


def _cells(r: dict) -> tuple[str, ...]:
    return (
        r["id"], f"{r['terms']:,}", number(r, "kernel_s", ".4f"), number(r, "ns_per_core_and_term", ".2f"),
        number(r, "fraction_of_peak", ".0%"), str(r["recomputed"]), number(r, "whole_s", ".3f"),
        number(r, "reference_s", ".3f"), number(r, "kernel_ratio", ".1f"), number(r, "whole_ratio", ".1f"), equal(r),
    )  # fmt: skip


def equal(result: dict) -> str:
    """The verdict on the files as a table has it."""
    return {True: "yes", False: "NO"}.get(result.get("equal"), "-")
