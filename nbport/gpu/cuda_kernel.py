"""The CUDA kernel: the body of `kernels/device_body.py`, one thread a pixel.

Importing this loads Numba's CUDA target.
"""

import functools

import numpy as np
from numba import config, cuda

from ..compilation.spelling import rebound, respelled
from ..kernels import device_body, elementary
from . import mixed
from .operations import operations

# a block; they share a row of the image. Registers limit how many blocks fit: of smaller ones more threads do
THREADS = 8 if config.ENABLE_CUDASIM else 64

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


add, fma = OPERATIONS["+"], REPLACED[elementary.fma]
pixel = twin(device_body.pixel)


@cuda.jit(cache=not config.ENABLE_CUDASIM)
def render_tile(
    place, numbers, masked, mask, sources, axes, vectors, bordered, grid, interpolate,
    pixels, omega_sums, left_grid, carried,
):  # fmt: skip
    """Render the pixels of a place: blocks along a row of the image, row after row.

    Parameters
    ----------
    place : Place
    numbers : certificate.Numbers
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
    carried : float64 [stop - start or more, CARRIED]
        From one part of the pixels to the next; of any size if there is only one.
    """
    partial = cuda.shared.array(THREADS, np.float64)
    lane = cuda.threadIdx.x
    # one dimension of blocks: the others end at 65535
    block = np.int64(cuda.blockIdx.x)
    blocks_a_row = (place.columns + THREADS - 1) // THREADS
    column = block % blocks_a_row * THREADS + lane
    tile_row = block // blocks_a_row
    row = place.start // place.columns + tile_row
    n = row * place.columns + column
    omega_sum = 0.0
    if column < place.columns and n >= place.start and n < place.stop:
        fpixel = place.leftmost + column
        if masked and mask[row * numbers.scene.geometry.fpixels + fpixel] == 0:
            pixels[n - place.start] = 0.0
        else:
            photons, omega_sum, left = pixel(
                fpixel, row, place.begin, place.end, carried[(n - place.start) % carried.shape[0]],
                numbers, sources, axes, vectors, bordered, grid, interpolate,
            )  # fmt: skip
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
        cuda.atomic.add(omega_sums, tile_row, partial[0])


render_tile_mixed = cuda.jit(cache=not config.ENABLE_CUDASIM)(rebound(render_tile, "mixed", pixel=twin(mixed.pixel)))
product = twin(device_body.probe)


@cuda.jit(cache=not config.ENABLE_CUDASIM)
def probe(x, results):
    """Operations whose results tell a contracted product from a rounded one."""
    results[0], results[1], results[2], results[3] = product(x[0], x[1], x[2])


CHAINS, CHAIN = 4, 16  # independent multiply-adds of a thread, and how many follow one another in a round
FLOPS_A_ROUND = 2 * CHAINS * CHAIN


@cuda.jit(cache=not config.ENABLE_CUDASIM)
def multiply_adds(rounds, results):
    """So many rounds of nothing but fused multiply-adds in every thread, to measure what a GPU can do at most."""
    a = np.float64(cuda.threadIdx.x) * 1e-3
    b, c, d = a + 1.0, a + 2.0, a + 3.0
    for _ in range(rounds):
        for _ in range(CHAIN):
            a, b = fma(a, 0.9999999, 1e-9), fma(b, 0.9999998, 2e-9)
            c, d = fma(c, 0.9999997, 3e-9), fma(d, 0.9999996, 4e-9)
    results[cuda.grid(1)] = a + b + c + d
