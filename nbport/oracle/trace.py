"""Traces: every quantity of a pixel, in order of computation, from the reference kernel's own body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..ctext import divide
from ..files import InputError
from ..parameters import Vector

if TYPE_CHECKING:
    from ..simulation import Run

# what counts the steps, from the outermost loop to the innermost, and how many numbers each takes
COUNTERS = {"layer": 1, "subpixel": 2, "source": 1, "phi_tic": 1, "mos_tic": 1}
LIMIT = 100_000  # terms of all pixels, unless told otherwise

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

Step = tuple[tuple[str, tuple[int, ...]], ...]


class Value(NamedTuple):
    """One quantity at one step: a number or a vector."""

    step: Step  # ((counter, its numbers), ...) from the outermost; () outside of all loops
    name: str
    numbers: tuple[float, ...]


@dataclass
class Trace:
    """All values of one pixel in order of computation."""

    spixel: int
    fpixel: int
    values: list[Value]
    options: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list, compare=False)

    def __getitem__(self, name: str) -> np.ndarray:
        """Every value of a name in order, float64 [steps] or [steps, 3]; KeyError if there is none."""
        found = [value.numbers for value in self.values if value.name == name]
        if not found:
            raise KeyError(name)
        array = np.array(found)
        return array[:, 0] if array.shape[1] == 1 else array

    def names(self) -> list[str]:
        """Names of all values, each once, in order of computation."""
        return list(dict.fromkeys(value.name for value in self.values))


def trace_pixels(
    run: Run, pixels: Sequence[tuple[int, int]], limit: int = LIMIT, options: Sequence[str] = ()
) -> list[Trace]:
    """Trace some pixels of a run, each with the state that the whole run has reached there.

    Parameters
    ----------
    run : Run
        That is set up.
    pixels : pairs of int
        (spixel, fpixel), slow index first.
    limit : int
        Most terms that all traces together may have.
    options : sequence of str
        Kept in the traces.

    Raises
    ------
    InputError
        If a pixel is not rendered, or there are more terms.
    """
    from ..kernels.recording import new_record
    from .raster import Raster

    g, crystal = run.scene.geometry, run.scene.crystal
    shape = (
        max(g.detector_thicksteps, 0) * max(g.oversample, 0) ** 2,
        run.scene.beam.source_X.size,
        crystal.turned.size,
        crystal.mosaic_umats.shape[0],
    )
    terms = int(np.prod(shape, dtype=object)) * len(set(pixels))
    if terms > limit:
        raise InputError(f"--limit: found {terms} terms in {len(set(pixels))} pixels, expected at most {limit}")
    raster = Raster(run)
    setup = _setup_values(run)
    traces = {}
    for spixel, fpixel in sorted(set(pixels)):
        rows = new_record(*shape)
        raster.advance(spixel, fpixel)
        carried = _carried_values(raster.state)
        outcome = raster.record(rows)
        steps = _step_values(rows[1 : int(rows[0, 0]) + 1].tolist(), run)
        values = [*setup, *carried, *steps, *_final_values(outcome)]
        traces[spixel, fpixel] = Trace(spixel, fpixel, values, tuple(options))
    return [traces[pixel] for pixel in pixels]


def _setup_values(run: Run) -> list[Value]:
    """What the set-up decided."""
    g, beam, crystal, fgrid, sampling = run.scene
    p, cell = run.parameters, run.cell
    scalars = {
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
    return [_value((), name, numbers) for name, numbers in scalars.items()]


def _carried_values(state: np.ndarray) -> list[Value]:
    """What the pixels before left behind (quirks: stale-phi, polarization-in-place, sticky-interpolation)."""
    from ..kernels.reference import AP, INTERPOLATE, POLAR_VECTOR

    vectors = {"ap": AP, "bp": AP + 3, "cp": AP + 6, "polar_vector": POLAR_VECTOR}
    values = [_value((), f"carried_{name}", state[at : at + 3].tolist()) for name, at in vectors.items()]
    return [*values, _value((), "carried_interpolate", float(state[INTERPOLATE]))]


def _step_values(rows: list[list[float]], run: Run) -> Iterator[Value]:
    """What the kernel recorded, and what follows from it but is not used: phi and the turned reciprocal cell."""
    from ..kernels.recording import FIELDS, LATTICE, PHI

    step: Step = ()
    for kind, *numbers in rows:
        row, at = {}, 0
        for name, size in FIELDS[int(kind)]:
            if name in COUNTERS:
                step = within(step, name, tuple(int(x) for x in numbers[at : at + size]))
            else:
                row[name] = tuple(numbers[at : at + size])
            at += size
        if kind == PHI:
            yield _value(step, "phi", run.parameters.phi0 + run.plan.phi.step * numbers[0])
        for name, value in row.items():
            yield Value(step, name, value)
        if kind == LATTICE:
            yield from _reciprocal_cell(step, row["a"], row["b"], row["c"])


def _reciprocal_cell(step: Step, a: Vector, b: Vector, c: Vector) -> Iterator[Value]:
    """Volume (Angstrom^3) and reciprocal vectors (1/Angstrom) of a turned cell (m), by its own volume."""
    from ..kernels.scalar import cross_product, dot_product

    cross = cross_product.py_func
    V = dot_product.py_func(a, cross(b, c))
    yield _value(step, "V_cell", V * 1e30)
    for name, v in (("a_star", cross(b, c)), ("b_star", cross(c, a)), ("c_star", cross(a, b))):
        yield Value(step, name, tuple(divide(x, V) * 1e-10 for x in v))


def _final_values(outcome: tuple) -> list[Value]:
    """What becomes of the sum. C: 3033-3050"""
    value, I, polar, omega_pixel, capture_fraction, _ = outcome
    final = {
        "I_before_scaling": I, "capture_fraction": capture_fraction, "polar": polar, "omega_pixel": omega_pixel,
        "I_pixel_final": value, "floatimage": float(np.float32(0.0 + value)),
    }  # fmt: skip
    return [_value((), name, number) for name, number in final.items()]


def _value(step: Step, name: str, numbers: float | Sequence[float]) -> Value:
    return Value(step, name, tuple(map(float, numbers if isinstance(numbers, Sequence) else (numbers,))))


def within(step: Step, counter: str, numbers: tuple[int, ...]) -> Step:
    """The step that a counter leads to: outer counters stay, inner ones begin anew."""
    depth = list(COUNTERS).index(counter)
    outer = tuple(part for part in step if list(COUNTERS).index(part[0]) < depth)
    return (*outer, (counter, numbers))
