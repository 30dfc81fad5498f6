"""Elementary functions of the diffraction calculation, with one source for every target.

Every operation is written in the reference's order and none may be contracted or
reordered: each intermediate result is rounded where the reference rounds it. Vectors
are 3-tuples. `math` means the libm of the process.
"""

import math

from numba import njit

# inlined into their callers, hence no cache of their own
scalar = njit(error_model="numpy")

INT_MIN = -2147483648


@scalar
def c_int(x):
    """Convert to a 32-bit int as the hardware does: toward zero, INT_MIN when out of range or NaN."""
    if x > -2147483649.0 and x < 2147483648.0:
        return int(x)
    return INT_MIN


@scalar
def wrap_int(n):
    """Reduce a whole number to 32 bits, two's complement."""
    return ((n + 2147483648) & 4294967295) - 2147483648


@scalar
def dot_product(x, y):
    """Inner product. C: 4047-4049"""
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2]


@scalar
def cross_product(x, y):
    """Cross product. C: 4038-4045"""
    return (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])


@scalar
def magnitude(v):
    """Length of a vector. C: 3972-3978"""
    return math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])


@scalar
def unitize(v):
    """Length of a vector and the vector divided by it; a zero vector stays zero. C: 3981-4002"""
    mag = magnitude(v)
    if mag != 0.0:
        return mag, (v[0] / mag, v[1] / mag, v[2] / mag)
    return mag, (0.0, 0.0, 0.0)


@scalar
def vector_scale(v, scale):
    """A vector times a number. C: 4005-4012"""
    return (v[0] * scale, v[1] * scale, scale * v[2])


@scalar
def rotate(v, phix, phiy, phiz):
    """Rotate about x, then y, then z; an angle of exactly zero is left out (quirk: zero-rotations).
    C: 3311-3361"""
    x, y, z = v
    if phix != 0.0:
        cosine = math.cos(phix)
        sine = math.sin(phix)
        y, z = y * cosine - sine * z, sine * y + cosine * z
    if phiy != 0.0:
        cosine = math.cos(phiy)
        sine = math.sin(phiy)
        x, z = cosine * x + 0.0 * y + z * sine, 0.0 * y - sine * x + cosine * z
    if phiz != 0.0:
        cosine = math.cos(phiz)
        sine = math.sin(phiz)
        x, y = -sine * y + cosine * x, cosine * y + sine * x
    return (x, y, z)


@scalar
def rotate_axis(v, axis, phi):
    """Rotate about a unit vector by phi (rad). C: 3366-3379"""
    return rotate_by(v, axis, math.sin(phi), math.cos(phi))


@scalar
def rotate_by(v, axis, sinphi, cosphi):
    """Rotate about a unit vector by the angle with this sine and cosine. C: 3366-3379"""
    dot = (axis[0] * v[0] + axis[1] * v[1] + axis[2] * v[2]) * (1.0 - cosphi)
    return (
        (-axis[2] * v[1] + axis[1] * v[2]) * sinphi + (dot * axis[0] + v[0] * cosphi),
        (axis[2] * v[0] - axis[0] * v[2]) * sinphi + (dot * axis[1] + v[1] * cosphi),
        (axis[0] * v[1] - axis[1] * v[0]) * sinphi + (axis[2] * dot + v[2] * cosphi),
    )


@scalar
def rotate_umat(v, umat):
    """Rotate by a 9-element matrix, row by row. C: 3384-3405"""
    return (
        v[0] * umat[0] + v[1] * umat[1] + v[2] * umat[2],
        v[0] * umat[3] + v[1] * umat[4] + v[2] * umat[5],
        v[0] * umat[6] + v[1] * umat[7] + v[2] * umat[8],
    )


@scalar
def rotate_cell(a, b, c, u):
    """Rotate three vectors by a 9-element matrix, as `rotate_umat` does. C: 2795-2800, 3384-3405

    The reference's compiler put the terms in an order of its own for each (see `nan_signs`).
    """
    return (
        rotate_umat(a, u),
        (
            b[0] * u[0] + b[1] * u[1] + b[2] * u[2],
            b[1] * u[4] + b[0] * u[3] + b[2] * u[5],
            b[2] * u[8] + (b[1] * u[7] + b[0] * u[6]),
        ),
        (
            u[1] * c[1] + u[0] * c[0] + u[2] * c[2],
            u[3] * c[0] + u[4] * c[1] + u[5] * c[2],
            u[6] * c[0] + u[7] * c[1] + u[8] * c[2],
        ),
    )


@scalar
def sincg(x, N):
    """sin(N x) / sin(x), or N at x = 0: Fourier transform of a grating of N slits; x = pi h. C: 3291-3296"""
    if x == 0.0:
        return N
    return math.sin(x * N) / math.sin(x)


@scalar
def sinc3(x):
    """3 (sin(x) / x - cos(x)) / x^2, or 1 at x = 0: Fourier transform of a sphere. C: 3298-3302"""
    if x == 0.0:
        return 1.0
    return 3.0 * (math.sin(x) / x - math.cos(x)) / (x * x)


@scalar
def polarization_factor(kahn_factor, incident, diffracted, axis):
    """(1 + cos^2(2 theta) - K cos(2 psi) sin^2(2 theta)) / 2, for a Kahn factor K. C: 4053-4095

    Returns
    -------
    (factor, diffracted, axis): both vectors are normalized, and the caller must keep them
    (quirk: polarization-in-place).
    """
    _, incident = unitize(incident)
    _, diffracted = unitize(diffracted)
    _, axis = unitize(axis)
    cos2theta = diffracted[0] * incident[0] + incident[1] * diffracted[1] + incident[2] * diffracted[2]
    cos2theta_sqr = cos2theta * cos2theta
    sin2theta_sqr = 1 - cos2theta_sqr
    psi = 0.0
    if kahn_factor != 0.0:
        _, B_in = unitize(
            (
                incident[2] * axis[1] - incident[1] * axis[2],
                axis[2] * incident[0] - incident[2] * axis[0],
                axis[0] * incident[1] - axis[1] * incident[0],
            )
        )
        _, E_in = unitize(cross_product(incident, B_in))
        # its sign is lost in the cosine
        psi = math.atan2(dot_product(diffracted, B_in), dot_product(E_in, diffracted))
    factor = 0.5 * (cos2theta_sqr + 1.0 - sin2theta_sqr * (kahn_factor * math.cos(2.0 * psi)))
    return factor, diffracted, axis


@scalar
def polint(x, first, y0, y1, y2, y3):
    """Cubic through values at first, first+1, first+2, first+3. C: 3807-3815

    The divisors are products of differences of whole numbers, so they are exact.
    """
    d0 = x - first
    d1 = x - (first + 1.0)
    d2 = x - (first + 2.0)
    d3 = x - (first + 3.0)
    x0 = d1 * d2 * d3 * y0 / -6.0
    x1 = d0 * d2 * d3 * y1 / 2.0
    x2 = d0 * d1 * d3 * y2 / -2.0
    x3 = d0 * d1 * d2 * y3 / 6.0
    return x0 + x1 + x2 + x3


@scalar
def tricubic(Fhkl, i, j, k, h_first, k_first, l_first, h, k_index, l_index):
    """Interpolate the 4x4x4 block of Fhkl at [i, j, k]: along l, then k, then h. C: 3819-3844

    The block's first grid point has the Miller indices h_first, k_first, l_first.
    """
    y0 = y1 = y2 = y3 = 0.0
    for m in range(4):
        z0 = z1 = z2 = z3 = 0.0
        for n in range(4):
            row = Fhkl[i + m, j + n]
            value = polint(l_index, l_first, row[k], row[k + 1], row[k + 2], row[k + 3])
            if n == 0:
                z0 = value
            elif n == 1:
                z1 = value
            elif n == 2:
                z2 = value
            else:
                z3 = value
        value = polint(k_index, k_first, z0, z1, z2, z3)
        if m == 0:
            y0 = value
        elif m == 1:
            y1 = value
        elif m == 2:
            y2 = value
        else:
            y3 = value
    return polint(h, h_first, y0, y1, y2, y3)
