"""The body for GPUs with sines in float32: an image within 1e-5 of the exact one, pixel by pixel.

Everything is the text of `kernels/device_body.py`, in float64, except for the six sines of a parallelepiped, their
products and quotient. Their arguments are reduced in float64, so each is good to a relative error in float32,
however large the Miller index or the crystal. What cannot be shown to be within the bound is NaN, as what is
uncertain is in the exact body, and is rendered by the reference kernel. `docs/gpu.md` has the proof.
"""

import math

import numpy as np
from numba import njit

from ..compilation.spelling import rebound
from ..kernels import device_body, device_terms, terms
from ..kernels.certificate import Certificate, certify
from ..kernels.scalar import scalar
from ..kernels.scene import SQUARE, Scene

BOUND = 1e-5  # of a pixel, relative to what the C program gives

HALF_ULP = 2.0**-24
# sin(r) = r + r t P(t), t = r*r; near-minimax for |r| <= pi/2 to 9.7e-9, and five roundings
S0, S1 = np.float32(-0.16666659712791443), np.float32(0.00833306647837162)
S2, S3 = np.float32(-0.00019809602235909551), np.float32(2.6057803097501164e-06)
SIN_ERROR = 9.7e-9 + 5 * HALF_ULP
# six sines, two products of each three, a quotient; all of it squared
TERM_ERROR = 12 * SIN_ERROR + 12 * HALF_ULP
# of two pixels, each rounded to float32, whose doubles are within it, the one is within BOUND of the other
CERTAIN = BOUND * (1.0 - BOUND) - 2 * HALF_ULP
# below, float32 has fewer digits; above, it ends
LEAST, MOST = 1e-37, 1e38


@scalar
def sin_single(r, unused):
    """sin(r) in float32 for a reduced argument in float64; stands in for `elementary.sin_reduced`."""
    x = np.float32(r)
    t = x * x
    return (x * t) * (((S3 * t + S2) * t + S1) * t + S0) + x


@scalar
def near_enough(value, bound):
    """The pixel, if it is within BOUND; otherwise NaN."""
    if bound <= CERTAIN and (value == 0.0 or (math.fabs(value) > LEAST and math.fabs(value) < MOST)):
        return np.float32(0.0 + value)
    return np.float32(math.nan)


parallelepiped = scalar(rebound(terms.parallelepiped, "mixed", sin_reduced=sin_single))
lattice = scalar(rebound(device_terms.lattice, "mixed", parallelepiped=parallelepiped))
pixel = scalar(rebound(device_body.pixel, "mixed", lattice=lattice, certain=near_enough))
render_place = njit(cache=True, nogil=True, error_model="numpy")(
    rebound(device_body.render_place, "mixed", pixel=pixel)
)


def obstacle(certificate: Certificate) -> str | None:
    """Why a scene is rendered in float64 all the same, or None."""
    if certificate.numbers.shape != SQUARE:
        return "float32 holds the bound for a parallelepiped of more than one cell only"
    return None


def certify_mixed(scene: Scene) -> Certificate:
    """What `certificate.certify` gives, with the bound of these terms."""
    return certify(scene, slack=TERM_ERROR)
