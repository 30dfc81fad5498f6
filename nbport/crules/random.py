"""Random numbers and rotations of the reference, call for call.

One shuffle table serves every stream of a run; a stream is only its `idum`. Call order
matters: misset, then mosaic domains, then noise (quirk: shared-shuffle-table).
"""

import math

import numpy as np
from numba import njit

IA, IM, IQ, IR = 16807, 2147483647, 127773, 2836
AM = 1.0 / IM
NTAB = 32
NDIV_BITS = 26  # the reference divides by 1 + (IM-1)/NTAB = 2**26
RNMX = 1.0 - 1.2e-7
IY = NTAB  # the table's last element is the last output
TABLE_SIZE = NTAB + 1

# statics of poidev and gaussdev, float32 [6]
SQ, ALXM, G, OLDM, GSET, ISET = range(6)

# A stream is serial, so a call should cost no more than in C: inlined, and no references to arrays counted.
jitted = njit(error_model="numpy", nogil=True, _nrt=False)
inlined = njit(error_model="numpy", nogil=True, _nrt=False, forceinline=True)
cached = njit(error_model="numpy", nogil=True, _nrt=False, cache=True)


def new_table():
    """Shuffle table of ran1 before its first use, int64 [TABLE_SIZE]."""
    return np.zeros(TABLE_SIZE, np.int64)


def new_statics():
    """State of poidev and gaussdev before their first use, float32 [6]."""
    return np.array([0, 0, 0, -1, 0, 0], np.float32)


@jitted
def advance(idum):
    """One step of the linear congruential generator: IA*idum modulo IM."""
    if 0 < idum < IM:
        # the remainder for a divisor of 2**31 - 1
        product = IA * idum
        idum = (product & IM) + (product >> 31)
        return idum - IM if idum >= IM else idum
    # an impossible seed: as the reference does it
    k = idum // IQ
    idum = IA * (idum - k * IQ) - IR * k
    if idum < 0:
        idum += IM
    return idum


@jitted
def fill_table(idum, table):
    """Begin a stream with a shuffle table of its own. C: 3782-3793"""
    idum[0] = 1 if -idum[0] < 1 else -idum[0]
    for j in range(NTAB + 7, -1, -1):
        idum[0] = advance(idum[0])
        if j < NTAB:
            table[j] = idum[0]
    table[IY] = table[0]


@inlined
def ran1(idum, table):
    """Uniform deviate in (0, 1) as float32. C: 3773-3804

    Parameters
    ----------
    idum : int64 [1]
        The stream; zero or less (re)fills the shuffle table.
    table : int64 [TABLE_SIZE]
    """
    if idum[0] <= 0 or table[IY] == 0:
        fill_table(idum, table)
    idum[0] = advance(idum[0])
    j = (table[IY] >> NDIV_BITS) & (NTAB - 1)
    iy = table[j]
    table[IY] = iy
    table[j] = idum[0]
    value = np.float32(AM * iy)
    if np.float64(value) > RNMX:
        return np.float32(RNMX)
    return value


@jitted
def gammln(xx):
    """Logarithm of the gamma function, rounded to float32. C: 3741-3756"""
    x = np.float64(xx)
    y = x
    tmp = x + 5.5
    tmp -= (x + 0.5) * math.log(tmp)
    ser = 1.000000000190015
    for cof in (
        76.18009172947146,
        -86.50532032941677,
        24.01409824083091,
        -1.231739572450155,
        0.1208650973866179e-2,
        -0.5395239384953e-5,
    ):
        y += 1.0
        ser += cof / y
    return np.float32(-tmp + math.log(2.5066282746310005 * ser / x))


@jitted
def gaussdev(idum, table, statics):
    """Gaussian deviate as float32; every second one is kept for the next call. C: 3673-3701"""
    if statics[ISET] != np.float32(0.0):
        statics[ISET] = np.float32(0.0)
        return statics[GSET]
    v1 = v2 = rsq = np.float32(0.0)
    while True:
        v1 = np.float32(2.0 * np.float64(ran1(idum, table)) - 1.0)
        v2 = np.float32(2.0 * np.float64(ran1(idum, table)) - 1.0)
        rsq = v1 * v1 + v2 * v2
        if not (rsq >= np.float32(1.0) or rsq == np.float32(0.0)):
            break
    r = np.float64(rsq)
    fac = np.float32(math.sqrt(-2.0 * math.log(r) / r))
    statics[GSET] = v1 * fac
    statics[ISET] = np.float32(1.0)
    return v2 * fac


@inlined
def poidev(xm, idum, table, statics):
    """Poisson deviate of mean xm, both float32. C: 3616-3669"""
    mean = np.float64(xm)
    if mean > 1.0e6:
        return np.float32(mean + math.sqrt(mean) * np.float64(gaussdev(idum, table, statics)))
    one = np.float32(1.0)
    if mean < 12.0:
        if xm != statics[OLDM]:
            statics[OLDM] = xm
            statics[G] = np.float32(math.exp(-mean))
        em = np.float32(-1.0)
        t = one
        while True:
            em = em + one
            t = t * ran1(idum, table)
            if not (t > statics[G]):
                return em
    if xm != statics[OLDM]:
        statics[OLDM] = xm
        statics[SQ] = np.float32(math.sqrt(2.0 * mean))
        statics[ALXM] = np.float32(math.log(mean))
        statics[G] = xm * statics[ALXM] - gammln(np.float32(mean + 1.0))
    while True:
        em = y = np.float32(0.0)
        while True:
            y = np.float32(math.tan(math.pi * np.float64(ran1(idum, table))))
            em = statics[SQ] * y + xm
            if not (em < np.float32(0.0)):
                break
        em = np.float32(np.floor(np.float64(em)))
        exponent = em * statics[ALXM] - gammln(np.float32(np.float64(em) + 1.0)) - statics[G]
        t = np.float32(0.9 * (1.0 + np.float64(y * y)) * math.exp(np.float64(exponent)))
        if not (ran1(idum, table) > t):
            return em


@cached
def mosaic_rotation_umat(mosaicity, idum, table, umat):
    """Random rotation within a spherical cap, written to umat (float64 [9]). C: 3439-3487

    mosaicity (rad) and the power are float32, as is their product.
    """
    r1 = 2.0 * np.float64(ran1(idum, table)) - 1.0
    r2 = 2.0 * np.float64(ran1(idum, table)) - 1.0
    r3 = 2.0 * np.float64(ran1(idum, table)) - 1.0
    xyrad = math.sqrt(1.0 - r2 * r2)
    power = math.pow(np.float32(1.0 - r3 * r3), np.float32(1.0 / 3.0))
    rot = np.float64(np.float32(mosaicity) * np.float32(power))
    v1 = xyrad * math.sin(math.pi * r1)
    v2 = xyrad * math.cos(math.pi * r1)
    v3 = r2
    t1 = math.cos(rot)
    t2 = 1.0 - t1
    t6 = t2 * v1
    t7 = t6 * v2
    t8 = math.sin(rot)
    t9 = t8 * v3
    t11 = t6 * v3
    t12 = t8 * v2
    t19 = t2 * v2 * v3
    t20 = t8 * v1
    umat[0] = t1 + t2 * (v1 * v1)
    umat[1] = t7 - t9
    umat[2] = t11 + t12
    umat[3] = t7 + t9
    umat[4] = t1 + t2 * (v2 * v2)
    umat[5] = t19 - t20
    umat[6] = t11 - t12
    umat[7] = t19 + t20
    umat[8] = t1 + t2 * (v3 * v3)
