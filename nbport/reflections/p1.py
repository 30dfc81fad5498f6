"""From the reflections of a file to all of reciprocal space: symmetry, Friedel mates, gaps, absences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..system import memory

if TYPE_CHECKING:
    import gemmi

SHELLS = 20  # of equal volume in reciprocal space
EDGE = 1e-6  # a reflection at the limit is inside
MOST_INDICES = 2**20  # of either sign; three fit into 64 bits
REFLECTION_BYTES = 100  # indices, keys and amplitudes, about


class Sphere(NamedTuple):
    """Structure factors of reciprocal space up to a resolution, F(0 0 0) apart."""

    hkl: np.ndarray  # int32 [n, 3], sorted
    F: np.ndarray  # float64 [n], electrons
    unique: int  # reflections that the symmetry leaves, absences not counted
    gaps: int  # those of them that were not given
    ambiguous: bool  # equivalent reflections were given with different values; the first counts


def expand(hkl: np.ndarray, F: np.ndarray, operations: gemmi.GroupOps) -> tuple[np.ndarray, np.ndarray, bool]:
    """Every reflection that is equivalent to one of a list, by symmetry or else by Friedel's law.

    A Friedel mate that is in the list itself, or is equivalent to one that is, keeps its own value, so that
    anomalous pairs stay apart.

    Parameters
    ----------
    hkl : int32 [n, 3]
    F : float64 [n]
    operations : gemmi.GroupOps

    Returns
    -------
    (int32 [m, 3], float64 [m], bool)
        Indices sorted, amplitudes, and whether equivalent reflections had different values.
    """
    rotations = np.unique([op.rot for op in operations.sym_ops], axis=0)
    # the equivalents of the first row first, then those of the second
    turned = np.stack([(hkl @ rotation // 24).astype(np.int32) for rotation in rotations], axis=1).reshape(-1, 3)
    values = np.repeat(F, len(rotations))
    keys = packed(np.concatenate([turned, -turned]))
    found, first, which = np.unique(keys, return_index=True, return_inverse=True)
    values = np.concatenate([values, values])
    chosen = values[first]
    own = slice(0, len(turned))
    ambiguous = bool((chosen[which.ravel()[own]] != values[own]).any())
    return unpacked(found), chosen, ambiguous


def packed(hkl: np.ndarray) -> np.ndarray:
    """Indices as one int64 each, in the same order. They are below MOST_INDICES."""
    shifted = hkl.astype(np.int64) + MOST_INDICES
    return shifted[:, 0] << 42 | shifted[:, 1] << 21 | shifted[:, 2]


def unpacked(keys: np.ndarray) -> np.ndarray:
    """The inverse of `packed`."""
    mask = 2**21 - 1
    return (np.stack([keys >> 42, keys >> 21 & mask, keys & mask], axis=1) - MOST_INDICES).astype(np.int32)


def whole_sphere(
    hkl: np.ndarray,
    F: np.ndarray,
    cell: gemmi.UnitCell,
    spacegroup: gemmi.SpaceGroup,
    dmin: float,
    fill: str | float | None = None,
) -> Sphere:
    """Expand reflections to P1, fill gaps if wanted, and set systematic absences to 0.

    Parameters
    ----------
    hkl, F
        As for `expand`; what is beyond dmin is left out, and so is 0 0 0.
    dmin : float
        Angstrom.
    fill : "shell", float or None
        Amplitude of what is missing: the mean of the resolution shell, a number, or none, and then it is not
        in the result.
    """
    import gemmi

    limit = dmin * (1.0 - EDGE)
    _check_number(cell, limit)
    operations = spacegroup.operations()
    inside = hkl.any(axis=1) & (cell.calculate_1_d2_array(hkl) <= 1.0 / limit**2)
    hkl, F, ambiguous = expand(hkl[inside], F[inside], operations)
    unique = gemmi.make_miller_array(cell, spacegroup, limit)
    there, wanted = packed(hkl), packed(unique)
    place = np.searchsorted(there, wanted)
    gaps = unique[np.take(there, place, mode="clip") != wanted] if len(there) else unique
    everything = gemmi.make_miller_array(cell, gemmi.SpaceGroup("P 1"), limit, 0.0, False)
    absent = everything[operations.systematic_absences(everything)]
    added, values = [absent], [np.zeros(len(absent))]
    if fill is not None and len(gaps):
        level = shell_means(hkl, F, gaps, cell, limit) if fill == "shell" else np.full(len(gaps), float(fill))
        filled, filling, _ = expand(gaps, level, operations)
        added.insert(0, filled)
        values.insert(0, filling)
    keys = packed(np.concatenate([hkl, *added]))
    found, first = np.unique(keys, return_index=True)
    return Sphere(unpacked(found), np.concatenate([F, *values])[first], len(unique), len(gaps), ambiguous)


def _check_number(cell: gemmi.UnitCell, limit: float) -> None:
    """Refuse cells whose indices, or all reflections together, are too many.

    Raises
    ------
    InputError
    """
    where = f"cell {cell.a:g} {cell.b:g} {cell.c:g} up to {limit:.3g} A"
    if not max(cell.a, cell.b, cell.c) / limit < MOST_INDICES:
        raise InputError(f"{where}: expected Miller indices of less than {MOST_INDICES}")
    memory.check(where, int(REFLECTION_BYTES * 4.2 * cell.volume / limit**3))


def shell_means(hkl: np.ndarray, F: np.ndarray, wanted: np.ndarray, cell: gemmi.UnitCell, dmin: float) -> np.ndarray:
    """Mean amplitude, in the resolution shell of each wanted reflection, of the reflections that are there.

    Where a shell has none, between those of the next shells that have some.
    """

    def shell(indices: np.ndarray) -> np.ndarray:
        volume = (cell.calculate_1_d2_array(indices) * dmin**2) ** 1.5
        return np.minimum((volume * SHELLS).astype(int), SHELLS - 1)

    where = shell(hkl)
    counts, sums = np.bincount(where, minlength=SHELLS), np.bincount(where, F, SHELLS)
    there = np.flatnonzero(counts)
    return np.interp(shell(wanted), there, sums[there] / counts[there])
