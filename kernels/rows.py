"""The scratch array of the certified kernel: rows of CHUNK doubles, one quantity of a chunk of pixels each.

The rows are at fixed offsets of one array `w`: with constant bounds and offsets the compiler sees
that they do not overlap, and turns loops over a chunk into vector instructions.
"""

from numba import njit

CHUNK = 256

# rows of the scratch array
(
    LANE,  # 0, 1, 2, ...
    D1, D2, D3,  # diffracted
    Q1, Q2, Q3,  # scattering, 1/m
    ACTIVE,  # 1, or 0 where dmin skips the source
    H, K, L,  # fractional Miller indices
    F_LATT, F_CELL,
    LATT_ERROR,  # absolute error of F_latt
    SUM, SUM_ERROR,  # I and a bound of its absolute error
    POLAR, POLAR_ERROR,  # relative error of a factor that was computed without libm
    OMEGA, OMEGA_SUM, CAPTURE, CAPTURE_ERROR, NO_ERROR,
    RELATIVE,  # relative error of I from such factors
    VALUE, BOUND, VALID,  # VALID: 1 where the pixel is certified
) = (CHUNK * row for row in range(27))  # fmt: skip
# rows that are free while positions are found
SINE, COSINE, S_ANGLE, F_ANGLE = Q1, Q2, Q3, H
# shorter rows behind them, for interpolation
BLOCK = 32
(
    H0, K0, L0,  # four rows of weights each
    Y0, Y1, Y2, Y3, Z0, X0,  # values to interpolate between; Z0 and X0 stand for four rows
) = (27 * CHUNK + BLOCK * row for row in (0, 4, 8, 12, 13, 14, 15, 16, 20))  # fmt: skip
SCRATCH = 27 * CHUNK + 24 * BLOCK

jitted = njit(error_model="numpy", nogil=True)


@jitted
def fill(w, row, value):
    for i in range(CHUNK):
        w[row + i] = value
