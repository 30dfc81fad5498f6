"""Single pixels with the state that a run in raster order has reached there.

The state settles soon, see `nbport/rendering/rows.py`; until then earlier pixels have to be passed.
"""

import numpy as np
from numba import njit

from .reference import AP, POLAR_VECTOR, render_pixel, vector_at
from .scalar import unitize
from .stopping import stopped


def with_one_sweep_step(scene):
    """A scene that leaves the same cell vectors behind after each sweep, by its last rotation alone.

    Only for a state whose interpolation is off: nothing else that is carried depends on the crystal.
    """
    crystal = scene.crystal
    turned = np.flatnonzero(crystal.turned)
    last = max(crystal.turned.size - 1, 0) if scene.sampling.fix_phi0 or not turned.size else int(turned[-1])
    return scene._replace(
        crystal=crystal._replace(
            turned=crystal.turned[last : last + 1],
            rotated=crystal.rotated[last : last + 1],
            mosaic_umats=crystal.mosaic_umats[:1],
        )
    )


@njit(error_model="numpy")
def is_rendered(g, imgidx):
    """Is a pixel in the region of interest and not masked? C: 2649-2663"""
    spixel, fpixel = imgidx // g.fpixels, imgidx % g.fpixels
    inside = g.roi_xmin <= fpixel <= g.roi_xmax and g.roi_ymin <= spixel <= g.roi_ymax
    return inside and (g.mask.size == 0 or g.mask[imgidx] != 0)


@njit(error_model="numpy")
def settled(scene, state):
    """Does every further pixel leave the state as it is? For a scene `with_one_sweep_step`."""
    crystal, beam, sampling = scene.crystal, scene.beam, scene.sampling
    if crystal.turned.size > 0 and (crystal.turned[0] or sampling.fix_phi0):
        left = crystal.a0 + crystal.b0 + crystal.c0
        for i in range(9):
            if state[AP + i] != (crystal.rotated[0, i] if crystal.turned[0] else left[i]):
                return False
    if beam.polarization == 0.0 or (beam.nopolar and not sampling.oversample_polar):
        return True
    axis = vector_at(state, POLAR_VECTOR)
    _, unit = unitize(axis)
    return axis[0] == unit[0] and axis[1] == unit[1] and axis[2] == unit[2]


@njit(cache=True, nogil=True, error_model="numpy")
def pass_pixels(first, last, scene, until_settled, state, image):
    """Bring the state past the pixels first <= imgidx < last. C: 2584-3090

    Parameters
    ----------
    first, last : int
    scene : Scene
        `with_one_sweep_step`, or the whole one.
    until_settled : bool
        Stop as soon as nothing will change any more.
    state : float64 [STATE_SIZE]
        Updated.
    image : float32 [spixels * fpixels]
        Written; right for a whole scene only.
    """
    g = scene.geometry
    omega_sums = np.zeros(g.spixels)
    for imgidx in range(first, last):
        if stopped(scene.stop) or (until_settled and settled(scene, state)):
            return
        if is_rendered(g, imgidx):
            spixel, fpixel = imgidx // g.fpixels, imgidx % g.fpixels
            image[imgidx] = np.float32(0.0 + render_pixel(fpixel, spixel, scene, state, omega_sums)[0])


@njit(cache=True, nogil=True, error_model="numpy")
def record_pixel(imgidx, scene, state, rows):
    """Render one pixel, every step recorded; returns what `reference.render_pixel` does.

    Parameters
    ----------
    imgidx : int
    scene : Scene
    state : float64 [STATE_SIZE]
        As the pixel before left it; updated.
    rows : float64 array
        From `recording.new_record`.
    """
    spixel, fpixel = imgidx // scene.geometry.fpixels, imgidx % scene.geometry.fpixels
    return render_pixel(fpixel, spixel, scene, state, np.zeros(scene.geometry.spixels), rows)
