"""The images of nearBragg and its log, in the C program's order."""

from __future__ import annotations

import math

import numpy as np

from ... import log
from ...crules.text import divide, printf
from ...formats.smv import first_keywords, padded_header
from ...kernels.scene import Geometry
from ...kernels.stopping import NOBODY
from ...rendering.statistics import omega_sum_bounds, place_of, root_of_mean, sums
from ...system.files import InputStream, readable
from ..console import Session
from ..rendering import render_image
from . import certified
from . import pixels as loop
from .options import PI, RTD, Parameters
from .setup import Run, plan_sources, prepare, say_summary


def make_images(p: Parameters, session: Session) -> None:
    """Everything after the options. C: nearBragg.c 407-1272"""
    session.say("nearBragg assumption-free diffraction simulator - James Holton 11-21-17")
    run = prepare(p, session)
    images = loop.Images(*(np.zeros(p.pixels, np.float32) for _ in range(3)), np.zeros(max(p.spixels, 0)))
    if p.accumulate:
        _import_images(p, images, session)
    plan_sources(run, session)
    say_summary(run, session)
    geometry = _geometry(run)
    _render(run, geometry, images, session)
    session.say("")
    low, high = map(_solid_angle, omega_sum_bounds(Whole(geometry), images.omega_sums))
    session.say("%s", low if low == high else _solid_angle(loop.serial_omega_sum(geometry)))
    _write_images(run, geometry, images, session)


class Whole:
    """What bounds of a sum of solid angles need to know."""

    def __init__(self, geometry: Geometry):
        self.geometry = geometry


def _solid_angle(total: float) -> str:
    return printf("solid angle subtended by detector = %g steradian ( %g%% sphere)", total, 100 * total / 4 / PI)


def _import_images(p: Parameters, images: loop.Images, session: Session) -> None:
    """Images that are there and are added to (quirk: nearbragg-accumulate). C: nearBragg.c 861-902"""
    if not p.coherent:
        _import(p.floatfile, images.floats, "intensity", "image", session)
        return
    _import(p.sinfile, images.sines, "sin", "Im(F)", session)
    _import(p.cosfile, images.cosines, "cos", "Re(F)", session)


def _import(path: str, image: np.ndarray, what: str, name: str, session: Session) -> None:
    if not readable(path):
        session.say("WARNING: there is no %s to add to", path)
        session.say("setting initial %s to all zeroes...", name)
        return
    session.say("importing %s: %s", what, path)
    with InputStream(path, "floats") as stream:
        read = stream.read_into(memoryview(image).cast("B"))
    # a piece of a float is not kept
    image[read // 4 :] = 0.0
    if read < image.nbytes:
        session.warn(f"{path}: found {read} bytes, expected {image.nbytes}; the rest is zero")


def _geometry(run: Run) -> Geometry:
    p = run.parameters
    return Geometry(
        p.fpixels, p.spixels, run.oversample, p.pixel_size, p.pixel_size / run.oversample,
        p.fdet_vector, p.sdet_vector, (0.0, 0.0, 0.0), p.pix0_vector, (1.0, 0.0, 0.0), p.distance, p.distance,
        int(p.curved_detector), int(p.point_pixel), 0.0, 0.0, 1, 0.0, *p.roi, np.empty(0, np.uint16),
    )  # fmt: skip


def _source(run: Run) -> loop.Source:
    """Points of the source, the depth of each direction last. C: nearBragg.c 1057-1063"""
    p = run.parameters
    position = [
        (-p.source_distance + ddepth, math.atan(hdiv) * p.source_distance, math.atan(vdiv) * p.source_distance)
        for hdiv, vdiv in run.directions
        for ddepth in run.depths
    ]
    return loop.Source(
        len(run.directions), len(run.depths), np.array(position).reshape(-1, 3), int(p.far_source),
        np.array(run.wavelengths), int(p.coherent), p.fluence, run.steps,
    )  # fmt: skip


def _render(run: Run, g: Geometry, images: loop.Images, session: Session) -> None:
    p, source = run.parameters, _source(run)
    waves = source.position.shape[0] * source.wavelengths.size * run.oversample * run.oversample * len(run.atoms)
    shown: list[np.ndarray] = []

    tables = None if p.printout else certified.tables_of(g, source, run.atoms)

    def render(first: int, last: int) -> np.ndarray:
        if tables is not None:
            scratch, nothing = np.empty(certified.SUMS * certified.LANES), np.empty((1, 1, 0))
            certified.render_certified(first, last, g, source, run.atoms, tables, images, scratch, nothing)
            return nothing
        size = (last - first) * p.fpixels
        printout = np.zeros((size + 1, loop.PRINTOUT_SIZE) if p.printout else (1, 0))
        terms = np.zeros((size + 1, waves, loop.TERM) if p.printout and p.debug else (1, 0, 0))
        loop.render_rows(first, last, g, source, run.atoms, images, printout, terms)
        shown[:] = [terms, first]
        return printout

    def show(fpixel: int, spixel: int, row: np.ndarray) -> None:
        if p.debug:
            terms, first = shown
            _print_waves(run, terms[(spixel - first) * p.fpixels + fpixel], session)
        _print_pixel(run, fpixel, spixel, row, images, session)

    render_image(p, render, session.threads, run.progress_pixels, show, session)


def _print_waves(run: Run, terms: np.ndarray, session: Session) -> None:
    """Every wave of a pixel. C: nearBragg.c 1113-1116"""
    atoms = run.atoms[:, :3].tolist()
    for n, (phase, Fa, Fb) in enumerate(terms.tolist()):
        i = n % len(atoms)
        session.say("%d  %g %g %g -> %g %g %g", i, *atoms[i], phase, Fa, Fb)


def _print_pixel(run: Run, fpixel: int, spixel: int, row: np.ndarray, images: loop.Images, session: Session) -> None:
    """What -printout shows of a pixel. C: nearBragg.c 1176-1190"""
    p, say = run.parameters, session.say
    x, y, z, airpath, omega, Fa, Fb, I = row.tolist()
    j = spixel * p.fpixels + fpixel
    photons, omega = float(images.floats[j]), divide(divide(omega, airpath), airpath)
    say("%4d %4d : stol = %g", fpixel, spixel, log.half_sine(x, y, z, p.lambda0))
    say(" Fa=%g  Fb=%g   I = %g", Fa, Fb, I)
    say("cos=%g sin=%g", float(images.cosines[j]), float(images.sines[j]))
    say("I/sr   %15.10g", divide(photons, omega))
    say("omega  %15.10g", omega)
    say("pixel  %15.10g", photons)


def _write_images(run: Run, g: Geometry, images: loop.Images, session: Session) -> None:
    """Statistics, float images, integer image. C: nearBragg.c 1215-1272"""
    p, say = run.parameters, session.say
    total, sumsqr, sumn, max_I, at = sums(g, images.floats, NOBODY)
    mean, rms = total / max(sumn, 1), root_of_mean(sumsqr, sumn)
    written = [(p.floatfile, images.floats)]
    if p.coherent:
        written += [(p.sinfile, images.sines), (p.cosfile, images.cosines)]
    for path, image in written:
        say("writing %s as %d %u-byte floats", path, p.pixels, 4)
        session.write(path, [memoryview(image).cast("B")])
    x, y = place_of(g, at)
    say("max_I = %g  at %g %g", max_I, x, y)
    say("mean= %g rms= %g", mean, rms)
    scale = p.intfile_scale
    if scale <= 0.0:
        scale = 55000.0 / max_I if max_I > 0.0 else 1.0
    say("intfile_scale = %g", scale)
    intimage = np.zeros(p.pixels, np.uint16)
    loop.integers(g, images.floats, scale, intimage)
    say("writing %s as %u-byte integers", p.intfile, 2)
    session.write(p.intfile, [_smv_header(p), memoryview(intimage).cast("B")])
    session.derived |= {"max_I": max_I, "mean": mean, "rms": rms, "steps": run.steps, "atoms": len(run.atoms)}


def _smv_header(p: Parameters) -> bytes:
    text = printf(
        "SIZE1=%d;\nSIZE2=%d;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\n"
        "WAVELENGTH=%g;\nBEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n"
        "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=0;\n",
        p.fpixels, p.spixels, p.pixel_size * 1000.0, p.distance * 1000.0,
        p.lambda0 * 1e10, p.Xbeam * 1000.0, (p.detsize_s - p.Ybeam) * 1000, p.phi0 * RTD, p.phi0 * RTD,
    )  # fmt: skip
    return padded_header(first_keywords("unsigned_short") + text)
