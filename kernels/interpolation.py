"""Structure factors between whole indices, for a chunk of pixels: tricubic interpolation. Exact."""

import numpy as np

from .elementary import inlined, weighted_cubic
from .rows import ACTIVE, BLOCK, CHUNK, F_CELL, F_LATT, H0, K0, L0, X0, Y0, Y1, Y2, Y3, Z0, H, K, L, jitted


@jitted
def out_of_range(w, fgrid, lanes, skip_zero):
    """Does any of the first lanes, where it counts, leave the range of interpolation? C: 2937-2942"""
    found = False
    for i in range(lanes):
        h, k, l = w[H + i], w[K + i], w[L + i]
        out = (
            (h - fgrid.h_min + 3) > fgrid.h_range
            or h - 2 < fgrid.h_min
            or (k - fgrid.k_min + 3) > fgrid.k_range
            or k - 2 < fgrid.k_min
            or (l - fgrid.l_min + 3) > fgrid.l_range
            or l - 2 < fgrid.l_min
        )
        found = found or (out and w[ACTIVE + i] != 0.0 and not (skip_zero and w[F_LATT + i] == 0.0))
    return found


@jitted
def _corner(index, first, extent):
    """First grid point of a neighbourhood, kept inside the grid: floor(index) - 1 - first."""
    at = np.floor(index) - 1.0 - first
    at = at if at > 0.0 else 0.0
    return at if at < extent - 4.0 else extent - 4.0


@jitted
def tricubic(w, fgrid, F, places):
    """F_cell interpolated in the 4x4x4 neighbourhood. Exact. C: 2953-2990

    Neighbouring pixels mostly share their neighbourhood; its values are then constants of the loop.
    """
    l_size = fgrid.l_range + 1
    k_size = (fgrid.k_range + 1) * l_size
    for i in range(CHUNK):
        h = _corner(w[H + i], float(fgrid.h_min), float(fgrid.h_range))
        k = _corner(w[K + i], float(fgrid.k_min), float(fgrid.k_range))
        l = _corner(w[L + i], float(fgrid.l_min), float(fgrid.l_range))
        places[i] = np.int32(h * k_size + k * l_size + l)
    for block in range(0, CHUNK, BLOCK):
        _weights(w, L + block, L0)
        _weights(w, K + block, K0)
        _weights(w, H + block, H0)
        at = places[block]
        differing = 0
        for i in range(BLOCK):
            differing += 1 if places[block + i] != at else 0
        for m in range(4):
            for n in range(4):
                shift = m * k_size + n * l_size
                if differing == 0:
                    first = np.int64(at) + shift
                    _cubic_of(w, L0, F[first], F[first + 1], F[first + 2], F[first + 3], Z0 + n * BLOCK)
                    continue
                for i in range(BLOCK):
                    first = np.int64(places[block + i]) + shift
                    w[Y0 + i] = F[first]
                    w[Y1 + i] = F[first + 1]
                    w[Y2 + i] = F[first + 2]
                    w[Y3 + i] = F[first + 3]
                _cubic(w, L0, Y0, Z0 + n * BLOCK)
            _cubic(w, K0, Z0, X0 + m * BLOCK)
        _cubic(w, H0, X0, F_CELL + block)


@inlined
def _weights(w, index, out):
    """The four products of `polint` that do not depend on the values."""
    for i in range(BLOCK):
        x = w[index + i]
        first = np.floor(x) - 1.0
        d0, d1, d2, d3 = x - first, x - (first + 1.0), x - (first + 2.0), x - (first + 3.0)
        w[out + i] = d1 * d2 * d3
        w[out + BLOCK + i] = d0 * d2 * d3
        w[out + 2 * BLOCK + i] = d0 * d1 * d3
        w[out + 3 * BLOCK + i] = d0 * d1 * d2


@inlined
def _cubic(w, weights, y, out):
    """`polint` for values in four rows."""
    for i in range(BLOCK):
        w[out + i] = weighted_cubic(
            w[weights + i], w[weights + BLOCK + i], w[weights + 2 * BLOCK + i], w[weights + 3 * BLOCK + i],
            w[y + i], w[y + BLOCK + i], w[y + 2 * BLOCK + i], w[y + 3 * BLOCK + i],
        )  # fmt: skip


@inlined
def _cubic_of(w, weights, y0, y1, y2, y3, out):
    """`polint` for the same four values in every pixel."""
    for i in range(BLOCK):
        w[out + i] = weighted_cubic(
            w[weights + i], w[weights + BLOCK + i], w[weights + 2 * BLOCK + i], w[weights + 3 * BLOCK + i],
            y0, y1, y2, y3,
        )  # fmt: skip
