"""The files of a finished run, in the reference's order, and the lines that announce them."""

from __future__ import annotations

import numpy as np

from ..crules.random import new_statics
from ..crules.text import printf
from ..formats.smv import SmvHeader, smv_header
from ..log import Say
from ..parameters import RTD, Parameters
from ..run import Image, Run, Timing
from ..system.files import write_file
from ..system.stopping import Stop
from ..system.zeros import blank
from . import integers


def output_names(p: Parameters) -> list[str]:
    """The parameters that hold the names of the images, in the order in which those are written."""
    return ["floatfile", "intfile", *["pgmfile"] * p.write_pgm, *["noisefile"] * p.calculate_noise]


def write_images(run: Run, image: Image, say: Say, timing: Timing, stop: Stop | None = None) -> None:
    """Write the float image, the integer image, the preview and the noise image. C: 3121-3285

    Raises
    ------
    OutputError
        At the first file that cannot be written; earlier ones stay.
    CancelledError
        If it was stopped; files that were written before stay.
    """
    stop = stop or Stop()
    p, g = run.parameters, run.scene.geometry
    pixels = p.pixels
    # an image without rows or columns can still have a size
    floats = image.pixels if image.pixels.size == pixels else blank(pixels, np.float32)
    intimage = blank(pixels, np.uint16)
    with timing.part("outputs"):
        if p.floatfile is not None:
            say("writing %s as %d %u-byte floats", p.floatfile, pixels, 4)
            write_file(p.floatfile, [memoryview(floats).cast("B")])
        s = image.statistics
        say("max_I = %g  at %g %g", s.max_I, s.max_I_x, s.max_I_y)
        say("mean= %g rms= %g rmsd= %g", s.mean, s.rms, s.rmsd)
        scale = p.intfile_scale
        if scale <= 0.0:
            scale = 55000.0 / s.max_I if s.max_I > 0.0 else 1.0
        say("intfile_scale = %g", scale)
        if p.intfile is not None:
            stop.call(integers.int_image, g, image.pixels, scale, p.adc_offset, intimage, stop.address)
            _write_smv(run, p.intfile, intimage, False, say)
        if p.write_pgm:
            _write_pgm(run, image, scale, say, stop)
    if p.calculate_noise:
        with timing.part("noise"):
            idum = np.array([run.seed])
            total, overloads = stop.call(
                integers.noise_image,
                g, image.pixels, p.adc_offset, idum, run.random_table, new_statics(), intimage, stop.address,
            )  # fmt: skip
            say("%.0f photons on noise image (%d overloads)", total, overloads)
            _write_smv(run, p.noisefile, intimage, True, say)


def _write_pgm(run: Run, image: Image, intfile_scale: float, say: Say, stop: Stop) -> None:
    p, g = run.parameters, run.scene.geometry
    scale = p.pgm_scale
    if scale <= 0.0:
        rmsd = image.statistics.rmsd
        scale = 250.0 / (5.0 * rmsd) if rmsd > 0.0 else intfile_scale
    say("pgm_scale = %g", scale)
    pgmimage = blank(p.pixels, np.uint8)
    stop.call(integers.pgm_image, g, image.pixels, scale, pgmimage, stop.address)
    say("writing %s as %u-byte integers", p.pgmfile, 1)
    header = integers.pgm_header(g.fpixels, g.spixels, printf("%g", scale))
    write_file(p.pgmfile, [header, memoryview(pgmimage)])


def _write_smv(run: Run, path: str, intimage: np.ndarray, noise: bool, say: Say) -> None:
    p, d = run.parameters, run.detector
    say("writing %s as %u-byte integers", path, 2)
    header = SmvHeader(
        p.fpixels, p.spixels, p.pixel_size, d.distance, d.close_distance, p.lambda0, p.Xbeam, p.Ybeam,
        d.Fbeam, d.Sbeam, p.detsize_s, d.dials_origin, d.ORGX, d.ORGY,
        p.phi0 * RTD, run.plan.phi.range * RTD, p.detector_twotheta * RTD,
    )  # fmt: skip
    write_file(path, [smv_header(header, noise), memoryview(intimage).cast("B")])
