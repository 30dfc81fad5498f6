"""The scratch array of the passes, filled with random numbers, and comparisons by bits."""

import numpy as np

from nbport.kernels import rows
from tests.support.scenes import scalar

CHUNK = rows.CHUNK
CELL = "-cell 40 50 60 80 95 100 -lambda 1.1 -distance 90 -pixel 0.13 -detpixels_x 700 -detpixels_y 500"
RNG = np.random.default_rng(8)


def scratch():
    """Random rows, but lanes in order."""
    w = RNG.normal(size=rows.SCRATCH)
    w[rows.LANE : rows.LANE + CHUNK] = np.arange(CHUNK)
    return w


def row(w, first):
    """One of its rows."""
    return w[first : first + CHUNK]


def columns(*rows):
    """Rows side by side, one line a pixel."""
    return np.stack(rows, axis=1)


def assert_same_bits(got, expected):
    """Equal doubles, signs of zeros included."""
    expected = np.asarray(expected)
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(np.int64), expected.view(np.int64))


def unit_vectors(w):
    """Random unit vectors as `diffracted`."""
    v = RNG.normal(size=(CHUNK, 3))
    v = [scalar.unitize(tuple(x))[1] for x in v.tolist()]
    for axis, first in enumerate((rows.D1, rows.D2, rows.D3)):
        row(w, first)[:] = [x[axis] for x in v]
    return v
