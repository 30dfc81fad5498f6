"""Mosaic domains and spindle positions: every orientation that the crystal takes."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..compilation.nan_signs import careful
from ..crules.random import mosaic_rotation_umat
from ..kernels.scalar import rotate_axis
from ..kernels.stopping import stopped
from ..system.stopping import Stop


def mosaic_umats(spread: float, domains: int, seed: int, table: np.ndarray, stop: Stop) -> np.ndarray:
    """Rotation matrices of the domains, float64 [domains, 9]. C: 2437-2456

    The first one is the identity, set after its random numbers were drawn.

    Raises
    ------
    CancelledError
        If it was stopped.
    """
    umats = np.zeros((domains, 9))
    idum = np.array([seed])
    for umat in stop.each(umats):
        mosaic_rotation_umat(np.float32(spread), idum, table, umat)
    umats[:1] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    return umats


@careful
@njit(cache=True, nogil=True, error_model="numpy")
def spindle_rotations(a0, b0, c0, spindle_vector, phi0, phistep, turned, rotated, stop):
    """Cell vectors at every phi; a phi of exactly zero turns nothing. C: 2779-2789

    Parameters
    ----------
    a0, b0, c0 : 3-tuples, m
    phi0, phistep : float, rad
    turned : int8 [phisteps]
        Filled: 1 where phi is not zero.
    rotated : float64 [phisteps, 9]
        Filled where turned.
    stop : int
        As `Scene.stop`.
    """
    for phi_tic in range(turned.size):
        if stopped(stop):
            break
        phi = phistep * phi_tic + phi0
        turned[phi_tic] = 1 if phi != 0.0 else 0
        if phi != 0.0:
            a = rotate_axis(a0, spindle_vector, phi)
            b = rotate_axis(b0, spindle_vector, phi)
            c = rotate_axis(c0, spindle_vector, phi)
            for i in range(3):
                rotated[phi_tic, i] = a[i]
                rotated[phi_tic, 3 + i] = b[i]
                rotated[phi_tic, 6 + i] = c[i]
