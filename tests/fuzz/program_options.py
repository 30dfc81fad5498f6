"""Random command lines of noisify, nonBragg, nearBragg and float_add, each worth a few milliseconds."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fuzz.draw import Draft, Drawing

FLOATS = ("f32.bin", "g32.bin", "f48.bin", "fbright.bin", "fdim.bin", "fminus1.bin", "fneg.bin", "fodd.bin",
          "fprime.bin", "fsix.bin", "fsteps.bin", "fzero.bin", "outliers.bin", "const.bin", "floatimage.bin",
          "fpoints.bin")  # fmt: skip
SUMMED = (*FLOATS, "f64.bin", "g64.bin", "g64.map", "h64.map", "fshort.bin", "missing.bin")
ATOMS = ("mol.txt", "molB.txt", "molP.txt", "messy.txt", "lattice.txt", "lat2d.txt", "one.txt", "noeol.txt",
         "noeol4.txt", "crlfatoms.txt", "longline.txt", "blanks.txt", "emptyatoms.txt", "big.txt",
         "missing.txt")  # fmt: skip
TABLES = ("wat.stol", "wat.stol", "start.stol", "coarse.stol", "neg.stol", "nan.stol", "noeol.stol", "one.stol",
          "two.stol", "unsorted.stol", "dup.stol", "comment.stol", "crlf.stol", "blank.stol", "empty.stol",
          "missing.stol")  # fmt: skip
VECTORS = ("0 0 1", "1 0 0", "0 -1 0", "0 1 0", "1 0.01 0", "0.3 0.2 0.9", "0.999982 -0.005998 -0.000118", "0 0 0")
SEEDS = ("1", "42", "-5", "0", "2147483647", "2472804", "7.9")

# option -> (chance, kind of value, lowest, highest)
Options = dict[str, tuple]


def draw(rng: random.Random, program: str) -> Draft:
    """Draw a command line of a program: the same state gives the same one."""
    drawing = Drawing(rng, oddness=rng.choice((0, 0, 0, 0, 0.03, 0.1)))
    DRAWS[program](drawing)
    if drawing.maybe(0.6):
        rng.shuffle(drawing.groups)
    return Draft(tuple(drawing.groups))


def _some(d: Drawing, options: Options, chance: float) -> None:
    """Each option with a chance."""
    for option, (kind, *limits) in options.items():
        if d.maybe(chance):
            _one(d, option, kind, limits)


def _one(d: Drawing, option: str, kind: str, limits: list) -> None:
    if kind == "switch":
        d.add(option)
    elif kind == "real":
        d.add(option, d.real(*limits))
    elif kind == "count":
        d.add(option, d.count(*limits))
    elif kind == "vector":
        d.add(option, *d.one(VECTORS).split())
    else:
        d.add(option, d.one(limits))


def _roi(d: Drawing, size: int) -> None:
    """Sometimes a region, mostly within the image."""
    if d.maybe(0.15):
        bounds = [d.rng.randint(-1, size + 2) for _ in range(4)]
        d.add("-roi", *map(str, [min(bounds[:2]), max(bounds[:2]), min(bounds[2:]), max(bounds[2:])]))


def _float_add(d: Drawing) -> None:
    for _ in range(d.rng.choice((1, 2, 2, 2, 3))):
        d.add(d.one(SUMMED), pinned=True)
    _some(
        d,
        {
            "-scale1": ("real", -3, 3), "-scale2": ("real", -3, 3), "-outscale": ("real", -2, 2),
            "-offset": ("real", -40, 40), "-outoffset": ("real", -40, 40), "-normalize": ("switch",),
            "-histogram": ("switch",), "-reject": ("switch",), "-epsilon": ("real", 0, 1),
            "-header": ("word", "0", "4", "128", "130", "512", "1004", "512.7", "1e2"),
            "-ignore": ("word", "0", "1", "3", "7.25", "nan", "65535", "0.1", "abc"),
            "-binsize": ("word", "1", "0.5", "0", "-1", "17", "abc", "inf", "nan"),
            "-outfile": ("word", "out.bin", "sum.dat", "-x", "f32.bin"), "-output": ("word", "o.map", "o.img"),
        },
        0.25,
    )  # fmt: skip
    if d.maybe(0.1):
        d.add("-ignore", "10")


def _noisify(d: Drawing) -> None:
    name = d.one((*FLOATS, "f64.bin", "g64.bin", "fnan.bin", "fshort.bin"))
    d.add(d.one(("-floatfile", "-bin", "-floatimage")), name, pinned=True)
    d.add("-seed", d.one(SEEDS), pinned=True)
    if d.maybe(0.5):
        side = {"f48.bin": 48, "fbright.bin": 48, "fdim.bin": 48, "f64.bin": 64, "g64.bin": 64, "fneg.bin": 40,
                "floatimage.bin": 36}.get(name, 32)  # fmt: skip
        d.add(d.one(("-detpixels", "-detpixels_x", "-detpixels_y")), str(side + d.rng.choice((0, 0, 0, 0, -3, 5))))
    if d.maybe(0.08):
        d.add("-header", d.one(("hdr.img", "hdr1024.img", "hdrbare.img", "hdrbig.img", "hdrdet.img", "hdrdup.img",
                                "hdrorg.img", "tiny.img")))  # fmt: skip
    if d.maybe(0.4):
        d.add("-psf", d.one(("gauss", "gaussian", "fiber", "fiber_gauss", "none")))
    _some(
        d,
        {
            "-psf_fwhm": ("real", 10, 900), "-psf_size": ("real", 10, 300), "-psf_radius": ("count", -3, 12),
            "-lambda": ("real", 0.5, 3), "-Xbeam": ("real", 0, 5), "-Ybeam": ("real", 0, 5),
            "-distance": ("real", 50, 500), "-detsize": ("real", 1, 90), "-detsize_x": ("real", 1, 90),
            "-detsize_y": ("real", 1, 90), "-pixel": ("real", 0.05, 0.3), "-fluence": ("real", 1e28, 2e29),
            "-pgmfile": ("word", "my.pgm"), "-intfile": ("word", "my.img", "nofolder/x.img"),
            "-noisefile": ("word", "n.img"), "-bits": ("word", "16", "32", "32", "8", "0x20"), "-nonoise": ("switch",),
            "-nopgm": ("switch",), "-readout": ("real", 0, 8), "-flicker": ("real", 0, 0.1),
            "-calibration": ("real", 0, 0.1), "-scale": ("word", "1", "3.7e-2", "100", "1e-4", "1e5", "-1", "1e9"),
            "-calib_seed": ("word", *SEEDS), "-badpix_seed": ("word", "3"), "-hotpix_seed": ("word", "4"),
            "-adc": ("word", "0", "10.5", "40", "-5", "1e5"), "-gain": ("word", "1", "7.3", "0.2", "-1"),
            "-phi": ("real", 0, 180), "-osc": ("real", 0, 2),
        },
        0.2,
    )  # fmt: skip


BEAM: Options = {
    "-lambda": ("real", 0.5, 2), "-energy": ("real", 6000, 15000),
    "-fluence": ("word", "1e20", "1.25932e20", "7e18", "1e29"),
    "-dispersion": ("real", 0, 2), "-dispsteps": ("count", 0, 3), "-divergence": ("real", 0, 2),
    "-hdivrange": ("real", 0, 2), "-vdivrange": ("real", 0, 2), "-hdivsteps": ("count", 0, 3),
    "-vdivsteps": ("count", 0, 3), "-divsteps": ("count", 0, 3),
}  # fmt: skip
PLACE: Options = {
    "-distance": ("real", 50, 400), "-Xbeam": ("real", 0, 30), "-Ybeam": ("real", 0, 30),
    "-twotheta": ("real", -20, 20),
    "-fdet_vector": ("vector",), "-sdet_vector": ("vector",), "-odet_vector": ("vector",), "-beam_vector": ("vector",),
    "-polar_vector": ("vector",), "-spindle_axis": ("vector",), "-curved_det": ("switch",), "-point_pixel": ("switch",),
    "-phi": ("real", 0, 180),
}  # fmt: skip


def _size(d: Drawing, largest: int) -> None:
    size = d.rng.randint(3, largest)
    d.add("-pixel", d.one(("0.9", "0.3", "1", "0.1")), pinned=True)
    d.add("-detpixels", str(size), pinned=True)
    if d.maybe(0.3):
        d.add("-detpixels_x", str(d.rng.randint(3, largest)), pinned=True)
    _roi(d, size)


def _nonbragg(d: Drawing) -> None:
    _size(d, 24)
    d.add(d.one(("-stol", "-stol", "-4stol", "-Q")), d.one(TABLES), pinned=True)
    d.add("-seed", d.one(SEEDS), pinned=True)
    d.add("-oversample", d.one(("1", "1", "2", "0")), pinned=True)
    _some(d, BEAM, 0.12)
    _some(d, PLACE, 0.15)
    _some(
        d,
        {
            "-samplesize": ("real", 0.01, 0.2), "-thick": ("real", 0.01, 1), "-sample_width": ("real", 0.01, 0.2),
            "-sample_height": ("real", 0.01, 0.2), "-density": ("real", 0.5, 2), "-molecules": ("word", "1e15", "1e13"),
            "-MW": ("real", 10, 40), "-Xclose": ("real", 0, 20), "-Yclose": ("real", 0, 20), "-ORGX": ("real", 0, 40),
            "-ORGY": ("real", 0, 40), "-pivot": ("word", "sample", "beam", "x"), "-close_distance": ("real", 50, 200),
            "-source_distance": ("real", 100, 20000), "-twotheta_axis": ("vector",), "-pix0_vector": ("vector",),
            "-detector_rotx": ("real", -15, 15), "-detector_roty": ("real", -15, 15),
            "-detector_rotz": ("real", -90, 90),
            "-Fmap": ("switch",), "-polar": ("real", -1, 1), "-nopolar": ("switch",), "-flux": ("word", "1e10", "1e12"),
            "-exposure": ("real", 0.1, 2), "-beamsize": ("real", 0.01, 0.2), "-hdivstep": ("real", 0.5, 1),
            "-vdivstep": ("real", 0.5, 1), "-round_div": ("switch",), "-square_div": ("switch",),
            "-adc": ("word", "0", "10.5", "-4"), "-osc": ("real", 0, 2), "-phistep": ("real", 0.1, 1),
            "-phisteps": ("count", 0, 5), "-sourcefile": ("word", "src.txt", "srcpart.txt", "srcnolam.txt", "none.txt"),
            "-floatfile": ("word", "my.bin"), "-intfile": ("word", "my.img"), "-pgmfile": ("word", "my.pgm"),
            "-noisefile": ("word", "n.img"), "-nonoise": ("switch",), "-nopgm": ("switch",), "-noreject": ("switch",),
            "-scale": ("real", 0, 1e3), "-pgmscale": ("real", -1, 5), "-coherent": ("switch",),
            "-printout": ("switch",), "-noprogress": ("switch",), "-progress": ("switch",),
        },
        0.08,
    )  # fmt: skip
    if d.maybe(0.05):
        d.add("-printout_pixel", str(d.rng.randint(0, 24)), str(d.rng.randint(0, 24)))


def _nearbragg(d: Drawing) -> None:
    _size(d, 12)
    d.add("-file", d.one(ATOMS), pinned=True)
    d.add("-oversample", d.one(("1", "1", "2", "3")), pinned=True)
    _some(d, BEAM, 0.15)
    _some(d, PLACE, 0.15)
    _some(
        d,
        {
            "-source_distance": ("word", "far", "10000", "100", "5", "1e7", "0"), "-source_depth": ("real", 0, 1e4),
            "-depthsteps": ("count", 0, 3), "-pix0_vector": ("word", "0.1"), "-nopolar": ("switch",),
            "-floatfile": ("word", "my.bin"), "-sinfile": ("word", "s.bin"), "-cosfile": ("word", "c.bin"),
            "-intfile": ("word", "my.img"), "-scale": ("real", 0, 1e3), "-coherent": ("switch",),
            "-printout": ("switch",), "-noprogress": ("switch",), "-progress": ("switch",), "-debug": ("switch",),
            "-accumulate": ("switch",), "-atoms": ("count", 0, 5),
        },
        0.15,
    )  # fmt: skip
    if d.maybe(0.1):
        d.add("-floatfile", "f32.bin")


DRAWS: dict[str, Callable[[Drawing], None]] = {
    "float_add": _float_add,
    "noisify": _noisify,
    "nonBragg": _nonbragg,
    "nearBragg": _nearbragg,
}
