"""Which features of the simulator a command line uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

from ..errors import OptionError
from ..options.scan import image_files, scan, split_own
from ..parameters import Parameters

# feature -> whether parsed options use it; a convention and a shape come first, one of each in every case
FEATURES: dict[str, Callable[[Parameters], bool]] = {
    "cell": lambda p: p.cell[0] != 0.0,
    "matrix": lambda p: p.matrix is not None,
    "misset": lambda p: p.misset is not None or p.misset_random,
    "crystal size": lambda p: (p.sample_x, p.sample_y, p.sample_z) != (0.0, 0.0, 0.0),
    "fudge": lambda p: p.fudge != 1.0,
    "hkl": lambda p: p.hkl is not None,
    "default_F": lambda p: p.default_F != 0.0,
    "dump": lambda p: p.hkl is None and p.default_F == 0.0,
    "interpolation": lambda p: p.interpolate == 1 or (p.interpolate == 2 and min(p.Na, p.Nb, p.Nc) <= 2),
    "phi": lambda p: p.phisteps > 1 or p.phi0 != 0.0 or p.osc > 0.0 or p.phistep > 0.0,
    "phi from 0": lambda p: p.phi0 == 0.0 and (p.phisteps > 1 or p.osc > 0.0 or p.phistep > 0.0),
    "spindle axis": lambda p: p.spindle_vector != Parameters.spindle_vector,
    "mosaic": lambda p: p.mosaic_spread > 0.0 or p.mosaic_domains > 1,
    "source file": lambda p: p.sourcefile is not None,
    "divergence": lambda p: max(p.hdivrange, p.vdivrange) > 0.0 or max(p.hdivsteps, p.vdivsteps) > 1,
    "dispersion": lambda p: p.dispersion != 0.0 or p.dispsteps > 1,
    "polarization": lambda p: p.polarization != 0.0 and not p.nopolar,
    "no polarization": lambda p: p.nopolar,
    "beam vector": lambda p: p.beam_vector != Parameters.beam_vector,
    "flux": lambda p: p.flux != 0.0,
    "fluence": lambda p: p.fluence != Parameters.fluence,
    "beam centre": lambda p: any(not isnan(x) for x in (p.Xbeam, p.Ybeam, p.Xclose, p.Yclose, p.ORGX, p.ORGY)),
    "close distance": lambda p: not isnan(p.close_distance),
    "pivot sample": lambda p: p.pivot.value == "sample",
    "detector rotation": lambda p: (p.detector_rotx, p.detector_roty, p.detector_rotz) != (0.0, 0.0, 0.0),
    "two-theta": lambda p: p.detector_twotheta != 0.0,
    "oblong detector": lambda p: p.fpixels != p.spixels or p.detsize_f != p.detsize_s,
    "curved detector": lambda p: p.curved_detector,
    "point pixel": lambda p: p.point_pixel,
    "thickness": lambda p: p.detector_thick > 0.0,
    "oversample": lambda p: p.oversample > 1,
    "oversample auto": lambda p: p.oversample < 1,
    "oversample_thick": lambda p: p.oversample_thick,
    "oversample_polar": lambda p: p.oversample_polar,
    "oversample_omega": lambda p: p.oversample_omega,
    "dmin": lambda p: p.dmin > 0.0,
    "water": lambda p: p.water_size > 0.0,
    "mask": lambda p: p.mask is not None,
    "image header": lambda p: p.img is not None,
    "roi": lambda p: p.roi != Parameters.roi,
    "scale, offset": lambda p: p.intfile_scale != 0.0 or p.adc_offset != Parameters.adc_offset,
    "noise": lambda p: p.calculate_noise,
}
UNREADABLE = "refused options"


def parsed(options: Sequence[str]) -> Parameters | None:
    """What options ask for, headers of images left out; None where the reference would crash at them."""
    try:
        own, arguments = split_own(list(options))
        p = Parameters(fixes=own.fixes)
        p.img, p.mask = image_files(arguments)
        scan(arguments, p)
    except OptionError:
        return None
    return p


def features_of(steps: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names of the features that the command lines of a case use, each once."""
    found: dict[str, None] = {}
    for options in steps:
        p = parsed(options)
        if p is None:
            found[UNREADABLE] = None
            continue
        found[f"convention {p.convention.value}"] = found[f"shape {p.xtal_shape.name.lower()}"] = None
        found |= {name: None for name, uses in FEATURES.items() if uses(p)}
    return tuple(found)
