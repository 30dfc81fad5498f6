"""What the certified kernel needs to know before it starts: may it render a scene, and within what bounds?

All terms of a pixel have one sign, so bounds of the error of each term bound the pixel's. `docs/kernels.md` has the
proofs.
"""

import math
from typing import NamedTuple

import numpy as np

from .elementary import EXP_ERROR, SIN_ERROR, SIN_LIMIT, Polynomials
from .scene import GAUSS, ROUND, SQUARE, TOPHAT, Fgrid, Geometry, Scene

HALF_ULP = 2.0**-53
SHAPES = (SQUARE, ROUND, GAUSS, TOPHAT)  # those of a scene that bounds are proved for
ONE_CELL = 100  # of a certificate, never of a scene: a parallelepiped of one cell, whose F_latt is 1, exactly
# relative error of a pixel from the lattice factor of each shape that a certificate can have
LATTICE_ERROR = {
    SQUARE: 12 * SIN_ERROR + 60 * HALF_ULP,  # six sines, squared; the rest is at most 60 roundings in either kernel
    ROUND: 40 * HALF_ULP,
    GAUSS: 2 * EXP_ERROR + 40 * HALF_ULP,
    TOPHAT: 0.0,  # exact
    ONE_CELL: 0.0,
}


class Table(NamedTuple):
    """Where structure factors are in a flat grid with a border of default_F; whole numbers as doubles."""

    h_first: float
    h_last: float
    h_stride: float
    k_first: float
    k_last: float
    k_stride: float
    l_first: float
    l_last: float


class Numbers(NamedTuple):
    """The scene without its arrays (each field of an array is 0), and what certifying needs besides.

    Inner functions get this one: handing on a tuple with arrays counts references, which costs more
    than the arithmetic of a short row.
    """

    scene: Scene
    table: Table
    shape: int
    polynomials: Polynomials
    relative_error: float  # of a pixel, from the lattice factor and the additions; 0: exact


class Arrays(NamedTuple):
    """The arrays that inner functions take one by one."""

    rotated: np.ndarray
    turned: np.ndarray
    mosaic_umats: np.ndarray
    bordered: np.ndarray  # structure factors for `Table`
    grid: np.ndarray  # the same without a border, flat


class Certificate(NamedTuple):
    """A scene made ready for this kernel."""

    numbers: Numbers
    arrays: Arrays


def obstacle(scene: Scene) -> str | None:
    """Why a scene is left to the reference kernel, or None if it can be certified.

    Conditions under which the bounds are proved; see `docs/kernels.md`.
    """
    g, beam, crystal, fgrid, sampling, _ = scene
    if sampling.steps <= 0 or crystal.turned.size == 0 or beam.source_X.size == 0:
        return "no steps to add up"
    if crystal.xtal_shape not in SHAPES:
        return f"no bounds are proved for a crystal of shape {crystal.xtal_shape}"
    if subpixels_wrap(g):
        return "the number of a sub-pixel along an axis is beyond 32 bits"
    # more photons would make sums visible that are subnormal, and so have no relative bound
    if not (abs(beam.fluence) < 1e200 and 0.0 <= beam.I_bg < 1e150):
        return "fluence or water is negative, not finite or beyond 1e200 photons/m^2"
    if not _is_ordinary(g):
        return "a length or direction of the detector is beyond 1e-100 .. 1e20"
    wavelengths = np.abs(beam.source_lambda)
    if not ((wavelengths > 1e-100) & (wavelengths < 1e100)).all():
        return "a wavelength is beyond 1e-100 .. 1e100 m"
    if not (math.isfinite(fgrid.default_F) and abs(fgrid.default_F) < 1e70):
        return "default_F is not finite or beyond 1e70"
    if fgrid.hkls:
        ranges = (fgrid.h_range, fgrid.k_range, fgrid.l_range)
        # places in the grid, and in the one with a border, are 32-bit ints
        if min(ranges) < 1 or math.prod(extent + 2 for extent in ranges) > 2**31:
            return "the grid of structure factors is empty or too large"
        F = np.abs(fgrid.Fhkl)
        if not ((F < 1e70) & ((F > 1e-70) | (F == 0.0))).all():
            return "a structure factor is not finite or beyond 1e-70 .. 1e70"
        if sampling.interpolate and min(ranges) < 5:
            return "the grid is too small to interpolate"
    if not _largest_angle(scene) < SIN_LIMIT:
        return "too many cells for the reduction of the sine"
    if sampling.oversample_polar and not abs(beam.polarization) <= 1.0:
        return "oversample_polar with a Kahn factor beyond 1"
    if sampling.oversample_omega and not (g.close_distance > 0.0 or g.point_pixel):
        return "oversample_omega behind the sample"
    if sampling.oversample_thick and not (g.detector_thick > 0.0 and g.detector_mu > 0.0):
        return "oversample_thick without a sensor"
    weighed = sampling.oversample_thick or sampling.oversample_polar or sampling.oversample_omega
    if crystal.xtal_shape == GAUSS and weighed and not sampling.fix_oversample:
        # a term that adds nothing weighs the sum nevertheless, unless its F_latt is zero, and not only its square
        return "oversample_* with a gaussian crystal"
    return None


def subpixels_wrap(g: Geometry) -> bool:
    """Is a sub-pixel's number along an axis too large for the reference's 32-bit int? (quirk: int-products)"""
    return max(g.fpixels, g.spixels) * g.oversample > 2**31


def _is_ordinary(g: Geometry) -> bool:
    """Can coordinates be divided by distances without underflow?"""
    parts = np.abs(g.fdet_vector + g.sdet_vector + g.odet_vector + g.pix0_vector + (g.detector_thickstep,))
    sizes = np.abs((g.pixel_size, g.subpixel_size, g.distance if g.curved_detector else 1.0))
    return bool(((parts == 0.0) | (parts > 1e-100) & (parts < 1e20)).all() and ((sizes > 1e-20) & (sizes < 1e20)).all())


def _largest_angle(scene: Scene) -> float:
    """Bound of every argument of a sine, and of every Miller index; NaN if there is none."""
    crystal = scene.crystal
    vectors = np.array(crystal.a0 + crystal.b0 + crystal.c0).reshape(3, 3)
    lengths = np.sqrt((vectors * vectors).sum(axis=1))
    # a scattering vector is at most 2/lambda long; rotations may stretch a little
    h = 2.01 / float(np.abs(scene.beam.source_lambda).min()) * float(lengths.max())
    # Python's max() overlooks a NaN
    cells = float(np.max((crystal.Na, crystal.Nb, crystal.Nc)))
    if crystal.xtal_shape != SQUARE:
        # whole indices must fit a 32-bit int all the same
        return float(np.max((h, math.pi * cells * (math.sqrt(abs(crystal.fudge)) + 1.0))))
    return math.pi * cells * h


def certify(scene: Scene, polynomials: Polynomials | None = None, slack: float = 0.0) -> Certificate:
    """Bounds and tables for a scene without an `obstacle`.

    Parameters
    ----------
    scene : Scene
    polynomials : Polynomials, optional
        Others than the proved ones, for tests.
    slack : float
        Added to the relative error of every pixel; 1 makes every pixel uncertain.
    """
    crystal, sampling = scene.crystal, scene.sampling
    shape = crystal.xtal_shape
    if shape == SQUARE and max(crystal.Na, crystal.Nb, crystal.Nc) <= 1:
        shape = ONE_CELL
    relative = LATTICE_ERROR[shape]
    factors = sampling.oversample_thick + sampling.oversample_polar + sampling.oversample_omega
    if relative or factors:
        layers = scene.geometry.detector_thicksteps
        additions = layers * scene.geometry.oversample**2 * scene.beam.source_X.size
        additions *= crystal.turned.size * crystal.mosaic_umats.shape[0]
        # either kernel's sum of non-negative terms is within (additions)/2 ulp of its own exact sum
        relative += (2.0 * additions * (1 + factors) + 40) * HALF_ULP
    if scene.beam.polarization != 0.0:
        relative += 40 * HALF_ULP
    table, bordered = _table(scene.fgrid)
    numbers = Numbers(_without_arrays(scene), table, shape, polynomials or Polynomials(), relative + slack)
    arrays = Arrays(crystal.rotated, crystal.turned, crystal.mosaic_umats, bordered, scene.fgrid.Fhkl.reshape(-1))
    return Certificate(numbers, arrays)


def _without_arrays(scene: Scene) -> Scene:
    def bare(part):
        return part._replace(**{name: 0 for name, v in part._asdict().items() if isinstance(v, np.ndarray)})

    return Scene(*(bare(part) for part in scene[:-1]), scene.stop)


def _table(f: Fgrid) -> tuple[Table, np.ndarray]:
    if not f.hkls:
        return Table(*(0.0,) * 8), np.zeros(1)
    bordered = np.full((f.h_range + 2, f.k_range + 2, f.l_range + 2), f.default_F)
    bordered[1:-1, 1:-1, 1:-1] = f.Fhkl[: f.h_range, : f.k_range, : f.l_range]
    _, rows, columns = bordered.shape
    table = Table(
        f.h_min - 1.0, f.h_max + 1.0, float(rows * columns),
        f.k_min - 1.0, f.k_max + 1.0, float(columns),
        f.l_min - 1.0, f.l_max + 1.0,
    )  # fmt: skip
    return table, bordered.reshape(-1)
