"""The images of noisify, in the C program's order, and its log."""

from __future__ import annotations

import time

import numpy as np

from ...crules.random import new_statics, new_table
from ...crules.text import printf
from ...errors import InputError
from ...output.integers import pgm_header
from ...system import memory
from ...system.files import InputStream
from ..console import Session
from . import noise
from .geometry import Layout, decide, smv_header
from .options import Parameters, Psf
from .psf import apply_psf

R_E_SQR = 7.94079248018965e-30  # m^2
LARGEST = 2**31 - 1  # bytes of a file
BYTES_A_PIXEL = 4 + 4 + 2 + 4 + 1  # of the images


def make_images(p: Parameters, session: Session) -> None:
    """Read the float image, write the others. C: noisify.c 354-663"""
    seed = -int(time.time()) if p.seed is None else p.seed
    with InputStream(p.floatfile, "a float image") as stream:
        size = -1 if stream.is_pipe else stream.size()
        if size > LARGEST:
            raise InputError(f"{p.floatfile}: found {size} bytes, expected up to {LARGEST}")
        layout = decide(p, size, session)
        image = _read(p.floatfile, stream, layout.pixels, size)
    session.say("importing %d pixel intensites: %s", layout.pixels, p.floatfile)
    if not p.calculate_noise:
        p.calibration_noise = p.readout_noise = p.flicker_noise = 0.0
    _say_parameters(p, layout, seed, session)
    photons = np.empty_like(image)
    max_I, negative = noise.photons(image, p.fluence * R_E_SQR * p.photon_scale, photons)
    if negative:
        session.say("WARNING: %d pixels of %s are negative", negative, p.floatfile)
    session.say(
        "maximum value in input file: %g ( %g on photon scale)", max_I, max_I * p.photon_scale * p.fluence * R_E_SQR
    )
    blurred = p.psf is not Psf.UNKNOWN and p.psf_fwhm > 0.0
    if blurred and not p.calculate_noise:
        session.say("  applying PSF to noiseless image width = %g pixels", _fwhm(p, layout))
        photons = _blur(p, layout, photons, session)
    int16, int32 = np.empty(image.size, np.uint16), np.empty(image.size, np.uint32)
    noise.noiseless_integers(photons, p.quantum_gain, p.adc_offset, int16, int32)
    _write_integers(p, layout, p.intfile, int16, int32, session, f"{layout.pixels} ")
    if p.write_pgm:
        session.say("writing %s as %d-byte integers", p.pgmfile, 1)
        pixels = np.minimum(int16, 255).astype(np.uint8)
        session.write(p.pgmfile, [pgm_header(layout.xpixels, layout.ypixels, "1"), memoryview(pixels)])
    if p.calculate_noise:
        _make_noise_image(p, layout, photons, seed, int16, int32, session, blurred)


def _make_noise_image(
    p: Parameters,
    layout: Layout,
    photons: np.ndarray,
    seed: int,
    int16: np.ndarray,
    int32: np.ndarray,
    session: Session,
    blurred: bool,
) -> None:
    """Count photons, spread them, read them out. C: noisify.c 570-663"""
    state = new_table(), new_statics()
    shot, calibration = np.array([seed]), np.array([p.calib_seed])
    noise.count_photons(photons, p.flicker_noise, p.calibration_noise, shot, calibration, *state)
    if blurred:
        session.say("%.0f photons on noise image before PSF", noise.sum_of_counts(photons, True))
        session.say("  applying PSF width = %g um", p.psf_fwhm * 1e6)
        photons = _blur(p, layout, photons, session)
    overloads = noise.noisy_integers(
        photons, p.quantum_gain, p.adc_offset, p.readout_noise, p.bits, shot, *state, int16, int32
    )
    total = noise.sum_of_counts(photons, False)
    session.say("%.0f photons on noise image (%d overloads)", total, overloads)
    _write_integers(p, layout, p.noisefile, int16, int32, session, "")
    session.derived |= {"photons": total, "overloads": overloads, "seed": -seed}


def _read(path: str, stream: InputStream, pixels: int, size: int) -> np.ndarray:
    """Pixels of the file, the rest zero (quirk: noisify-quarter-of-a-file). C: noisify.c 435-448"""
    expected = f"{path}: expected at least {pixels} bytes, a quarter of {pixels} pixels"
    if 0 <= size < pixels:
        raise InputError(f"{expected}, found {size}")
    memory.check(f"image of {pixels} pixels", BYTES_A_PIXEL * pixels)
    image = np.zeros(pixels, np.float32)
    if stream.read_into(memoryview(image).cast("B")) < pixels:
        raise InputError(expected)
    return image


def _fwhm(p: Parameters, layout: Layout) -> float:
    """Width of the point spread function in pixels."""
    return np.float64(p.psf_fwhm) / np.float64(layout.pixel)


def _blur(p: Parameters, layout: Layout, photons: np.ndarray, session: Session) -> np.ndarray:
    return apply_psf(
        photons, layout.xpixels, layout.ypixels, p.psf, _fwhm(p, layout), p.psf_radius, session.threads, session.say
    )


def _write_integers(
    p: Parameters, layout: Layout, path: str, int16: np.ndarray, int32: np.ndarray, session: Session, count: str
) -> None:
    """An integer image; without 16 or 32 bits only its header. C: noisify.c 521-548, 639-663"""
    pixels = {16: int16, 32: int32}.get(p.bits, int16[:0])
    if pixels.size:
        session.say("writing %s as %s%d-byte integers", path, count, pixels.itemsize)
    session.write(path, [smv_header(layout, p), memoryview(pixels).cast("B")])


def _say_parameters(p: Parameters, d: Layout, seed: int, session: Session) -> None:
    """What was decided. C: noisify.c 462-478"""
    say = session.say
    say("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)",
        d.distance, d.detsize_x, d.detsize_y, d.pixel, d.xpixels, d.ypixels)  # fmt: skip
    say("  Xbeam=%g Ybeam=%g", d.Xbeam, d.Ybeam)
    spread = "" if p.psf is Psf.UNKNOWN else printf("  %s PSF fwhm = %g um ", p.psf.value, p.psf_fwhm * 1e6)
    if spread and p.psf_radius == 0:
        say("%s  with automatic rendering radius", spread)
        spread = ""
    if p.psf is not Psf.UNKNOWN and p.psf_radius >= 0:
        say("%s  with rendering radius: %d", spread, p.psf_radius)
        spread = ""
    say("%s  seed: %d", spread, seed)
    say("  calibration noise seed: %d", p.calib_seed)
    say("  calibration_noise = %g %%", p.calibration_noise * 100)
    say("  input file scale = %g", p.photon_scale)
    say("  readout_noise = %g ADU", p.readout_noise)
    say("  flicker_noise = %g %%", p.flicker_noise * 100)
    say("  quantum_gain = %g ADU/photon", p.quantum_gain)
    say("  adc_offset = %g ADU", p.adc_offset)
    say("")
