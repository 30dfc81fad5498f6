"""Names and units of everything that a run decides: for traces in SI units, for people with units in the names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING

from ..parameters import RTD, Parameters

if TYPE_CHECKING:
    from ..run import Run

UNITS = {
    "m": "pixel_size subpixel_size pix0_vector distance close_distance detector_thick detector_thickstep Fdet Sdet"
    " Odet pixel_pos airpath lambda a0 b0 c0 ap bp cp a b c dmin water_size carried_ap carried_bp carried_cp",
    "1/m": "scattering stol detector_mu",
    "1/Angstrom": "a_star b_star c_star",
    "Angstrom^3": "V_cell",
    "rad": "phi0 phistep phi mosaic_spread",
    "sr (1/m^2 for point pixels)": "omega_pixel",
    "photons/m^2": "fluence",
    "m^2": "r_e_sqr",
    "electrons": "default_F F_cell",
    "electrons^2": "I_bg term I I_before_scaling",
    "photons": "I_pixel_final floatimage",
}  # everything else has no unit

# suffix of a name -> (what an SI value is multiplied with, names); angles are radians inside
SHOWN = {
    "_mm": (1e3, "pixel_size subpixel_size pix0_vector distance close_distance detsize_f detsize_s Xbeam Ybeam Xclose"
            " Yclose Fbeam Sbeam Fclose Sclose beamsize sample_x sample_y sample_z max_I_x max_I_y"),
    "_um": (1e6, "detector_thick detector_thickstep water_size"),
    "_A": (1e10, "wavelength a0 b0 c0 dmin"),
    "_per_m": (1.0, "detector_mu"),
    "_per_A": (1.0, "a_star b_star c_star"),
    "_A3": (1.0, "V_cell"),
    "_deg": (RTD, "phi0 osc phistep phirange mosaic_spread misset detector_rotx detector_roty detector_rotz"
             " detector_twotheta cell_angles cell_star_angles"),
    "_mrad": (1e3, "hdivrange hdivstep vdivrange vdivstep"),
    "_percent": (100.0, "dispersion dispstep"),
    "_photons_per_m2": (1.0, "fluence"),
    "_photons_per_s": (1.0, "flux"),
    "_s": (1.0, "exposure"),
    "_pixels": (1.0, "ORGX ORGY roi"),
    "_m2": (1.0, "r_e_sqr"),
    "_electrons": (1.0, "default_F"),
    "_electrons2": (1.0, "I_bg"),
    "_photons": (1.0, "max_I mean rms rmsd sum"),
}  # fmt: skip
_SUFFIXES = {name: (suffix, factor) for suffix, (factor, names) in SHOWN.items() for name in names.split()}


def set_up_quantities(run: Run) -> dict[str, float | tuple[float, ...]]:
    """What the set-up decided: name -> number or vector, in the units of `UNITS`."""
    g, beam, crystal, fgrid, sampling, _ = run.scene
    p, cell = run.parameters, run.cell
    return {
        "pixel_size": g.pixel_size, "oversample": g.oversample, "subpixel_size": g.subpixel_size,
        "fdet_vector": g.fdet_vector, "sdet_vector": g.sdet_vector, "odet_vector": g.odet_vector,
        "pix0_vector": g.pix0_vector, "beam_vector": g.beam_vector,
        "distance": g.distance, "close_distance": g.close_distance,
        "curved_detector": g.curved_detector, "point_pixel": g.point_pixel,
        "detector_thick": g.detector_thick, "detector_thickstep": g.detector_thickstep,
        "detector_thicksteps": g.detector_thicksteps, "detector_mu": g.detector_mu,
        "a_star": cell.a_star, "b_star": cell.b_star, "c_star": cell.c_star, "V_cell": cell.V_cell,
        "a0": crystal.a0, "b0": crystal.b0, "c0": crystal.c0,
        "Na": crystal.Na, "Nb": crystal.Nb, "Nc": crystal.Nc,
        "xtal_shape": crystal.xtal_shape, "fudge": crystal.fudge,
        "spindle_vector": p.spindle_vector,
        "phi0": p.phi0, "phistep": run.plan.phi.step, "phisteps": crystal.turned.size,
        "mosaic_spread": crystal.mosaic_spread, "mosaic_domains": crystal.mosaic_umats.shape[0],
        "hkls": fgrid.hkls, "default_F": fgrid.default_F,
        "sources": beam.source_X.size, "dmin": beam.dmin, "polarization": beam.polarization, "nopolar": beam.nopolar,
        "fluence": beam.fluence, "r_e_sqr": beam.r_e_sqr, "water_size": beam.water_size, "I_bg": beam.I_bg,
        "oversample_thick": sampling.oversample_thick, "oversample_polar": sampling.oversample_polar,
        "oversample_omega": sampling.oversample_omega, "steps": sampling.steps,
    }  # fmt: skip


def derived_quantities(run: Run) -> dict[str, object]:
    """`set_up_quantities` and the rest of what was derived, units in the names."""
    d, plan, cell = run.detector, run.plan, run.cell
    return with_units(
        {
            **set_up_quantities(run),
            "xtal_shape": run.parameters.xtal_shape,
            "interpolate": run.scene.sampling.interpolate,
            "cell_lengths_A": cell.lengths, "cell_angles": cell.angles,
            "cell_star_lengths_per_A": cell.star_lengths, "cell_star_angles": cell.star_angles,
            "Fbeam": d.Fbeam, "Sbeam": d.Sbeam, "Fclose": d.Fclose, "Sclose": d.Sclose,
            "ORGX": d.ORGX, "ORGY": d.ORGY, "dials_origin_mm": d.dials_origin, "xds_beam": d.xds_beam,
            "phirange": plan.phi.range,
            "hdivrange": plan.hdiv.range, "hdivstep": plan.hdiv.step, "hdivsteps": plan.hdiv.steps,
            "vdivrange": plan.vdiv.range, "vdivstep": plan.vdiv.step, "vdivsteps": plan.vdiv.steps,
            "dispersion": plan.dispersion.range, "dispstep": plan.dispersion.step, "dispsteps": plan.dispersion.steps,
        }
    )  # fmt: skip


def parameter_quantities(run: Run) -> dict[str, object]:
    """What was asked for, as far as it was or has a default; None otherwise. Units are in the names."""
    values: dict[str, object] = {}
    for field in fields(Parameters):
        if field.name not in ("mask_pixels", "cell"):
            value = getattr(run.parameters, field.name)
            # what the reference keeps for "not given": a negative number, or 2 for interpolation
            missing = (field.default == -1 and value < 0) or (field.name == "interpolate" and value == 2)
            values["wavelength" if field.name == "lambda0" else field.name] = None if missing else value
    # the scan keeps seeds with the other sign
    seeds = {"seed": run.seed, "mosaic_seed": values["mosaic_seed"], "misset_seed": values["misset_seed"]}
    values |= {name: None if seed is None else -seed for name, seed in seeds.items()}
    return with_units(values)


def statistics_quantities(statistics: tuple) -> dict[str, object]:
    """Figures of the image, units in the names."""
    return with_units(statistics._asdict())


def with_units(values: Mapping[str, object]) -> dict[str, object]:
    """The same in people's units, which become part of the names; enumerations and sets by their words."""
    shown = {}
    for name, value in values.items():
        suffix, factor = _SUFFIXES.get(name, ("", 1.0))
        shown[name + suffix] = _scaled(value, factor)
    return shown


def _scaled(value: object, factor: float) -> object:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_scaled(x, factor) for x in value]
    if isinstance(value, float):
        value = value * factor
        return value if math.isfinite(value) else None if math.isnan(value) else repr(value)
    return value
