"""What a kernel is told about a run: plain named tuples of numbers and arrays.

SI units and radians. Vectors are 3-tuples (x, y, z) in the laboratory frame; flags are
the integers 0 and 1, so that every field keeps one type on every target.
"""

from typing import NamedTuple

import numpy as np

SQUARE, ROUND, GAUSS, TOPHAT = range(4)  # crystal shapes

Vector = tuple[float, float, float]


class Geometry(NamedTuple):
    """Where every sub-pixel of every sensor layer is, and which pixels are wanted."""

    fpixels: int
    spixels: int
    oversample: int  # sub-pixels along each axis of a pixel
    pixel_size: float  # m
    subpixel_size: float  # m
    fdet_vector: Vector  # unit vector of the fast axis
    sdet_vector: Vector  # unit vector of the slow axis
    odet_vector: Vector  # unit vector away from the sample
    pix0_vector: Vector  # m, sample to the outer corner of the first pixel
    beam_vector: Vector
    distance: float  # m, along the beam
    close_distance: float  # m, along the detector normal
    curved_detector: int
    point_pixel: int
    detector_thick: float  # m
    detector_thickstep: float  # m
    detector_thicksteps: int
    detector_mu: float  # 1/m
    roi_xmin: int  # first and last fast index, both rendered
    roi_xmax: int
    roi_ymin: int  # first and last slow index, both rendered
    roi_ymax: int
    mask: np.ndarray  # uint16, one a pixel, 0 is skipped; empty: no mask


class Beam(NamedTuple):
    """Sources, polarization and the constants that turn a sum into photons."""

    source_X: np.ndarray  # unit vectors from the sample towards each source
    source_Y: np.ndarray
    source_Z: np.ndarray
    source_lambda: np.ndarray  # m
    dmin: float  # m, finer resolution is skipped; 0: nothing is
    polarization: float  # Kahn factor
    nopolar: int
    polar_vector: Vector
    fluence: float  # photons/m^2
    r_e_sqr: float  # m^2, Thomson cross section
    I_bg: float  # background of the water, in units of F^2
    water_size: float  # m


class Crystal(NamedTuple):
    """The lattice in every orientation of the run, and its shape."""

    a0: Vector  # m, real-space cell vectors before any rotation
    b0: Vector
    c0: Vector
    rotated: np.ndarray  # m, [phisteps, 9]: a, b, c rotated about the spindle
    turned: np.ndarray  # int8 [phisteps]: 0 where phi is exactly zero
    mosaic_umats: np.ndarray  # [mosaic_domains, 9]
    mosaic_spread: float  # rad
    a_star: Vector  # 1/Angstrom
    b_star: Vector
    c_star: Vector
    Na: float  # cells along a, b, c
    Nb: float
    Nc: float
    xtal_shape: int
    fudge: float


class Fgrid(NamedTuple):
    """Structure factors on a grid of Miller indices."""

    Fhkl: np.ndarray  # [h_range+1, k_range+1, l_range+1]
    h_min: int
    h_max: int
    h_range: int
    k_min: int
    k_max: int
    k_range: int
    l_min: int
    l_max: int
    l_range: int
    hkls: int  # 0: every structure factor is default_F
    default_F: float
    last_F: float = 0.0  # the last one that was read, for -printout


class Sampling(NamedTuple):
    """How terms are added up."""

    steps: int  # what the sum is divided by; wraps like a 32-bit int
    oversample_thick: int
    oversample_polar: int
    oversample_omega: int
    interpolate: int  # at the start of the run
    fix_phi0: int  # 1: unrotated vectors where phi is 0, instead of stale ones
    fix_oversample: int  # 1: the oversample_* factors weigh a term, not the running sum


class Scene(NamedTuple):
    """Everything a kernel needs."""

    geometry: Geometry
    beam: Beam
    crystal: Crystal
    fgrid: Fgrid
    sampling: Sampling
    stop: int = 0  # address of the byte that stops the kernel, see `stopping.py`; 0: nothing does
