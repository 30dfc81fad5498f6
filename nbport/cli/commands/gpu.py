"""`nbport gpu`: which GPUs there are, what drives them, and whether they give the CPU's bytes."""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from ...compilation.loading import compiled
from ...errors import DeviceError
from ...gpu.choice import open_device

PACKAGES = ("numba", "numba-cuda", "llvmlite", "cuda-bindings")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--device", default="cuda", help="cuda (the default) or cuda:NUMBER: the GPU to test")
    parser.add_argument("--list", action="store_true", help="no self-test")


def run(arguments: argparse.Namespace) -> int:
    """List and test; 0 if the device gives the CPU's bytes, 1 if not or if there is none."""
    _say(f"Python {platform.python_version()}, {platform.platform()}")
    for name in PACKAGES:
        try:
            _say(f"{name} {version(name)}")
        except PackageNotFoundError:
            _say(f"{name} is not installed")
    try:
        for line in compiled("gpu.cuda_device").described():
            _say(line)
        if arguments.list:
            return 0
        device = open_device(arguments.device, _say)
        return compiled("bench.selftest").differs(device, _say)
    except DeviceError as error:
        _say(f"no rendering on a GPU: {error}")
        return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
