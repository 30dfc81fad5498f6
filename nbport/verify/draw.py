"""Random command lines of ordinary options: what a user could ask for, with a detector of few pixels."""

from __future__ import annotations

import random

CELLS = ("50 60 70 90 90 90", "70 80 90 75 85 95", "34.77 39.17 48.31 90 90 90", "40 40 60 90 90 120", "100 100 100")
CONVENTIONS = ("-mosflm", "-xds", "-adxv", "-denzo", "-dials")
SHAPES = ("-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots")


def draw(seed: int, number: int) -> list[str]:
    """Options of case `number`; the same whatever other cases are drawn."""
    rng = random.Random(f"{seed} {number}")
    return [*_crystal(rng), *_beam(rng), *_detector(rng), *_sampling(rng), "-seed", str(rng.randint(1, 99999))]


def _real(rng: random.Random, low: float, high: float) -> str:
    return f"{rng.uniform(low, high):.4g}"


def _maybe(rng: random.Random, chance: float, *options: str) -> list[str]:
    return list(options) if rng.random() < chance else []


def _crystal(rng: random.Random) -> list[str]:
    options = ["-cell", *rng.choice(CELLS).split()]
    options += _maybe(rng, 0.15, "-matrix", "A.mat")
    options += _maybe(rng, 0.7, "-misset", *(_real(rng, -90, 90) for _ in range(3)))
    shape = rng.choice(SHAPES)
    # spots without side maxima must be large, or none is on the few pixels
    options += [shape, "-N", str(rng.randint(1, 3 if shape in SHAPES[2:] else 40))]
    options += _maybe(rng, 0.1, "-fudge", _real(rng, 0.5, 2))
    options += ["-default_F", _real(rng, 1, 200)]
    options += _maybe(rng, 0.5, "-hkl", "small.hkl")
    options += _maybe(rng, 0.2, rng.choice(("-interpolate", "-nointerpolate")))
    if rng.random() < 0.3:
        options += ["-mosaic", _real(rng, 0.05, 2), "-mosaic_domains", str(rng.randint(2, 8))]
        options += _maybe(rng, 0.5, "-mosaic_seed", str(rng.randint(1, 99999)))
    return options


def _beam(rng: random.Random) -> list[str]:
    options = rng.choice((["-lambda", _real(rng, 0.7, 2.5)], ["-energy", _real(rng, 6e3, 1.6e4)]))
    options += _maybe(rng, 0.3, "-fluence", rng.choice(("1e24", "1e26", "1e28")))
    options += _maybe(rng, 0.3, rng.choice(("-nopolar", "-polar=", "-polar=")))
    if options[-1] == "-polar=":
        options[-1:] = ["-polar", _real(rng, -1, 1)]
    options += _maybe(rng, 0.15, "-dispersion", _real(rng, 0.2, 4), "-dispsteps", str(rng.randint(2, 4)))
    options += _maybe(rng, 0.15, "-hdivrange", _real(rng, 0.2, 5), "-hdivsteps", str(rng.randint(2, 4)))
    options += _maybe(rng, 0.15, "-vdivrange", _real(rng, 0.2, 5), "-vdivsteps", str(rng.randint(2, 3)))
    options += _maybe(rng, 0.05, "-sourcefile", "sources.txt")
    return options


def _detector(rng: random.Random) -> list[str]:
    options = ["-detpixels_x", str(rng.randint(8, 32)), "-detpixels_y", str(rng.randint(8, 32))]
    options += ["-pixel", _real(rng, 0.1, 2), rng.choice(("-distance", "-close_distance")), _real(rng, 40, 250)]
    options += _maybe(rng, 0.6, rng.choice(CONVENTIONS))
    options += _maybe(rng, 0.25, "-Xbeam", _real(rng, 0, 20), "-Ybeam", _real(rng, 0, 20))
    options += _maybe(rng, 0.1, "-ORGX", _real(rng, 0, 30), "-ORGY", _real(rng, 0, 30))
    for option in ("-detector_rotx", "-detector_roty", "-detector_rotz", "-twotheta"):
        options += _maybe(rng, 0.2, option, _real(rng, -20, 20))
    if rng.random() < 0.2:
        options += ["-detector_abs", _real(rng, 50, 500), "-detector_thick", _real(rng, 50, 500)]
        options += ["-detector_thicksteps", str(rng.randint(1, 4))]
    options += _maybe(rng, 0.1, "-curved_det")
    options += _maybe(rng, 0.1, "-point_pixel")
    return options


def _sampling(rng: random.Random) -> list[str]:
    options = ["-oversample", str(rng.randint(1, 3))]
    options += _maybe(rng, 0.1, rng.choice(("-oversample_thick", "-oversample_polar", "-oversample_omega")))
    if rng.random() < 0.35:
        options += ["-phi", rng.choice(("0", _real(rng, -90, 90))), "-osc", _real(rng, 0.1, 5)]
        options += ["-phisteps", str(rng.randint(1, 6))]
    options += _maybe(rng, 0.1, "-dmin", _real(rng, 1.5, 6))
    options += _maybe(rng, 0.15, "-water", _real(rng, 1, 20))
    options += _maybe(rng, 0.1, "-roi", "2", "9", "1", "7")
    return options
