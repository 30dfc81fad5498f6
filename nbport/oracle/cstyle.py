"""Traces in the labels that instrumented copies of the C program print, and other ports compare with.

Such a trace has one line for each label, layer and sub-pixel, of the first source, spindle step and mosaic
domain only, and one `TRACE_C_PHI` line for each spindle step. Values have 15 digits. The labels `rot_a_star_A_inv`
and its like hold the reciprocal cell before spindle and mosaic rotations, whatever their name says, and
`scattering_vec_A_inv` is in 1/m.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from ..crules.text import divide, printf
from ..errors import InputError
from ..parameters import RTD, Shape
from .trace import Step, Trace, Value

_LINE = re.compile(r"TRACE_[A-Z]+(_PHI)?:?\s+(.*)")
C_STYLE_PIXEL = (-1, -1)  # such a trace does not say which
_FIRST_DOMAIN = (("source", (0,)), ("phi_tic", (0,)), ("mos_tic", (0,)))


def is_c_style(text: str) -> bool:
    """Does a text hold such lines?"""
    return any(_LINE.match(line) for line in text.splitlines())


def c_lines(trace: Trace) -> Iterator[str]:
    """The lines of one pixel."""
    setup = {value.name: value.numbers for value in trace.values if not value.step}
    places = list(dict.fromkeys(value.step for value in trace.values if len(value.step) == 2))
    at = _by_step(trace)
    for place in places:
        for label, numbers in _place_labels(setup, place, at):
            yield printf("TRACE_C: %s", label) + "".join(printf(" %.15g", x) for x in numbers)
        for phi_tic in range(int(setup["phisteps"][0])):
            yield from _phi_line(place, phi_tic, at)
    for label, number in _final_labels(trace, setup):
        yield printf("TRACE_C: %s %.15g", label, *number)


def _by_step(trace: Trace) -> dict[tuple[Step, str], tuple[float, ...]]:
    """The first value of each step and name."""
    return {(value.step, value.name): value.numbers for value in reversed(trace.values)}


def _place_labels(setup: dict, place: Step, at: dict) -> Iterator[tuple[str, Sequence[float]]]:
    """Labels of one layer and sub-pixel. Where all sources are cut off, those of the crystal are missing."""
    [airpath], [close_distance] = at[place, "airpath"], setup["close_distance"]
    yield "pix0_vector_meters", setup["pix0_vector"]
    yield "fdet_vec", setup["fdet_vector"]
    yield "sdet_vec", setup["sdet_vector"]
    yield "pixel_pos_meters", at[place, "pixel_pos"]
    yield "R_distance_meters", (airpath,)
    yield "omega_pixel_sr", at[place, "omega_pixel"]
    yield "close_distance_meters", (close_distance,)
    yield "obliquity_factor", (divide(close_distance, airpath),)
    yield "diffracted_vec", at[place, "diffracted"]
    source, domain = (*place, _FIRST_DOMAIN[0]), (*place, *_FIRST_DOMAIN)
    if (source, "incident") in at:
        yield "incident_vec", at[source, "incident"]
        yield "lambda_meters", at[source, "lambda"]
        yield "lambda_angstroms", (at[source, "lambda"][0] * 1e10,)
        yield "scattering_vec_A_inv", at[source, "scattering"]
    if (domain, "a") in at:
        for axis in "abc":
            yield f"rot_{axis}_angstroms", tuple(x * 1e10 for x in at[domain, axis])
        for axis in "abc":
            yield f"rot_{axis}_star_A_inv", setup[f"{axis}_star"]
        for axis in "abc":
            yield f"{axis}_star_base_A_inv", setup[f"{axis}_star"]
        yield "V_cell_A3", at[domain, "V_cell"]
        yield "hkl_frac", at[domain, "hkl"]
        yield "hkl_rounded", at[domain, "hkl0"]
        if setup["xtal_shape"][0] == Shape.SQUARE.value:
            for name in ("F_latt_a", "F_latt_b", "F_latt_c", "F_latt"):
                yield name, at[domain, name]
    if (domain, "F_cell") in at:
        yield "F_cell", at[domain, "F_cell"]


def _phi_line(place: Step, phi_tic: int, at: dict) -> Iterator[str]:
    phi = (*place, ("source", (0,)), ("phi_tic", (phi_tic,)))
    domain = (*phi, ("mos_tic", (0,)))
    if (domain, "F_latt") in at:
        yield printf(
            "TRACE_C_PHI phi_tic=%d phi_deg=%.15g k_frac=%.15g F_latt_b=%.15g F_latt=%.15g",
            phi_tic, at[phi, "phi"][0] * RTD, at[domain, "hkl"][1], *at[domain, "F_latt_b"], *at[domain, "F_latt"],
        )  # fmt: skip


def _final_labels(trace: Trace, setup: dict) -> Iterator[tuple[str, Sequence[float]]]:
    from ..kernels.scalar import dot_product

    final = {value.name: value.numbers for value in trace.values if not value.step}
    last = {value.name: value.numbers for value in trace.values if value.step}
    yield "I_before_scaling", final["I_before_scaling"]
    yield "r_e_meters", (math.sqrt(setup["r_e_sqr"][0]),)
    yield "r_e_sqr", setup["r_e_sqr"]
    yield "fluence_photons_per_m2", setup["fluence"]
    for name in ("steps", "oversample_thick", "oversample_polar", "oversample_omega"):
        yield name, setup[name]
    for name in ("capture_fraction", "polar", "omega_pixel"):
        yield name, final[name]
    if "incident" in last:
        yield "cos_2theta", (dot_product.py_func(last["incident"], last["diffracted"]),)
    yield "I_pixel_final", final["I_pixel_final"]
    yield "floatimage_accumulated", final["floatimage"]


def read_c_style(text: str, path: str) -> Trace:
    """The values of one pixel, one label after another; further lines are passed over.

    The step of a value tells how often its label was there before; spindle steps keep their own number.

    Raises
    ------
    InputError
        If a value is no number.
    """
    values, seen = [], {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.match(line)
        if not found:
            continue
        for name, numbers, phi_tic in _parse(found, f"{path}:{number}"):
            count = seen[name, phi_tic] = seen.get((name, phi_tic), -1) + 1
            step = (("occurrence", (count,)),)
            if phi_tic is not None:
                step = (*step, ("phi_tic", (phi_tic,)))
            values.append(Value(step, name, numbers))
    return Trace(*C_STYLE_PIXEL, values)


def _parse(found: re.Match, where: str) -> Iterable[tuple[str, tuple[float, ...], int | None]]:
    try:
        if not found[1]:
            name, *numbers = found[2].split()
            return [(name, tuple(map(float, numbers)), None)]
        pairs = dict(word.split("=") for word in found[2].split())
        phi_tic = int(pairs.pop("phi_tic"))
        return [(name, (float(text),), phi_tic) for name, text in pairs.items()]
    except (ValueError, KeyError):
        raise InputError(f"{where}: found {found[0]!r}, expected a label and numbers") from None
