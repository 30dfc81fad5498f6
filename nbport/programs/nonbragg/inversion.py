"""A table of structure factors from an image. C: nonBragg.c 1622-1681"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ...crules.text import divide, printf
from ...errors import InputError
from ..console import Session
from ..rejection import mean_with_rejection
from .pixels import Inversion
from .setup import Run

FEWEST = 100  # pixels of a bin that is written, and one more

cached = njit(cache=True, nogil=True, error_model="numpy")


@cached
def sort_by_bin(F, bins, places, values):
    """Put the value of each pixel where the next one of its bin belongs. C: nonBragg.c 1641-1649"""
    for j in range(F.size):
        values[places[bins[j]]] = F[j]
        places[bins[j]] += 1


def write_table(run: Run, inversion: Inversion, session: Session) -> int:
    """Write mean and deviation of the structure factor for each point of the table.

    Pixels outside the region of interest are in bin 0 but not counted there, so that they run over into the bins behind
    it (quirk: nonbragg-stolout-roi). Medians are not worked out, and are written as zeros (quirk: nonbragg-stolout).

    Returns
    -------
    int, pixels of the last bin
    """
    p, bins = run.parameters, inversion.bins
    if bins.size and int(bins.max()) > run.stols - 2:
        raise InputError(f"{p.stol}: the table ends before the corners of {p.img}")
    xmin, xmax, ymin, ymax = p.roi
    within = bins.reshape(p.spixels, p.fpixels)[ymin : ymax + 1, xmin : xmax + 1]
    counts = np.bincount(within.reshape(-1), minlength=run.stols)
    begins = np.ones(run.stols, np.int64)
    begins[1:] += np.cumsum(2 * counts[:-1] + 2)
    values = np.zeros(2 * p.pixels + 10 * run.stols, np.float32)
    sort_by_bin(inversion.F, bins, begins.copy(), values)
    lines = []
    n = 0
    for place in range(2, run.stols - 2):
        first, n = int(begins[place]), int(counts[place])
        stol = divide(float(run.stol_of[place]), p.stol_file_mult)
        mean, rmsd, n = mean_with_rejection(n, values[first : first + n + 1], np.float32(math.inf))
        if n > FEWEST:
            lines.append(printf("%g %g %g   %g %g  %d\n", stol, float(mean), float(rmsd), 0.0, 0.0, n))
        else:
            session.say("WARNING: %d pixels at %g are too few for the table", n, stol)
    session.write(p.stolout, ["".join(lines).encode("ascii")])
    session.say("wrote %s as %d lines of text", p.stolout, len(lines))
    return n
