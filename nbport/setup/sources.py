"""Sources: from a file, or a grid of divergence and dispersion."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
from numba import njit

from ..compilation.nan_signs import careful
from ..crules.text import divide, multiply
from ..errors import InputError
from ..formats.text_table import read_table_file
from ..kernels.scalar import rotate_axis, unitize
from ..parameters import Parameters, Vector
from ..run import Axis, SamplingPlan
from ..system.stopping import Stop

SOURCE_DISTANCE = 10.0  # m

cached = njit(cache=True, error_model="numpy")


def make_sources(
    p: Parameters,
    plan: SamplingPlan,
    from_file: list[list[float]] | None,
    vert_vector: Vector,
    say: Callable[..., None],
    stop: Stop,
) -> tuple[np.ndarray, int]:
    """Unit vectors towards the sources, and their wavelengths. C: 2320-2434

    Parameters
    ----------
    from_file : list of rows, or None
        What `read_sources` gave.

    Raises
    ------
    CancelledError
        If it was stopped.

    Returns
    -------
    (float64 [sources, 4]: x, y, z, wavelength in m; divergence steps, -1 with a source file)
    """
    rows, divsteps = source_rows(p, plan, from_file, vert_vector, say, stop)
    return with_unit_vectors(rows[:, (0, 1, 2, 4)].copy()), divsteps


def source_rows(
    p: Parameters,
    plan: SamplingPlan,
    from_file: list[list[float]] | None,
    vert_vector: Vector,
    say: Callable[..., None],
    stop: Stop,
    distance: float = SOURCE_DISTANCE,
    weight: float | None = None,
) -> tuple[np.ndarray, int]:
    """Where the sources are, their weights and wavelengths. C: 2320-2425

    Parameters
    ----------
    from_file : list of rows, or None
        What `read_sources` gave.
    distance : float
        From the sample to sources that are generated, m.
    weight : float or None
        Of a source that is generated; None: 1 divided by their number.

    Raises
    ------
    CancelledError
        If it was stopped.

    Returns
    -------
    (float64 [sources, 5]: x, y, z, weight, wavelength in m; divergence steps, -1 with a source file)
    """
    divsteps = -1
    if from_file is not None:
        rows = from_file
    else:
        directions = divergence_grid(plan.hdiv, plan.vdiv, p.round_div, stop)
        for hdiv, vdiv in stop.each(directions):
            say("divergence deviation: %g %g", hdiv, vdiv)
        divsteps = len(directions)
        wavelengths = [
            multiply(1.0 + plan.dispersion.step * tic - plan.dispersion.range / 2.0, p.lambda0)
            for tic in stop.each(range(plan.dispersion.steps))
        ]
        for tic, wavelength in stop.each(enumerate(wavelengths)):
            say("lambda%d = %.15g", tic, wavelength)
        if weight is None:
            weight = divide(1.0, float(len(directions) * len(wavelengths)))
        origin = _on_beam_axis(p, distance)
        rows = [
            [*deviate(origin, p.polar_vector, vdiv, vert_vector, hdiv), weight, wavelength]
            for hdiv, vdiv in directions
            for wavelength in stop.each(wavelengths)
        ]
    say("  created a total of %d sources:", len(rows))
    for X, Y, Z, I, wavelength in stop.each(rows):
        say("%g %g %g   %g %g", X, Y, Z, I, wavelength)
    return np.array(rows).reshape(-1, 5), divsteps


def _on_beam_axis(p: Parameters, distance: float) -> Vector:
    return tuple(-distance * x for x in p.beam_vector)


def read_sources(p: Parameters, distance: float = SOURCE_DISTANCE) -> list[list[float]] | None:
    """Rows of X Y Z weight wavelength of -sourcefile; what is missing is on the beam axis. C: 2321-2345

    Wavelengths are in metres (quirk: source-units).

    Parameters
    ----------
    distance : float
        From the sample to sources whose place is not given, m.

    Raises
    ------
    InputError
        If it cannot be read, or has none.
    """
    if p.sourcefile is None:
        return None
    rows = read_table_file(p.sourcefile, "a source file", 5)
    if not rows:
        raise InputError(f"{p.sourcefile}: no data, expected rows of: x y z weight wavelength")
    defaults = [*_on_beam_axis(p, distance), 1.0, p.lambda0]
    return [[d if isnan(x) else x for x, d in zip(row, defaults, strict=True)] for row in rows]


def divergence_grid(hdiv: Axis, vdiv: Axis, round_div: bool, stop: Stop) -> list[tuple[float, float]]:
    """Horizontal and vertical deviations (rad), cut to an ellipse if round_div. C: 2353-2366

    A range of zero makes the test a NaN, and nothing is cut (quirk: round-div-nan).
    """
    grid = []
    for hdiv_tic in range(hdiv.steps):
        for vdiv_tic in stop.each(range(vdiv.steps)):
            h = hdiv.step * hdiv_tic - hdiv.range / 2.0
            v = vdiv.step * vdiv_tic - vdiv.range / 2.0
            test = _squared_part(h, hdiv) + _squared_part(v, vdiv)
            if not (round_div and test * 4.0 > 1.1):
                grid.append((h, v))
    return grid


def _squared_part(deviation: float, axis: Axis) -> float:
    # 0 or 1 (quirk: divergence-print)
    even = 1 - axis.steps % 2
    return divide(divide(deviation * deviation - axis.step * axis.step / 4.0 * even, axis.range), axis.range)


@careful
@cached
def deviate(v, polar_vector, vdiv, vert_vector, hdiv):
    """Rotate a source about the E vector, then about the vertical. C: 2400-2401"""
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
