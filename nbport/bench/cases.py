"""Cases of the suite: read, set up, run as whole commands in folders of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ..errors import InputError
from ..options.scan import OwnOptions
from ..prepare import read_options, set_up
from ..run import Run, Timing

PACKAGE = Path(__file__).resolve().parent.parent
CLONE_SUITE = PACKAGE.parent / "c_reference" / "bench.jsonl"
# Operations of one term of the default crystal, a fused multiply-add counted as two: indices 15, arguments 6,
# reductions 21 and 18, six polynomials 84, products and quotient 5, sum 4.
FLOPS_A_TERM = 153
COMMAND = [sys.executable, "-c", "import sys; from nbport.cli.nanobragg_command import main; sys.exit(main())"]


def read_cases(suite: str | None, only: list[str] | None) -> list[dict]:
    """Cases of a suite, or those of them that are named.

    Raises
    ------
    InputError
        If there is no such suite or case.
    """
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


def prepared(case: dict) -> Run:
    """A case that is set up."""
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
