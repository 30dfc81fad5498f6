"""Compiles the CUDA kernels without a GPU, counts their operations, and says what they use.

    python -m tests.support.compile_to_ptx 90

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
from nbport.compilation.loading import compiled as compiled_module


class Captured(Exception):
    """Ends a run as soon as a launch has its arguments."""


def arguments_of_a_launch(case_id):
    """What a recorded case hands to `CudaLauncher`."""
    import nbport.errors
    import nbport.gpu.choice
    import nbport.gpu.device
    from nbport.cli.nanobragg_command import main

    taken = []

    def take(certificate, tables, mixed):
        taken.append((certificate, tables))
        raise nbport.errors.DeviceError("captured")

    body_on_cpu = nbport.gpu.choice.open_device
    nbport.gpu.choice.open_device = nbport.cli.nanobragg_command.open_device = lambda *_: nbport.gpu.device.Device(
        "none", take
    )
    case = next(case for case in load_cases(HERE / "quirk.jsonl") if case.id == case_id)
    run_case(case, InProcess(main))
    nbport.gpu.choice.open_device = nbport.cli.nanobragg_command.open_device = body_on_cpu
    return taken[0]


def compiled(cc, fused, case_id="oversample_thick"):
    """PTX of the kernels by their precision.

    Parameters
    ----------
    cc : (int, int)
        Compute capability.
    fused : bool
        False: with a product and a sum, both rounded, wherever the text asks for a fused operation.
    """
    from numba import cuda, typeof, types
    from numba.cuda import dispatcher

    import nbport.gpu.operations
    from nbport.kernels import elementary
    from nbport.kernels.device_body import Place

    # functions of the device ask the present GPU what to be compiled for
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    certificate, tables = arguments_of_a_launch(case_id)
    if not fused:
        on_device = nbport.gpu.operations.on_device
        nbport.gpu.operations.on_device = lambda: _without_fma(*on_device(), elementary)
    kernels = compiled_module("gpu.cuda_kernel")

    f4, f8 = types.float32, types.float64
    place, numbers = Place(0, 1, 0, 1), compiled_module("gpu.cuda_device").as_declared(certificate.numbers)
    signature = types.void(
        typeof(place), typeof(numbers), types.int64, *map(typeof, tables), types.int64,
        f4[::1], f8[::1], types.int64[::1], f8[:, ::1],
    )  # fmt: skip

    def ptx(kernel):
        return cuda.compile(kernel.py_func, signature, cc=cc, device=False, abi="numba")[0]

    return {"double": ptx(kernels.render_tile), "mixed": ptx(kernels.render_tile_mixed)}


def _without_fma(operations, replaced, elementary):
    from numba import cuda

    multiply, add = operations["*"], operations["+"]
    rounded_twice = cuda.jit(device=True)(lambda x, y, z: add(multiply(x, y), z))
    return operations, {**replaced, elementary.fma: rounded_twice, elementary.fmuladd: rounded_twice}


def counted(ptx):
    """How often each instruction on doubles is there, products in float32, and calls of functions."""
    words = re.findall(r"^\s*(?:@%?\w+\s+)?([a-z][\w.]*)", ptx, re.MULTILINE)
    return Counter(word for word in words if re.search(r"\.f64|^call|^(mul|fma).*\.f32", word))


def linked(ptx, cc):
    """Registers of a thread and bytes of memory, as the linker reports them that Numba uses."""
    from cuda.bindings import nvjitlink

    options = [f"-arch=sm_{cc}", "-verbose"]
    link = nvjitlink.create(len(options), options)
    code = ptx.encode()
    nvjitlink.add_data(link, nvjitlink.InputType.PTX, code, len(code), "kernel")
    nvjitlink.complete(link)
    log = bytearray(nvjitlink.get_info_log_size(link))
    nvjitlink.get_info_log(link, log)
    nvjitlink.destroy(link)
    [used] = re.findall(r"used (\d+) registers.* (\d+) stack, (\d+) bytes smem.* (\d+) bytes lmem", log.decode())
    return dict(zip(("registers", "stack", "shared", "local"), map(int, used), strict=True))


def main():
    """Print both as JSON, by precision."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cc")
    parser.add_argument("--not-fused", action="store_true")
    parser.add_argument("--ptx", type=Path, help="a folder to write PTX to")
    given = parser.parse_args()
    results = {}
    for precision, ptx in compiled((int(given.cc[:-1]), int(given.cc[-1])), not given.not_fused).items():
        results[precision] = {"counts": counted(ptx), "uses": linked(ptx, given.cc)}
        if given.ptx:
            (given.ptx / f"{precision}_{given.cc}.ptx").write_text(ptx)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
