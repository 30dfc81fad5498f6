"""Traces: every quantity of a pixel, in order of computation, from the reference kernel's own body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..crules.text import divide
from ..errors import InputError
from ..output.quantities import set_up_quantities
from ..parameters import Vector
from ..system import memory

if TYPE_CHECKING:
    from ..run import Run

# what counts the steps, from the outermost loop to the innermost, and how many numbers each takes
COUNTERS = {"layer": 1, "subpixel": 2, "source": 1, "phi_tic": 1, "mos_tic": 1}
LIMIT = 100_000  # terms of all pixels, unless told otherwise
NUMBER = 8 + 32  # bytes of a number in a record, and as Python has it

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
    from ..kernels.recording import ROW_SIZE, new_record, rows_needed
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
    memory.check(f"a trace of {terms} terms", NUMBER * ROW_SIZE * rows_needed(*shape) * len(set(pixels)))
    raster = Raster(run)
    setup = [_value((), name, numbers) for name, numbers in set_up_quantities(run).items()]
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
