"""Sources: from a file, or a grid of divergence and dispersion."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
from numba import njit

from ..ctext import divide, multiply
from ..files import InputError
from ..formats.text_table import read_table_file
from ..kernels.scalar import rotate_axis, unitize
from ..nan_signs import careful
from ..parameters import Parameters, Vector
from .sampling import Axis, SamplingPlan

SOURCE_DISTANCE = 10.0  # m

cached = njit(cache=True, error_model="numpy")


def make_sources(
    p: Parameters, plan: SamplingPlan, vert_vector: Vector, say: Callable[..., None]
) -> tuple[np.ndarray, int]:
    """Unit vectors towards the sources, and their wavelengths. C: 2320-2434

    Returns
    -------
    (float64 [sources, 4]: x, y, z, wavelength in m; divergence steps, -1 with a source file)
    """
    rows, divsteps = source_rows(p, plan, vert_vector, say, SOURCE_DISTANCE, None)
    return with_unit_vectors(rows[:, (0, 1, 2, 4)].copy()), divsteps


def source_rows(
    p: Parameters,
    plan: SamplingPlan,
    vert_vector: Vector,
    say: Callable[..., None],
    distance: float,
    weight: float | None,
) -> tuple[np.ndarray, int]:
    """Where the sources are, their weights and wavelengths. C: 2320-2425

    Parameters
    ----------
    distance : float
        From the sample to sources that are generated, or whose place is not given, m.
    weight : float or None
        Of a source that is generated; None: 1 divided by their number.

    Returns
    -------
    (float64 [sources, 5]: x, y, z, weight, wavelength in m; divergence steps, -1 with a source file)
    """
    divsteps = -1
    origin = tuple(-distance * x for x in p.beam_vector)
    if p.sourcefile is not None:
        rows = _from_file(p, origin)
    else:
        directions = divergence_grid(plan.hdiv, plan.vdiv, p.round_div)
        for hdiv, vdiv in directions:
            say("divergence deviation: %g %g", hdiv, vdiv)
        divsteps = len(directions)
        wavelengths = [
            multiply(1.0 + plan.dispersion.step * tic - plan.dispersion.range / 2.0, p.lambda0)
            for tic in range(plan.dispersion.steps)
        ]
        for tic, wavelength in enumerate(wavelengths):
            say("lambda%d = %.15g", tic, wavelength)
        if weight is None:
            weight = divide(1.0, float(len(directions) * len(wavelengths)))
        rows = [
            [*deviate(origin, p.polar_vector, vdiv, vert_vector, hdiv), weight, wavelength]
            for hdiv, vdiv in directions
            for wavelength in wavelengths
        ]
    say("  created a total of %d sources:", len(rows))
    for X, Y, Z, I, wavelength in rows:
        say("%g %g %g   %g %g", X, Y, Z, I, wavelength)
    return np.array(rows).reshape(-1, 5), divsteps


def _from_file(p: Parameters, origin: Vector) -> list[list[float]]:
    """Rows of X Y Z weight wavelength; what is missing is on the beam axis. C: 2321-2345"""
    rows = read_table_file(p.sourcefile, "a source file", 5)
    if not rows:
        raise InputError(f"{p.sourcefile}: no data, expected rows of: x y z weight wavelength")
    defaults = [*origin, 1.0, p.lambda0]
    return [[d if isnan(x) else x for x, d in zip(row, defaults, strict=True)] for row in rows]


def divergence_grid(hdiv: Axis, vdiv: Axis, round_div: bool) -> list[tuple[float, float]]:
    """Horizontal and vertical deviations (rad), cut to an ellipse if round_div. C: 2353-2366

    A range of zero makes the test a NaN, and nothing is cut (quirk: round-div-nan).
    """
    grid = []
    for hdiv_tic in range(hdiv.steps):
        for vdiv_tic in range(vdiv.steps):
            h = hdiv.step * hdiv_tic - hdiv.range / 2.0
            v = vdiv.step * vdiv_tic - vdiv.range / 2.0
            test = _squared_part(h, hdiv) + _squared_part(v, vdiv)
            if not (round_div and test * 4.0 > 1.1):
                grid.append((h, v))
    return grid


def _squared_part(deviation: float, axis: Axis) -> float:
    even = 1 - axis.steps % 2
    return divide(divide(deviation * deviation - axis.step * axis.step / 4.0 * even, axis.range), axis.range)


@careful
@cached
def deviate(v, polar_vector, vdiv, vert_vector, hdiv):
    """Turn a source about the E vector, then about the vertical. C: 2400-2401"""
    return rotate_axis(rotate_axis(v, polar_vector, vdiv), vert_vector, hdiv)


@careful
@cached
def with_unit_vectors(sources):
    """The same rows, their first three columns made unit vectors. C: 2427-2431"""
    rows = sources.copy()
    for i in range(rows.shape[0]):
        _, v = unitize((rows[i, 0], rows[i, 1], rows[i, 2]))
        rows[i, 0] = v[0]
        rows[i, 1] = v[1]
        rows[i, 2] = v[2]
    return rows
