"""The CUDA kernel: the body of `kernels/device_body.py`, one thread a pixel.

Importing this loads Numba's CUDA target.
"""

import functools

import numpy as np
from numba import config, cuda

from .cuda_operations import operations
from .kernels import device_body
from .spelling import respelled

THREADS = 8 if config.ENABLE_CUDASIM else 128  # a block; they share a row of the image

OPERATIONS, REPLACED = operations()


@functools.cache
def twin(function):
    """A compiled function of the CPU as one of the device, each operation on its own."""
    spelled = respelled(function, OPERATIONS, twin)
    spelled.__globals__.update(
        (name, REPLACED[value])
        for name, value in list(spelled.__globals__.items())
        if name in spelled.__code__.co_names and _is_replaced(value)
    )
    return spelled if config.ENABLE_CUDASIM else cuda.jit(device=True)(spelled)


def _is_replaced(value):
    return any(value is function for function in REPLACED)


add = OPERATIONS["+"]
pixel = twin(device_body.pixel)


@cuda.jit(cache=not config.ENABLE_CUDASIM)
def render_tile(
    place, numbers, masked, mask, sources, axes, vectors, bordered, grid, interpolate, pixels, omega_sums, left_grid
):
    """Render the pixels of a place; block x along a row of the image, block y the row.

    Parameters
    ----------
    place : Place
    numbers : certified.Numbers
    masked : int
        Whether there is a mask.
    mask, sources, axes, vectors, bordered, grid : arrays
        Of `Tables`; none is empty.
    interpolate : int
    pixels : float32 [stop - start]
        Filled with photons, NaN where they are uncertain.
    omega_sums : float64 [rows that the place touches]
        Increased by the solid angles (sr), in no certain order.
    left_grid : int64 [1]
        Lowered to the offset of the first pixel at which interpolation may end.
    """
    partial = cuda.shared.array(THREADS, np.float64)
    lane = cuda.threadIdx.x
    column = np.int64(cuda.blockIdx.x) * THREADS + lane
    row = place.start // place.columns + cuda.blockIdx.y
    n = row * place.columns + column
    omega_sum = 0.0
    if column < place.columns and n >= place.start and n < place.stop:
        fpixel = place.leftmost + column
        if masked and mask[row * numbers.scene.geometry.fpixels + fpixel] == 0:
            pixels[n - place.start] = 0.0
        else:
            photons, omega_sum, left = pixel(fpixel, row, numbers, sources, axes, vectors, bordered, grid, interpolate)
            pixels[n - place.start] = photons
            if left:
                cuda.atomic.min(left_grid, 0, n - place.start)
    partial[lane] = omega_sum
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if lane < half:
            partial[lane] = add(partial[lane], partial[lane + half])
        cuda.syncthreads()
        half //= 2
    if lane == 0:
        cuda.atomic.add(omega_sums, cuda.blockIdx.y, partial[0])


product = twin(device_body.probe)


@cuda.jit(cache=not config.ENABLE_CUDASIM)
def probe(x, results):
    """Operations whose results tell a contracted product from a rounded one."""
    results[0], results[1], results[2], results[3] = product(x[0], x[1], x[2])
