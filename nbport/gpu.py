"""`nbport gpu`: which GPUs there are, what drives them, and whether they give the CPU's bytes."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version

from .argv import split_own
from .command_line import read_options, set_up
from .compilation import compiled
from .device import open_device
from .errors import DeviceError
from .machine import default_threads
from .run import Timing

PACKAGES = ("numba", "numba-cuda", "llvmlite", "cuda-bindings")

BASE = "-cell 70 80 90 75 85 95 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 64 -default_F 100"
#: What the self-test renders: shapes, sub-pixels, stale phi, mosaic domains, sources, a sensor, weights.
SELF_TEST = {
    "parallelepiped": "-N 20 -oversample 2",
    "ellipsoid": "-N 20 -round_xtal -oversample 1",
    "gaussian": "-N 7 -gauss_xtal -oversample 1",
    "top hat": "-N 7 -tophat_spots -oversample 1",
    "spindle and mosaic": "-N 9 -oversample 1 -phi 0 -osc 1 -phisteps 3 -mosaic 1 -mosaic_domains 5",
    "sources and dmin": "-N 9 -oversample 1 -hdivrange 0.5 -hdivsteps 3 -dispersion 1 -dispsteps 3 -dmin 2",
    "sensor, polarization, water": "-N 9 -oversample 2 -detector_thick 300 -detector_abs 500 -thicksteps 3"
    " -polar 0.9 -water 10",
    "weights": "-N 9 -oversample 2 -oversample_thick -oversample_polar -oversample_omega -detector_thick 300"
    " -detector_abs 500 -thicksteps 2",
}


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
        for line in compiled("cuda_device").described():
            _say(line)
        if arguments.list:
            return 0
        device = open_device(arguments.device, _say)
        return max(_self_test(device, name, options) for name, options in SELF_TEST.items())
    except DeviceError as error:
        _say(f"no rendering on a GPU: {error}")
        return 1


def _self_test(device, name: str, options: str) -> int:
    """0 if both give the same bytes."""
    images = []
    simulation = compiled("simulation")
    # no dump of structure factors is to be found, or left behind
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for where in (None, device):
                own, rest = split_own([*BASE.split(), *options.split()])
                run = set_up(read_options(own, rest, _ignore, _ignore), _ignore, Timing())
                timing = Timing()
                threads = default_threads()
                images.append(simulation.render(run, "certified", threads, _ignore, timing, where, _say))
        finally:
            os.chdir(before)
    differing = int((images[0].pixels.view("u4") != images[1].pixels.view("u4")).sum())
    verdict = f"{differing} pixels differ" if differing else "same bytes"
    _say(f"self-test, {name}: {verdict}; {images[1].report}; {timing.seconds['kernel']:.3f} s")
    return int(differing > 0)


def _ignore(*_: object) -> None:
    """Takes what a run says."""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
