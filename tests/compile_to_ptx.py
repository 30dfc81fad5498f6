"""Compiles the CUDA kernel to PTX without a GPU, and counts its operations: python -m tests.compile_to_ptx 90

Run for each architecture in a process of its own: compiled functions of the device are kept for the first one.
"""

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from c_reference.cases import HERE, load_cases, run_case
from c_reference.runners import InProcess
from nbport.compilation import compiled as compiled_module


class Captured(Exception):
    """Ends a run as soon as a launch has its arguments."""


def arguments_of_a_launch(case_id):
    """What a recorded case hands to `CudaLauncher`."""
    import nbport.device
    from nbport.main import main

    taken = []

    def take(certificate, tables):
        taken.append((certificate, tables))
        raise nbport.device.DeviceError("captured")

    body_on_cpu = nbport.device.open_device
    nbport.device.open_device = nbport.main.open_device = lambda *_: nbport.device.Device("none", take)
    case = next(case for case in load_cases(HERE / "quirk.jsonl") if case.id == case_id)
    run_case(case, InProcess(main))
    nbport.device.open_device = nbport.main.open_device = body_on_cpu
    return taken[0]


def compiled(cc, fused, case_id="oversample_thick"):
    """PTX of the kernel.

    Parameters
    ----------
    cc : (int, int)
        Compute capability.
    fused : bool
        False: with a product and a sum, both rounded, wherever the text asks for a fused operation.
    """
    from numba import cuda, typeof, types
    from numba.cuda import dispatcher

    import nbport.cuda_operations
    from nbport.kernels import elementary
    from nbport.kernels.device_body import Place

    # functions of the device ask the present GPU what to be compiled for
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    certificate, tables = arguments_of_a_launch(case_id)
    if not fused:
        on_device = nbport.cuda_operations.on_device
        nbport.cuda_operations.on_device = lambda: _without_fma(*on_device(), elementary)
    render_tile = compiled_module("cuda_kernel").render_tile

    f4, f8 = types.float32, types.float64
    place, numbers = Place(0, 1, 0, 1), compiled_module("cuda_device").as_declared(certificate.numbers)
    signature = types.void(
        typeof(place), typeof(numbers), types.int64, *map(typeof, tables), types.int64,
        f4[::1], f8[::1], types.int64[::1],
    )  # fmt: skip
    return cuda.compile(render_tile.py_func, signature, cc=cc, device=False, abi="numba")[0]


def _without_fma(operations, replaced, elementary):
    from numba import cuda

    multiply, add = operations["*"], operations["+"]
    rounded_twice = cuda.jit(device=True)(lambda x, y, z: add(multiply(x, y), z))
    return operations, {**replaced, elementary.fma: rounded_twice, elementary.fmuladd: rounded_twice}


def counted(ptx):
    """How often each instruction on doubles is there, and calls of functions."""
    words = re.findall(r"^\s*(?:@%?\w+\s+)?([a-z][\w.]*)", ptx, re.MULTILINE)
    return Counter(word for word in words if ".f64" in word or word.startswith("call"))


def main():
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cc")
    parser.add_argument("--not-fused", action="store_true")
    parser.add_argument("--ptx", type=Path)
    given = parser.parse_args()
    ptx = compiled((int(given.cc[:-1]), int(given.cc[-1])), not given.not_fused)
    if given.ptx:
        given.ptx.write_text(ptx)
    json.dump(counted(ptx), sys.stdout)


if __name__ == "__main__":
    main()
