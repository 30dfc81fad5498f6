"""What an orientation is: vectors, cell and missetting angles, from one another, as the simulator has them."""

from __future__ import annotations

import os
import tempfile
from typing import NamedTuple

import numpy as np

from ..compilation.loading import announced, compiled
from ..crules.text import printf
from ..errors import InputError
from ..options.keywords import Parameters
from ..options.scan import scan
from ..parameters import RTD
from ..parameters import Parameters as Asked


class Orientation(NamedTuple):
    """A crystal in place, before the spindle turns it."""

    cell: tuple[float, ...]  # Angstrom, deg
    star_cell: tuple[float, ...]  # 1/Angstrom, deg
    volume: float  # Angstrom^3
    stars: np.ndarray  # float64 [3, 3], columns a*, b*, c*, 1/Angstrom
    U: np.ndarray  # float64 [3, 3], turns the default orientation
    misset: tuple[float, ...]  # the same as angles about x, y and z in turn, deg
    wavelength: float  # Angstrom
    remarks: tuple[str, ...]  # what the simulator would say

    @property
    def matrix(self) -> np.ndarray:
        """Columns a*, b*, c* times the wavelength, as in a file for -mat."""
        return self.stars * self.wavelength


def orientation_of(**keywords: object) -> Orientation:
    """The orientation that the simulator gives a crystal.

    Parameters
    ----------
    **keywords
        Of `nbport.Parameters`: cell or matrix, misset_deg, misset_seed, wavelength_A.

    Raises
    ------
    InputError, OptionError
        If something cannot be used, or the axes are left-handed.
    """
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="nbport-") as folder, announced():
        p = Asked()
        scan(Parameters(**keywords).save(folder).to_options(), p)
        if p.matrix is not None and not os.path.exists(p.matrix):
            raise InputError(f"{p.matrix}: no such matrix file")
        crystal, new_table = compiled("setup.crystal"), compiled("crules.random").new_table
        clock = -int.from_bytes(os.urandom(3), "little") - 1
        cell = crystal.orient_crystal(p, new_table(), clock, lambda text, *values: said.append(printf(text, *values)))
        if not cell.V_cell > 0.0 or not np.isfinite([*cell.lengths, *cell.angles]).all():
            raise InputError(
                f"{keywords.get('matrix') or '-cell'}: found axes of volume {cell.V_cell:g}, expected right-handed ones"
            )
        # of the real vectors, which are what is rendered: the reciprocal ones of a triclinic cell are not theirs
        # (quirk: triclinic-cell)
        stars = np.linalg.inv(np.array([cell.a, cell.b, cell.c]))
        U = _rotation_of(stars)
        misset = crystal.umat_to_misset(U.ravel())
    lengths = np.linalg.norm(stars, axis=0)
    cosines = (stars.T @ stars / np.outer(lengths, lengths))[[1, 0, 0], [2, 2, 1]]
    return Orientation(
        (*cell.lengths, *(angle * RTD for angle in cell.angles)),
        (*lengths.tolist(), *np.degrees(np.arccos(cosines)).tolist()),
        1.0 / float(np.linalg.det(stars)),
        stars,
        U,
        tuple(angle * RTD for angle in misset),
        p.lambda0 * 1e10,
        tuple(line for line in said if line.startswith("WARNING")),
    )


def _rotation_of(stars: np.ndarray) -> np.ndarray:
    """What turns the default orientation, a* along x and b* in the plane of x and y, to a right-handed one."""
    Q, R = np.linalg.qr(stars)
    return Q * np.sign(np.diag(R))
