"""The whole option set of the reference, aspect by aspect, each draw worth a few milliseconds."""

from __future__ import annotations

import random
from collections.abc import Callable

from c_reference.cases import INPUTS
from tests.fuzz.draw import Draft, Drawing, Group

VECTORS = (
    ("0", "0", "1"), ("1", "0", "0"), ("0", "-1", "0"), ("0", "1", "0"), ("0", "0", "0"), ("1", "0.01", "0"),
    ("0.3", "0.2", "0.9"), ("7", "7", "8"), ("0.999982", "-0.005998", "-0.000118"),
    ("-0.005998", "-0.999970", "-0.004913"), ("-0.000088", "0.004914", "-0.999988"),
)  # fmt: skip
VECTOR_OPTIONS = (
    "-fdet_vector", "-sdet_vector", "-odet_vector", "-beam_vector", "-polar_vector", "-spindle_axis", "-twotheta_axis",
    "-pix0_vector",
)  # fmt: skip
HKL_FILES = sorted(path.name for path in INPUTS.glob("*.hkl") if path.stat().st_size < 1_000_000)
CELLS = (
    "50 60 70 90 100 90", "70 80 90 75 85 95", "100 100 100", "34.77 39.17 48.31 90 90 90", "40", "40 50",
    "30 40 50 80 95",
)  # fmt: skip
SOURCE_FILES = (
    "src.txt", "src.txt", "src_ragged.txt", "src_ragged.txt", "A.mat", "air.stol", "crlf.hkl", "comment.hkl",
    "missing.txt", "empty.hkl",
)  # fmt: skip
STOL_FILES = ("air.stol", "air.stol", "src.txt", "empty.hkl", "missing.stol")
MATRICES = ("A.mat", "A2.mat", "cube4.hkl")
MATRICES_FOR_A_CELL = (*MATRICES, "short.mat", "missing.mat", "empty.hkl", "src.txt")


def draw(rng: random.Random, plain: bool = False) -> Draft:
    """Draw a command line, sometimes with a second one that reads the dump of the first.

    Parameters
    ----------
    rng : random.Random
        Where all randomness comes from: the same state gives the same draft.
    plain : bool
        Leave out odd texts of numbers and odd spellings of options.

    Returns
    -------
    Draft
        Groups in random order, except that an option left without its value comes last.
    """
    drawing = Drawing(rng, oddness=0 if plain else rng.choice((0, 0, 0, 0.05, 0.2)))
    _size(drawing)
    for aspect in ASPECTS:
        aspect(drawing)
    if drawing.maybe(0.6):
        rng.shuffle(drawing.groups)
    if drawing.maybe(0.06):
        drawing.add(drawing.one(LONELY))
    reads_dump = any(group.steps == (0,) for group in drawing.groups)
    return Draft(tuple(drawing.groups), (0, 1) if reads_dump else (0,))


def _size(d: Drawing) -> None:
    """Few pixels, in one of the ways to say so, and the number of sub-pixels."""
    f, s = d.rng.randint(3, 20), d.rng.randint(3, 20)
    # left to itself the reference takes the more sub-pixels, the larger the pixels are
    auto_oversample = d.oddness == 0 and d.maybe(0.1)
    pixel = d.rng.choice((0.05, 0.08) if auto_oversample else (0.05, 0.08, 0.1, 0.11, 0.172, 0.3, 0.5, 1, 2))
    way = d.one(("square", "square", "both", "detsize", "detsizes", "zero", "header"))
    if way == "square":
        d.add("-detpixels", d.one((str(f), str(f), str(f), "-5", "1", "7.9", " 8", "0012")), pinned=True)
    if way == "both":
        d.add(d.one(("-detpixels_x", "-detpixels_f")), str(f), pinned=True)
        d.add(d.one(("-detpixels_y", "-detpixels_s")), str(s), pinned=True)
    if way == "zero":
        d.add("-detpixels", d.one(("0", "0x9")), pinned=True)
    if way in ("zero", "detsize"):
        d.add("-detsize", f"{pixel * f + d.rng.choice((0, 0.3, -0.4)) * pixel:.5g}", pinned=True)
    if way == "detsizes":
        d.add("-detsize_f", f"{pixel * f:.4g}", pinned=True)
        d.add("-detsize_s", f"{pixel * s:.4g}", pinned=True)
    if way == "header":
        d.add(d.one(("-img", "-mask", "-mask")), d.one(("header.img", "mask.img")), pinned=True)
    # where the size is in mm, an odd pixel size could make millions of pixels
    free = way in ("square", "both", "header") and d.maybe(0.3) and not auto_oversample
    d.add("-pixel", d.real(0.05, 2) if free else f"{pixel:g}", pinned=True)
    if auto_oversample:
        d.steps_left = 4
    else:
        d.add("-oversample", str(_root(d.share(9))), pinned=True)


def _root(number: int) -> int:
    return int(number**0.5)


def _headers(d: Drawing) -> None:
    if d.maybe(0.06):
        d.add("-img", d.one(("header.img", "header.img", "missing.img")))
    if d.maybe(0.06):
        d.add("-mask", d.one(("mask.img", "mask.img", "missing.img", "header.img")))


def _cell(d: Drawing) -> None:
    """Cell, matrix, both or, rarely, neither; a matrix that may be incomplete only with a cell."""
    way = d.rng.random()
    if way < 0.8:
        values = d.one(CELLS).split()
        if d.maybe(d.oddness):
            values[d.rng.randrange(len(values))] = d.real(30, 90)
        d.add("-cell", *values)
    if 0.65 < way < 0.99:
        d.add(d.one(("-mat", "-matrix")), d.one(MATRICES_FOR_A_CELL if way < 0.8 else MATRICES))


def _misset(d: Drawing) -> None:
    if d.maybe(0.45):
        d.add("-misset", *(d.real(-90, 90) for _ in range(3)))
    elif d.maybe(0.12):
        # the seed of a random orientation stays with it, else the clock decides
        tokens = ("-misset", d.one(("random", "rand")), "-misset_seed", d.count(1, 99999))
        d.groups.append(Group(tokens))
    if d.maybe(0.05):
        d.add("-misset_seed", d.count(1, 99999))


def _crystal_size(d: Drawing) -> None:
    way = d.rng.random()
    if way < 0.45:
        d.add("-N", d.count(0, 30))
    elif way < 0.7:
        for option in d.rng.sample(("-Na", "-Nb", "-Nc"), d.rng.randint(1, 3)):
            d.add(option, d.count(1, 60))
    elif way < 0.8:
        d.add(d.one(("-xtalsize", "-xtal_size", "-samplesize", "-sample_size")), d.real(1e-6, 5e-4))
    elif way < 0.9:
        for options in (
            ("-sample_thick", "-sample_x", "-xtal_thick", "-xtal_x"),
            ("-sample_width", "-sample_y", "-width", "-xtal_width", "-xtal_y"),
            ("-sample_heigh", "-sample_z", "-heigh", "-height", "-xtal_heigh", "-xtal_z"),
        ):
            if d.maybe(0.8):
                d.add(d.one(options), d.real(1e-6, 4e-4))
    if d.maybe(0.5):
        d.add(d.one(("-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots", "-binary_spots")))
    if d.maybe(0.2):
        d.add("-fudge", d.real(0, 3))


def _structure_factors(d: Drawing) -> None:
    if d.maybe(0.6):
        two_steps = d.maybe(0.3)
        file = d.one((*HKL_FILES, "1orc_small.hkl", "1orc_small.hkl", "cube4.hkl", "cube4.hkl"))
        if d.maybe(0.05):
            file = d.one(("missing.hkl", "A.mat", "src.txt", "header.img"))
        d.add("-hkl", file, steps=(0,) if two_steps else (0, 1))
        if d.maybe(0.5):
            d.add("-default_F", d.real(0, 200))
        if d.maybe(0.08):
            d.add(d.one(("-dump", "-dumpfile")), d.one(("Fdump.bin", "my.bin", "nodir/my.bin", "dup.hkl")))
    elif d.maybe(0.97):
        d.add("-default_F", d.real(1, 200))
    if d.maybe(0.35):
        d.add(d.one(("-interpolate", "-nointerpolate")))


def _beam(d: Drawing) -> None:
    if d.maybe(0.8):
        d.add(*d.rng.choice((("-lambda", d.real(0.5, 3)), ("-wave", d.real(0.5, 3)), ("-energy", d.real(5e3, 2e4)))))
    if d.maybe(0.3):
        d.add("-fluence", d.one(("1e20", "1e24", "1e28", "1e50", d.real(1e22, 1e27))))
    for option, low, high, chance in (
        ("-flux", 1e10, 1e16, 0.2),
        ("-beamsize", 1e-5, 1, 0.2),
        ("-exposure", 0, 3, 0.15),
    ):
        if d.maybe(chance):
            d.add(option, d.real(low, high))
    if d.maybe(0.3):
        d.add("-polar", d.one(("0", "1", "-0.5", "0.95", d.real(-1, 1))))
    if d.maybe(0.1):
        d.add("-nopolar")


def _detector(d: Drawing) -> None:
    if d.maybe(0.8):
        d.add(d.one(("-distance", "-distance", "-close_distance")), d.real(20, 300))
    for options in (("-Xbeam", "-Ybeam"), ("-Xclose", "-Yclose"), ("-ORGX", "-ORGY")):
        for option in options if d.maybe(0.2) else ():
            if d.maybe(0.9):
                d.add(option, d.real(-1, 20))
    if d.maybe(0.5):
        d.add(d.one(("-mosflm", "-xds", "-adxv", "-denzo", "-dials")))
    if d.maybe(0.15):
        d.add("-pivot", d.one(("sample", "beam", "neither")))
    if d.maybe(0.25):
        d.add("-twotheta", d.real(-30, 30))
    for option in ("-detector_rotx", "-detector_roty", "-detector_rotz"):
        if d.maybe(0.25):
            d.add(option, d.real(-20, 20))
    for option in VECTOR_OPTIONS:
        if d.maybe(0.09):
            d.add(option, *(d.rng.choice(VECTORS) if d.maybe(0.6) else (d.real(-1, 1) for _ in range(3))))
    for option in ("-curved_det", "-point_pixel"):
        if d.maybe(0.1):
            d.add(option)


def _thickness(d: Drawing) -> None:
    if d.maybe(0.25):
        d.add(d.one(("-detector_abs", "-detector_absorb")), d.one(("inf", "0", d.real(10, 1000), d.real(10, 1000))))
    if d.maybe(0.25):
        d.add("-detector_thick", d.real(10, 1000))
    if d.maybe(0.2):
        d.add(d.one(("-thicksteps", "-detector_thicksteps")), d.count(1, d.share(6)))
    for option in ("-oversample_thick", "-oversample_polar", "-oversample_omega"):
        if d.maybe(0.1):
            d.add(option)


def _phi(d: Drawing) -> None:
    if d.maybe(0.4):
        d.add("-phi", d.one(("0", "0", d.real(-10, 10))))
    osc = d.rng.uniform(0.5, 5)
    if d.maybe(0.35):
        d.add("-osc", d.one((f"{osc:.4g}", f"{osc:.4g}", d.real(0, 5))))
    steps = d.share(10)
    if d.maybe(0.25):
        d.add("-phisteps", d.count(1, steps))
    if d.maybe(0.2):
        d.add("-phistep", f"{osc / steps:.3g}")


def _sources(d: Drawing) -> None:
    if d.maybe(0.08):
        d.add("-sourcefile", d.one(SOURCE_FILES))
    if d.maybe(0.1):
        d.add("-divergence", d.real(0, 3))
    if d.maybe(0.06):
        d.add("-divsteps", d.count(1, _root(d.share(9))))
    for axis in "hv":
        angle = d.rng.uniform(0.5, 3)
        steps = d.share(4)
        if d.maybe(0.15):
            d.add(f"-{axis}divrange", f"{angle:.4g}")
        if d.maybe(0.1):
            d.add(f"-{axis}divstep", f"{angle / steps:.4g}")
        if d.maybe(0.12):
            d.add(f"-{axis}divsteps", d.count(1, steps))
    if d.maybe(0.1):
        d.add(d.one(("-round_div", "-square_div")))
    if d.maybe(0.2):
        d.add("-dispersion", d.real(-1, 3))
    if d.maybe(0.2):
        d.add("-dispsteps", d.count(1, d.share(5)))


def _mosaic(d: Drawing) -> None:
    steps = d.share(10)
    if d.maybe(0.25):
        if d.maybe(0.7) or steps < 10:
            d.add(d.one(("-mosaic_dom", "-mosaic_domains")), d.count(1, steps))
        d.add(d.one(("-mosaic", "-mosaici", "-mosaicity", "-mosaic_spread")), d.one((d.real(0, 2), "90")))
    elif d.maybe(0.05):
        d.add("-mosaic_dom", d.count(1, steps))
    if d.maybe(0.1):
        d.add("-mosaic_seed", d.count(-9, 99999))


def _extras(d: Drawing) -> None:
    for option, low, high, chance in (
        ("-dmin", 1, 10, 0.12),
        ("-water", 0, 50, 0.12),
        ("-adc", -60, 60, 0.1),
        ("-scale", 0, 60, 0.1),
        ("-pgmscale", 0, 3, 0.1),
        ("-density", 0, 2, 0.02),
        ("-MW", 1, 99, 0.02),
    ):
        if d.maybe(chance):
            d.add(option, d.real(low, high))
    if d.maybe(0.15):
        d.add("-roi", *(d.one((d.count(0, 20), d.count(0, 20), "-1", "30")) for _ in range(4)))
    if d.maybe(0.04):
        d.add(d.one(("-stol", "-4stol", "-Q")), d.one(STOL_FILES))
    if d.maybe(0.1):
        d.add(d.one(IGNORED_OR_SURPRISING), d.real(0, 3))


def _output(d: Drawing) -> None:
    if d.maybe(0.85):
        d.add("-seed", d.one((d.count(1, 99999), d.count(1, 99999), "0", "-7", "3000000000", "2147483647")))
    for option, chance in (("-nonoise", 0.35), ("-nopgm", 0.15), ("-noprogress", 0.3), ("-progress", 0.1)):
        if d.maybe(chance):
            d.add(option)
    if d.maybe(0.06):
        d.add("-printout")
    if d.maybe(0.06):
        d.add("-printout_pixel", d.count(0, 8), d.count(0, 8))
    for options, names in (
        (("-floatfile", "-floatimage"), ("f.bin", "-curved_det")),
        (("-intfile", "-intimage"), ("i.img", "floatimage.bin")),
        (("-pgmfile", "-pgmimage"), ("p.pgm", "-nonoise")),
        (("-noisefile", "-noiseimage"), ("n.img", "intimage.img")),
    ):
        if d.maybe(0.06):
            d.add(d.one(options), d.one((*names, names[0], names[0], "nodir/x")))


#: Every aspect of a run; each draws its own options.
ASPECTS: tuple[Callable[[Drawing], None], ...] = (
    _headers, _cell, _misset, _crystal_size, _structure_factors, _beam, _detector, _thickness, _phi, _sources, _mosaic,
    _extras, _output,
)  # fmt: skip

#: What the reference ignores, or takes for something else than one would think.
IGNORED_OR_SURPRISING = (
    "-coherent", "-nothing", "word", "-", "--", "-stolout", "-intfile_scale", "-phi0", "-hdiv", "-polarization",
    "-detsize_x", "-dispstep", "-source_dist",
)  # fmt: skip

#: Options that want a value and, coming last, get none.
LONELY = (
    "-curved_det", "-lambda", "-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps", "-misset",
    "-cell", "-hkl", "-seed", "-roi", "-polar", "-oversample", "-N", "-Na", "-fdet_vector", "-printout_pixel", "-mat",
)  # fmt: skip
