"""What the user asked for, with the reference's defaults. SI units and radians."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from .crules.text import wrap_int

NAN = math.nan
RTD = 180.0 * 0.31830988618379067154  # degrees in a radian

Vector = tuple[float, float, float]


class Pivot(Enum):
    """What stays in place when the detector turns."""

    SAMPLE = "sample"
    BEAM = "beam"


class Convention(Enum):
    """Whose axes and beam centre."""

    CUSTOM = "custom"
    ADXV = "adxv"
    MOSFLM = "mosflm"
    XDS = "xds"
    DIALS = "dials"
    DENZO = "denzo"


class Shape(Enum):
    """Crystal shape; the value is the kernels' code."""

    SQUARE = 0
    ROUND = 1
    GAUSS = 2
    TOPHAT = 3


@dataclass
class Parameters:
    """Everything that options and image headers can set. C: 182-395

    A negative range, step or count means "not given" where the reference says so; NaN
    stands for a beam centre or near point that is still to be derived.
    """

    # beam
    lambda0: float = 1.0e-10  # m
    dispersion: float = 0.0  # fraction of the wavelength
    dispsteps: int = -1
    hdivrange: float = -1.0  # rad
    hdivstep: float = -1.0
    hdivsteps: int = -1
    vdivrange: float = -1.0
    vdivstep: float = -1.0
    vdivsteps: int = -1
    round_div: bool = True
    fluence: float = 125932015286227086360700780544.0  # photons/m^2
    flux: float = 0.0  # photons/s
    exposure: float = 1.0  # s
    beamsize: float = 1e-4  # m
    polarization: float = 0.0  # Kahn factor
    nopolar: bool = False
    beam_vector: Vector = (1.0, 0.0, 0.0)
    polar_vector: Vector = (0.0, 0.0, 1.0)
    sourcefile: str | None = None

    # crystal
    Na: float = 1.0
    Nb: float = 1.0
    Nc: float = 1.0
    sample_x: float = 0.0  # m
    sample_y: float = 0.0
    sample_z: float = 0.0
    xtal_shape: Shape = Shape.SQUARE
    fudge: float = 1.0
    mosaic_spread: float = -1.0  # rad
    mosaic_domains: int = -1
    mosaic_seed: int = -12345678
    user_cell: bool = False
    cell: tuple[float, ...] = (0.0,) * 6  # Angstrom and rad; 0: not given
    matrix: str | None = None
    misset: Vector | None = None  # rad
    misset_random: bool = False
    misset_seed: int | None = None  # None: from the clock
    water_size: float = 0.0  # m

    # structure factors
    hkl: str | None = None
    dump: str = "Fdump.bin"
    default_F: float = 0.0
    interpolate: int = 2  # 2: decided by the size of the crystal
    stol: str | None = None

    # detector
    pixel_size: float = 0.1e-3  # m
    fpixels: int = 0
    spixels: int = 0
    detsize_f: float = 102.4e-3  # m
    detsize_s: float = 102.4e-3
    distance: float = 100.0e-3
    close_distance: float = NAN
    Xbeam: float = NAN
    Ybeam: float = NAN
    Xclose: float = NAN
    Yclose: float = NAN
    ORGX: float = NAN  # pixels
    ORGY: float = NAN
    convention: Convention = Convention.MOSFLM
    pivot: Pivot = Pivot.BEAM
    fdet_vector: Vector = (0.0, 0.0, 1.0)
    sdet_vector: Vector = (0.0, -1.0, 0.0)
    odet_vector: Vector = (1.0, 0.0, 0.0)
    twotheta_axis: Vector = (0.0, 1.0, 0.0)
    detector_rotx: float = 0.0  # rad
    detector_roty: float = 0.0
    detector_rotz: float = 0.0
    detector_twotheta: float = 0.0
    detector_thick: float = 0.0  # m
    detector_thicksteps: int = -1
    detector_mu: float = -1.0  # 1/m
    curved_detector: bool = False
    point_pixel: bool = False
    roi: tuple[int, int, int, int] = (-1, -1, -1, -1)  # xmin xmax ymin ymax
    img: str | None = None
    mask: str | None = None
    mask_pixels: object = None  # uint16 array, [height * width], once read
    mask_shape: tuple[int, int] | None = None  # slow, fast; of a mask that is no SMV image
    header_beam: tuple[float, float] | None = None  # m, Fbeam and Sbeam by a header that says so for any convention

    # spindle
    spindle_vector: Vector = (0.0, 0.0, 1.0)
    phi0: float = 0.0  # rad
    osc: float = -1.0
    phistep: float = -1.0
    phisteps: int = -1

    # sampling
    oversample: int = -1
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    dmin: float = 0.0  # m

    # output
    floatfile: str | None = "floatimage.bin"  # None: not written, which no option asks for
    intfile: str | None = "intimage.img"
    pgmfile: str = "image.pgm"
    noisefile: str = "noiseimage.img"
    intfile_scale: float = 0.0  # 0: decided by the brightest pixel
    pgm_scale: float = 0.0  # 0: decided by the rms deviation
    adc_offset: float = 40.0
    write_pgm: bool = True
    calculate_noise: bool = True
    seed: int | None = None  # None: from the clock
    progress_meter: bool = True
    printout: bool = False
    printout_fpixel: int = -1
    printout_spixel: int = -1

    # not options of the reference
    write_dump: bool = True  # the structure factors of a text file, as binary ones
    fixes: frozenset[str] = field(default_factory=frozenset)

    @property
    def pixels(self) -> int:
        """Pixels of the image, a product of ints that wraps: not zero where both sides are negative."""
        return wrap_int(self.fpixels * self.spixels)
