"""Does a device give the CPU's bytes? A small image of each kind of term."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

from ..options.scan import split_own
from ..prepare import read_options, set_up
from ..rendering.image import render
from ..run import Device, Timing
from ..system.machine import default_threads

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


def differs(device: Device, say: Callable[[str], None]) -> int:
    """1 if any image of the self-test has other bytes than on the CPU, else 0; a line per image."""
    return max(_differs(device, name, options, say) for name, options in SELF_TEST.items())


def _differs(device: Device, name: str, options: str, say: Callable[[str], None]) -> int:
    images = []
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
                images.append(render(run, "certified", threads, _ignore, timing, where, say))
        finally:
            os.chdir(before)
    differing = int((images[0].pixels.view("u4") != images[1].pixels.view("u4")).sum())
    verdict = f"{differing} pixels differ" if differing else "same bytes"
    say(f"self-test, {name}: {verdict}; {images[1].report}; {timing.seconds['kernel']:.3f} s")
    return int(differing > 0)


def _ignore(*_: object) -> None:
    """Takes what a run says."""
