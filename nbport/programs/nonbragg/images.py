"""The images of nonBragg and its log, in the C program's order."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np

from ... import log
from ...crules.random import new_statics, new_table
from ...crules.text import divide, printf
from ...errors import InputError
from ...formats.smv import SmvFrame, first_keywords, padded_header
from ...kernels.scene import Geometry
from ...kernels.stopping import NOBODY
from ...output import integers
from ...parameters import RTD
from ...rendering.statistics import omega_sum, place_of, root_of_mean, sums
from ..console import Session
from ..rendering import render_image
from . import pixels as loop
from .inversion import write_table
from .options import Parameters
from .setup import Run, prepare, say_summary

LONGEST_CYCLE = 64  # of the E vector under repeated normalization


class Sampling(NamedTuple):
    """Every sub-pixel has a solid angle of its own."""

    oversample_omega: int = 1


class Rays(NamedTuple):
    """What the sum of solid angles needs to know."""

    geometry: Geometry
    sampling: Sampling = Sampling()
    stop: int = NOBODY


def make_images(p: Parameters, frame: SmvFrame | None, session: Session) -> None:
    """Everything after the options. C: nonBragg.c 789-1884"""
    seed = -int(time.time()) if p.seed is None else p.seed
    session.say("nonBragg amorphous material diffraction simulator - James Holton and Ken Frankel 3-19-16")
    run = prepare(p, session)
    say_summary(run, seed, session)
    inversion = _inversion(p, frame)
    image, omega_sums = _render(run, inversion, session)
    session.say("")
    session.say("%s", _solid_angle(omega_sum(Rays(run.geometry), omega_sums, _solid_angle)))
    counted = None if frame is None else write_table(run, inversion, session)
    _write_images(run, image, counted, seed, session)


def _solid_angle(total: float) -> str:
    return printf("solid angle subtended by detector = %g steradian ( %g%% sphere)", total, 100 * total / 4 / math.pi)


def _inversion(p: Parameters, frame: SmvFrame | None) -> loop.Inversion:
    """The image of -img. C: nonBragg.c 345-357"""
    if frame is None:
        nothing = np.empty(0, np.float32)
        return loop.Inversion(nothing, 0.0, 1.0, nothing, nothing, np.empty(0, np.int64))
    if p.pixels > frame.pixels.size:
        size = f"{frame.width} x {frame.height}"
        raise InputError(f"{p.img}: found {size} pixels, expected as many as the detector has: {p.pixels}")
    image = frame.pixels[: p.pixels].astype(np.float32)
    ignored = np.array(p.ignore, np.float32)
    bins = np.zeros(p.pixels, np.int64)
    return loop.Inversion(image, p.adc_offset, p.quantum_gain, ignored, np.zeros(p.pixels, np.float32), bins)


def _light(run: Run) -> loop.Light:
    axes = [run.parameters.polar_vector]
    while len(axes) <= LONGEST_CYCLE and axes[-1] not in axes[:-1]:
        axes.append(loop.normalized_again(axes[-1]))
    cycle = axes.index(axes[-1]) if axes[-1] in axes[:-1] else len(axes) - 2
    p, s = run.parameters, run.sources
    weight, wavelength = np.ascontiguousarray(s[:, 3]), np.ascontiguousarray(s[:, 4])
    rays = loop.incident_rays(np.ascontiguousarray(s))
    return loop.Light(rays, weight, wavelength, p.polarization, int(p.nopolar), np.array(axes[:-1]), cycle)


def _render(run: Run, inversion: loop.Inversion, session: Session) -> tuple[np.ndarray, np.ndarray]:
    """The float image and sums of solid angles of its rows; progress or printouts go to the log."""
    p, g = run.parameters, run.geometry
    image = np.zeros(p.pixels, np.float32)
    omega_sums = np.zeros(max(p.spixels, 0))
    light = _light(run)
    material = loop.Material(
        run.stol_of, run.Fbg_of, run.stols, p.fluence, p.molecules, run.steps, int(p.Fmap)
    )  # fmt: skip
    carried = np.zeros(1, np.int64)
    table = run.stol_of[: run.stols]
    ordered = bool((table[1:] > table[:-1]).all())

    def render(first: int, last: int) -> np.ndarray:
        printout = np.zeros(((last - first) * p.fpixels if p.printout else 0, loop.PRINTOUT_SIZE))
        # in a table in order every search ends at the same point, wherever it begins
        begin = np.zeros(1, np.int64) if ordered else carried
        loop.render_rows(first, last, g, light, material, inversion, begin, image, omega_sums, printout)
        return printout

    def show(fpixel: int, spixel: int, row: np.ndarray) -> None:
        _print_pixel(run, fpixel, spixel, row, float(image[spixel * p.fpixels + fpixel]), session)

    render_image(p, render, session.threads if ordered else 1, run.progress_pixels, show, session)
    return image, omega_sums


def _print_pixel(run: Run, fpixel: int, spixel: int, row: np.ndarray, photons: float, session: Session) -> None:
    """What -printout shows (quirk: nonbragg-printout). C: nonBragg.c 1585-1600"""
    say = session.say
    weight = float(run.sources[-1, 3]) if len(run.sources) else 0.0
    stol, x, y, z, polar, omega = row.tolist()
    say("%4d %4d : stol = %g or %g", fpixel, spixel, stol, log.half_sine(x, y, z, run.parameters.lambda0))
    say(" F=%g    I = %g", 0.0, weight)
    say("I/steps %15.10g", divide(weight, run.steps))
    say("polar   %15.10g", polar)
    say("omega   %15.10g", omega)
    say("pixel   %15.10g", photons)


def _write_images(run: Run, image: np.ndarray, counted: int | None, seed: int, session: Session) -> None:
    """Statistics, float image, integer image, preview, noise image. C: nonBragg.c 1683-1884

    Parameters
    ----------
    counted : int or None
        What stands for the number of pixels after a table was made (quirk: nonbragg-count).
    """
    p, g, say = run.parameters, run.geometry, session.say
    total, sumsqr, sumn, max_I, at = sums(g, image, NOBODY)
    n = sumn if counted is None else counted
    mean = total / max(n, 1)
    rms = root_of_mean(sumsqr, n)
    rmsd = root_of_mean(*loop.squared_deviations(g, image, mean))
    say("writing %s as %d %u-byte floats", p.floatfile, p.pixels, 4)
    session.write(p.floatfile, [memoryview(image).cast("B")])
    x, y = place_of(g, at)
    say("max_I = %g  at %g %g", max_I, x, y)
    say("mean= %g rms= %g rmsd= %g", mean, rms, rmsd)
    scale = p.intfile_scale
    if scale <= 0.0:
        scale = 55000.0 / max_I if max_I > 0.0 else 1.0
    say("intfile_scale = %g", scale)
    intimage = np.zeros(p.pixels, np.uint16)
    integers.int_image(g, image, scale, p.adc_offset, intimage, NOBODY)
    _write_smv(run, p.intfile, intimage, session)
    pgm_scale = p.pgm_scale
    if pgm_scale <= 0.0:
        pgm_scale = 250.0 / (5.0 * rmsd) if rmsd > 0.0 else scale
    say("pgm_scale = %g", pgm_scale)
    # as long as that of the C program, whose second half is whatever lies behind its pixels (quirk: nonbragg-pgm)
    pgmimage = np.zeros(2 * p.pixels, np.uint8)
    integers.pgm_image(g, image, pgm_scale, pgmimage, NOBODY)
    say("writing %s as %u-byte integers", p.pgmfile, 1)
    header = integers.pgm_header(p.fpixels, p.spixels, printf("%g", pgm_scale))
    session.write(p.pgmfile, [header, memoryview(pgmimage)])
    session.derived |= {"max_I": max_I, "mean": mean, "rms": rms, "rmsd": rmsd, "steps": run.steps}
    if p.calculate_noise:
        state = np.array([seed]), new_table(), new_statics()
        photons, overloads = integers.noise_image(g, image, p.adc_offset, *state, intimage, NOBODY)
        say("%.0f photons on noise image (%d overloads)", photons, overloads)
        _write_smv(run, p.noisefile, intimage, session)


def _write_smv(run: Run, path: str, intimage: np.ndarray, session: Session) -> None:
    p = run.parameters
    session.say("writing %s as %u-byte integers", path, 2)
    text = printf(
        "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\nWAVELENGTH=%g;\n"
        "BEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\nORGX=%g;\nORGY=%g;\nCLOSE_DISTANCE=%g;\n"
        "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\nTWOTHETA=%g;\n",
        p.fpixels, p.spixels, p.pixel_size * 1000.0, p.distance * 1000.0, p.lambda0 * 1e10,
        p.Xbeam * 1000.0, (p.detsize_s - p.Ybeam) * 1000,
        divide(p.Xclose, p.pixel_size), divide(p.Yclose, p.pixel_size), p.close_distance * 1000.0,
        p.phi0 * RTD, p.phi0 * RTD, p.osc * RTD, p.detector_twotheta * RTD,
    )  # fmt: skip
    session.write(path, [padded_header(first_keywords("unsigned_short") + text), memoryview(intimage).cast("B")])
