"""Options of noisify: one row an option, in the order in which the C program tests them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum

from ...cli.help import Page, parser_of
from ...crules.text import atof, atoi, single, to_int
from ...errors import OptionError
from ...options.scan import OptionTable
from ...options.table import Flag, mm, negated
from ...system.files import readable
from ..console import USUAL

INFILE = "floatimage.bin"  # any word that contains it names the float image
NOT_GIVEN = -1e99  # as a beam centre


class Psf(Enum):
    """Shape of the point spread function."""

    UNKNOWN = "none"
    FIBER = "fiber"
    GAUSS = "Gaussian"


@dataclass
class Parameters:
    """What the arguments ask for, in m, photons and ADU. C: noisify.c 104-156"""

    floatfile: str = INFILE
    floatfile_opens: bool = False
    header: str | None = None
    distance: float = 100.0e-3
    detsize_x: float = 102.4e-3
    detsize_y: float = 102.4e-3
    pixel: float = 0.1e-3
    Xbeam: float = NOT_GIVEN
    Ybeam: float = NOT_GIVEN
    xpixels: int = 0
    ypixels: int = 0
    wavelength: float = 1.0  # as it was typed
    phi0: float = 0.0  # degrees, as it was typed
    osc: float = 1.0
    psf: Psf = Psf.UNKNOWN
    psf_fwhm: float = single(46e-6)
    psf_radius: int = 0  # pixels; 0: automatic
    fluence: float = 125932015286227086360700780544.0  # photons/m^2
    photon_scale: float = 1.0
    bits: int = 16
    readout_noise: float = 0.0
    flicker_noise: float = 0.0  # fractions
    calibration_noise: float = 0.03
    adc_offset: float = 40.0
    quantum_gain: float = 1.0
    seed: int | None = None  # None: from the clock
    calib_seed: int = 123456789
    intfile: str = "intimage.img"
    pgmfile: str = "image.pgm"
    noisefile: str = "noiseimage.img"
    write_pgm: bool = True
    calculate_noise: bool = True


def take_file(p: Parameters, token: str) -> bool:
    """A word that contains the usual name is the float image, and no option. C: noisify.c 163-168"""
    if INFILE not in token:
        return False
    set_floatfile(p, [token])
    return True


def set_floatfile(p: Parameters, following: list[str]) -> None:
    """The last name counts, also if it cannot be opened."""
    p.floatfile, p.floatfile_opens = following[0], readable(following[0])


def set_psf(p: Parameters, following: list[str]) -> None:
    """Of the two names in a word the last one counts; any other word means none."""
    if not following:
        raise OptionError("-psf is the last argument, but needs gauss or fiber")
    p.psf = Psf.GAUSS if "gauss" in following[0] else Psf.UNKNOWN
    p.psf = Psf.FIBER if "fiber" in following[0] else p.psf


# fmt: off
FLAGS: tuple[Flag, ...] = (
    Flag("-lambda", "172-176", "WAVELENGTH", "wavelength, for the header", unit="Angstrom", sets=("wavelength",),
         convert=atof, default="1"),
    Flag("-Xbeam", "177-180", "X", "direct beam along the fast axis, for the header", unit="mm", sets=("Xbeam",),
         convert=mm, default="the middle"),
    Flag("-Ybeam", "181-184", "Y", "direct beam along the slow axis, for the header", unit="mm", sets=("Ybeam",),
         convert=mm, default="the middle"),
    Flag("-distance", "185-188", "D", "sample to detector, for the header", unit="mm", sets=("distance",), convert=mm,
         default="100"),
    Flag("-detsize", "189-193", "SIZE", "detector size along both axes", ("=-detsize",), "mm",
         sets=("detsize_x", "detsize_y"), convert=mm, default="102.4"),
    Flag("-detsize_x", "194-197", "SIZE", "detector size along the fast axis", unit="mm", sets=("detsize_x",),
         convert=mm),
    Flag("-detsize_y", "198-201", "SIZE", "detector size along the slow axis", unit="mm", sets=("detsize_y",),
         convert=mm),
    Flag("-detpixels", "202-205", "N", "pixels along both axes", ("=-detpixels",), sets=("xpixels", "ypixels"),
         convert=atoi, default="guessed from the size of the file"),
    Flag("-detpixels_x", "206-209", "N", "pixels along the fast axis", sets=("xpixels",), convert=atoi),
    Flag("-detpixels_y", "210-213", "N", "pixels along the slow axis", sets=("ypixels",), convert=atoi),
    Flag("-pixel", "214-217", "SIZE", "pixel size", unit="mm", sets=("pixel",), convert=mm, default="0.1"),
    Flag("-psf", "218-224", "TYPE", "point spread function: gauss or fiber", ("=-psf",), needs=0, apply=set_psf,
         default="none"),
    Flag("-psf_radius", "225-228", "R", "radius to which the point spread function is rendered", ("-psf_rad",),
         "pixels", sets=("psf_radius",), convert=lambda text: to_int(atof(text)), default="0: automatic"),
    Flag("-psf_fwhm", "229-232", "SIZE", "full width at half maximum of the point spread function",
         ("-psf_si", "-psf_fw", "-psf_wi"), "um", sets=("psf_fwhm",), convert=lambda text: single(atof(text) / 1e6),
         default="46"),
    Flag("-fluence", "233-236", "F", "photons through a unit of area, where the image is in electrons^2 sr",
         unit="photons/m^2", sets=("fluence",), convert=atof, default="1.25932e+29"),
    Flag("-floatfile", "237-241", "FILE", "the float image", ("-floatfile", "-floatimage", "-bin"),
         apply=set_floatfile),
    Flag("-header", "242-245", "FILE", "SMV image whose header sets the geometry and is copied", sets=("header",)),
    Flag("-pgmfile", "246-249", "FILE", "8-bit preview", ("-pgmfile", "-pgmimage"), sets=("pgmfile",),
         default="image.pgm"),
    Flag("-intfile", "250-253", "FILE", "integer image without noise", ("-intfile", "-intimage"), sets=("intfile",),
         default="intimage.img"),
    Flag("-bits", "254-257", "N", "bits of a pixel of the integer images: 16 or 32", sets=("bits",), convert=atoi,
         default="16"),
    Flag("-noisefile", "258-261", "FILE", "integer image with noise", ("-noisefile", "-noiseimage"),
         sets=("noisefile",), default="noiseimage.img"),
    Flag("-nonoise", "262-266", "", "no noise, and no noise image", also={"calculate_noise": False}),
    Flag("-nopgm", "267-270", "", "no preview", also={"write_pgm": False}),
    Flag("-readout_noise", "271-274", "S", "Gaussian read-out noise of every pixel", ("-readout", "-readnoi"), "ADU",
         sets=("readout_noise",), convert=atof, default="0"),
    Flag("-flicker", "275-278", "S", "noise of the source, drawn for each pixel", unit="fraction",
         sets=("flicker_noise",), convert=atof, default="0"),
    Flag("-calibration", "279-282", "S", "error of the calibration of each pixel", unit="fraction",
         sets=("calibration_noise",), convert=atof, default="0.03"),
    Flag("-scale", "283-286", "S", "scale from the float image to photons", sets=("photon_scale",), convert=atof,
         default="1"),
    Flag("-seed", "287-290", "N", "seed of all noise but that of the calibration", sets=("seed",), convert=negated,
         default="the clock"),
    Flag("-calib_seed", "291-294", "N", "seed of the calibration", sets=("calib_seed",), convert=negated),
    Flag("-badpix_seed", "295-298", "N", "seed of bad pixels", no_effect="there are no bad pixels"),
    Flag("-hotpix_seed", "299-302", "N", "seed of hot pixels", no_effect="there are no hot pixels"),
    Flag("-adc", "303-306", "OFFSET", "added to each pixel of the integer images", unit="ADU", sets=("adc_offset",),
         convert=atof, default="40"),
    Flag("-gain", "307-310", "G", "ADU a photon", sets=("quantum_gain",), convert=atof, default="1"),
    Flag("-phi", "311-314", "ANGLE", "spindle angle, for the header", unit="deg", sets=("phi0",), convert=atof,
         default="0"),
    Flag("-osc", "315-318", "RANGE", "oscillation range, for the header", unit="deg", sets=("osc",), convert=atof,
         default="1"),
)
# fmt: on

PAGE = Page(
    "noisify",
    "noisify -floatfile FILE [option ...]",
    "Makes counts of a detector from a float image in photons a pixel: flicker of the source, error of the calibration,"
    " photon counting, point spread, read-out noise. A port of the C program of that name: the same arguments, the same"
    " bytes.",
    "Written to the current folder: the integer image without noise, a preview (PGM), and the noise image (SMV)."
    " Options are recognised as the C program does it: anything that begins with a dash and contains the name of an"
    " option counts as that option. Exit status: 0, or 9 with one line on standard error that says what is wrong.",
    {
        "input": "-floatfile -header -scale -fluence -detpixels -detpixels_x -detpixels_y",
        "noise": "-flicker -calibration -readout_noise -gain -adc -seed -calib_seed -nonoise",
        "point spread": "-psf -psf_fwhm -psf_radius",
        "output": "-intfile -noisefile -pgmfile -nopgm -bits",
        "geometry": "-pixel -detsize -detsize_x -detsize_y -distance -Xbeam -Ybeam -lambda -phi -osc",
        "accepted without effect": "-badpix_seed -hotpix_seed",
    },
    OptionTable(FLAGS, USUAL, word=take_file),
)


def missing(p: Parameters) -> str | None:
    """What was expected and not given, if anything. C: noisify.c 324-351"""
    if p.floatfile_opens:
        return None
    found = "" if p.floatfile == INFILE else f"found {p.floatfile}, which cannot be read; "
    return f"{found}expected a float image: -floatfile FILE"


def build_parser() -> argparse.ArgumentParser:
    """All options, for the man page."""
    return parser_of(PAGE)
