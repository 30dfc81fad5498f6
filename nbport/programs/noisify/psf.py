"""Point spread functions: kernels integrated over pixels, and their application. C: noisify.c 668-924

Light from a pixel is added to the image in the order of the pixels, and every sum is rounded to a 32-bit float. Blocks
of rows of the result are independent, so each is made by one thread, from all pixels that reach it, in that order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numba import njit

from ...kernels.scalar import c_int, wrap_int
from ...system import memory
from ..blocks import in_blocks
from .options import Psf

LN4, LN16, SQRT_LN2, SQRT_LN16 = 1.3862943611198906, 2.772588722239781, 0.8325546111576977, 1.6651092223153954
NONE = -1  # radius of a pixel whose light is not spread

cached = njit(error_model="numpy", nogil=True, cache=True)
inlined = njit(error_model="numpy", nogil=True)


def apply_psf(
    image: np.ndarray,
    xpixels: int,
    ypixels: int,
    psf: Psf,
    fwhm: float,
    user_radius: int,
    threads: int,
    say: Callable[..., None],
) -> np.ndarray:
    """The image as it is seen through a point spread function. C: noisify.c 733-924

    Parameters
    ----------
    image : float32 [xpixels * ypixels]
        Photons.
    psf : Psf
        GAUSS or FIBER.
    fwhm : float
        Full width at half maximum, pixels.
    user_radius : int
        To render to; 0: automatic; below 0: nothing is rendered (quirk: psf-negative-radius).
    threads : int
        Any number gives the same image.
    say : callable
        Gets the lines of the log.

    Returns
    -------
    float32, a new image; the same if the width is not positive.
    """
    if fwhm <= 0.0:
        say("WARNING: the point spread function has no width")
        return image
    gauss = psf is Psf.GAUSS
    g = fwhm * 0.652383013252053
    out = np.zeros(image.size, np.float32)
    width = max(xpixels, ypixels)
    radius = user_radius
    if radius <= 0:
        max_I = largest(image)
        say("  maximum input photon/pixel: %g", max_I)
        if max_I <= 0.0:
            say("WARNING: no photons to spread")
            return out
        radius = kernel_radius(max_I, fwhm, g, gauss)
        say("  auto-selected psf_radius = %d pixels", radius)
        radius = radius or 1
    radius = min(radius, width)
    kernel = _kernel(radius, fwhm, g, gauss)
    reach = kernel.shape[0] // 2
    radii = np.empty(image.size, np.int32)
    lost = np.empty(image.size)

    def find_radii(first: int, last: int) -> None:
        prepare(image, first, last, user_radius, width, fwhm, g, gauss, radii, lost)

    def add_light(first: int, last: int) -> None:
        spread(image, xpixels, ypixels, kernel, full, radii, widths, first, last, out)

    for _ in in_blocks(find_radii, 0, image.size, threads):
        pass
    if reach > 0 and xpixels > 0:
        widths = half_widths(reach)
        full = is_full(kernel, widths)
        for _ in in_blocks(add_light, 0, ypixels, threads):
            pass
    total = total_of(image, lost)
    say("adding back %g lost photons", total)
    add_everywhere(out, total / image.size)
    return out


def _kernel(radius: int, fwhm: float, g: float, gauss: bool) -> np.ndarray:
    """Kernel in an array [2 radius + 1, 2 radius + 1]; without any radius [1, 1], which is not applied."""
    if radius <= 0:
        return np.zeros((1, 1))
    size = 2 * radius + 1
    memory.check(f"point spread function with a radius of {radius} pixels", 8 * size * size + 4 * radius * radius)
    kernel = np.zeros((size, size))
    if gauss:
        fill_gauss(kernel, radius, fwhm)
    else:
        fill_fiber(kernel, radius, g)
    return kernel


@cached
def largest(image):
    """The largest value, at least 0."""
    max_I = 0.0
    for i in range(image.size):
        if max_I < image[i]:
            max_I = np.float64(image[i])
    return max_I


@inlined
def auto_radius(photons, fwhm, g, gauss, of_kernel):
    """Radius beyond which a tenth of the counting error is lost (quirk: psf-radii). C: noisify.c 776-797, 844-862"""
    lost = math.sqrt(photons) / 10.0
    if gauss:
        exponent = -math.log(lost / photons)
        spread = exponent / LN4 / 2.0 if of_kernel else exponent / LN16
        return c_int(1 + np.ceil(math.sqrt(spread) * fwhm)) if spread >= 0.0 else c_int(math.nan)
    return c_int(1 + np.ceil(g * (photons / lost)))


@cached
def kernel_radius(photons, fwhm, g, gauss):
    """Radius for the brightest pixel, by the formula for the kernel."""
    return auto_radius(photons, fwhm, g, gauss, True)


@cached
def prepare(image, first, last, user_radius, width, fwhm, g, gauss, radii, lost):
    """Radius of every pixel and the photons that it loses beyond. C: noisify.c 836-886

    Pixels without light have no radius and lose nothing. A radius that is no number is none, too
    (quirk: psf-faint-pixels).
    """
    for i in range(first, last):
        radii[i] = NONE
        lost[i] = 0.0
        if image[i] <= 0.0:
            continue
        photons = np.float64(image[i])
        radius = user_radius
        if user_radius == 0:
            radius = auto_radius(photons, fwhm, g, gauss, False)
        if radius == 0:
            radius = 1
        radius = min(radius, width)
        radii[i] = radius
        if gauss:
            ratio = np.float64(radius) / fwhm
            lost[i] = photons * math.exp(-LN16 * (ratio * ratio))
        else:
            lost[i] = photons * g / math.sqrt(g * g + np.float64(wrap_int(radius * radius)))


@cached
def total_of(image, lost):
    """Sum over the pixels with light, in their order."""
    total = 0.0
    for i in range(lost.size):
        if not (image[i] <= 0.0):
            total += lost[i]
    return total


@cached
def half_widths(radius):
    """For each radius r and row y the largest x within the circle; int32 [radius + 1, radius + 1]."""
    widths = np.zeros((radius + 1, radius + 1), np.int32)
    for r in range(radius + 1):
        x = r
        for y in range(r + 1):
            while x * x + y * y > r * r:
                x -= 1
            widths[r, y] = x
    return widths


@cached
def spread(image, xpixels, ypixels, kernel, full, radii, widths, first, last, out):
    """Light that arrives in the rows first..last-1, from all pixels in their order. C: noisify.c 888-911

    Behind the last column of a row is the first one of the next (quirk: psf-right-edge).

    full : bool
        No value of the kernel is zero. Zeros are not added, which shows where the sum is -0 or the light is no number.
    """
    reach = kernel.shape[0] // 2
    for y0 in range(max(first - reach - 1, 0), min(last + reach, ypixels)):
        for x0 in range(xpixels):
            radius = min(radii[y0 * xpixels + x0], reach)
            if radius < 0:
                continue
            photons = np.float64(image[y0 * xpixels + x0])
            for y in range(max(first, y0 - radius), min(last, y0 + radius + 2)):
                dy = y - y0
                if dy <= radius:
                    width = widths[radius, abs(dy)]
                    left, right = max(x0 - width, 0), min(x0 + width, xpixels - 1)
                    # unsigned, and without a condition, or the loop is not vectorized
                    to, start = np.uint64(y * xpixels + left), np.uint64(reach + left - x0)
                    row = np.uint64(reach + dy)
                    if full:
                        for k in range(np.uint64(right - left + 1)):
                            out[to + k] = np.float32(np.float64(out[to + k]) + photons * kernel[row, start + k])
                    else:
                        for k in range(np.uint64(right - left + 1)):
                            if kernel[row, start + k] != 0.0:
                                out[to + k] = np.float32(np.float64(out[to + k]) + photons * kernel[row, start + k])
                dx = xpixels - x0
                if y > 0 and abs(dy - 1) <= radius and dx <= widths[radius, abs(dy - 1)]:
                    weight = kernel[reach + dy - 1, reach + dx]
                    if weight != 0.0:
                        out[y * xpixels] = np.float32(np.float64(out[y * xpixels]) + photons * weight)


@cached
def is_full(kernel, widths):
    """Whether no value within the circle is zero."""
    reach = kernel.shape[0] // 2
    for dy in range(-reach, reach + 1):
        width = widths[reach, abs(dy)]
        for dx in range(-width, width + 1):
            if kernel[reach + dy, reach + dx] == 0.0:
                return False
    return True


@cached
def add_everywhere(out, photons):
    """Add the same to every pixel. C: noisify.c 913-919"""
    for i in range(out.size):
        out[i] = np.float32(np.float64(out[i]) + photons)


@cached
def fill_gauss(kernel, radius, fwhm):
    """Gaussian of unit volume, integrated over each pixel of a circle. C: noisify.c 677-693

    A product of two functions of one coordinate, so their values are taken from tables: [upper or lower edge, pixel].
    """
    half = 1.0 / fwhm / 2.0
    x_erf = np.empty((2, 2 * radius + 1))
    y_erf = np.empty((2, 2 * radius + 1))
    for d in range(-radius, radius + 1):
        centre = np.float64(d) / fwhm
        for edge in range(2):
            at = centre + half if edge == 0 else centre - half
            x_erf[edge, radius + d] = math.erf(2.0 * at * SQRT_LN2)
            y_erf[edge, radius + d] = math.erf(at * SQRT_LN16)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy <= radius * radius:
                x, y = radius + dx, radius + dy
                kernel[y, x] = (
                    0.125 * (x_erf[0, x] * y_erf[0, y] * 2.0)
                    - 0.125 * (x_erf[0, x] * y_erf[1, y] * 2.0)
                    - 0.125 * (x_erf[1, x] * y_erf[0, y] * 2.0)
                    + 0.125 * (x_erf[1, x] * y_erf[1, y] * 2.0)
                )


@inlined
def fiber_integral(x, y, g):
    """Integral of a fibre's point spread function from the origin. C: noisify.c 704-707"""
    return math.atan((x * y) / (g * math.sqrt(g * g + x * x + y * y))) / 2.0 / math.pi


@cached
def fill_fiber(kernel, radius, g):
    """Fibre's point spread function, integrated over each pixel of a circle. C: noisify.c 708-715

    Neighbouring pixels share corners, of which two rows are kept.
    """
    size = 2 * radius + 1
    below, above = np.empty(size + 1), np.empty(size + 1)
    for k in range(size + 1):
        above[k] = fiber_integral(k - radius - 0.5, -radius - 0.5, g)
    for dy in range(-radius, radius + 1):
        below, above = above, below
        for k in range(size + 1):
            above[k] = fiber_integral(k - radius - 0.5, dy + 0.5, g)
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy <= radius * radius:
                k = radius + dx
                kernel[radius + dy, k] = above[k + 1] - below[k + 1] - above[k] + below[k]
