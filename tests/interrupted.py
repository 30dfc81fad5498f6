"""Begins computations that last for minutes, to be interrupted: python -m tests.interrupted

Reads the name of a case a line. For each it renders an image, prints "begin", computes until it is stopped, prints by
which exception, renders the image again and prints whether it has the same bytes.
"""

import sys
import threading

import numpy as np
from numba import njit

import nbport
from nbport.compilation.loading import compiled
from nbport.system.stopping import Stop

SMALL = dict(
    cell=(50, 60, 70), default_F=100, N=10, wavelength_A=1, distance_mm=100, detpixels=16, oversample=2, seed=1
)
SUBPIXELS = dict(SMALL, oversample=100000)
ORIENTATIONS = dict(
    SMALL, detpixels=1, oversample=1, osc_deg=1, phisteps=100000, mosaic_deg=1, mosaic_domains=10000, threads=1
)
# still in one launch of a device
TERMS_OF_A_LAUNCH = dict(SMALL, detpixels=32, oversample=1, osc_deg=1, phisteps=1000, mosaic_deg=1, mosaic_domains=2000)


def photon_noise():
    """Of 2^40 pixels that are one and the same in memory."""
    outputs, random = compiled("output.integers"), compiled("crules.random")
    side = 2**20
    g = nbport.render(**SMALL).run.scene.geometry._replace(fpixels=side, spixels=side, roi_xmax=side, roi_ymax=side)
    image = np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (side * side,), (0,))
    noise = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint16), (side * side,), (0,))
    random_state = np.array([-1]), random.new_table(), random.new_statics()
    # the same, of a single pixel: it has to be compiled
    one = g._replace(fpixels=1, spixels=1, roi_xmax=0, roi_ymax=0)
    outputs.noise_image(one, image, 0.0, *random_state, noise, 0)
    began()
    stop = Stop()
    stop.call(outputs.noise_image, g, image, 0.0, *random_state, noise, stop.address)


def solid_angles():
    """Added up one by one."""
    statistics = compiled("rendering.statistics")
    stop = Stop()
    scene = nbport.render(**SMALL).run.scene
    statistics.serial_omega_sum(scene)
    endless = scene._replace(geometry=scene.geometry._replace(oversample=100000), stop=stop.address)
    began()
    stop.call(statistics.serial_omega_sum, endless)


def began():
    """What follows may be interrupted."""
    print("begin", flush=True)


def looking():
    """A loop that writes nothing: a load that may be moved would be moved out of it."""
    stopped = compiled("kernels.stopping").stopped

    @njit(nogil=True)
    def look(stop, most):
        n = 0
        while n < most and not stopped(stop):
            n += 1
        return n

    stop = Stop()
    look(stop.address, 1)
    began()
    stop.call(look, stop.address, 2**62)


def rendering(keywords, **more):
    """A case that renders."""

    def render():
        nbport.render(**SMALL, **more)
        simulation = compiled("rendering.image")
        pixel_loop = simulation.render

        def announced(*arguments, **named):
            began()
            return pixel_loop(*arguments, **named)

        simulation.render = announced
        try:
            nbport.render(**keywords, **more)
        finally:
            simulation.render = pixel_loop

    return render


def cancelling():
    """Another thread has enough of it."""
    event = threading.Event()
    began()
    threading.Timer(0.5, event.set).start()
    nbport.render(**SUBPIXELS, cancel=event)


CASES = {
    "many sub-pixels": rendering(SUBPIXELS),
    "many sub-pixels, one thread": rendering(SUBPIXELS, threads=1),
    "many orientations of one pixel": rendering(ORIENTATIONS),
    "reference, many sub-pixels": rendering(SUBPIXELS, kernel="reference"),
    "reference, many sub-pixels without a term": rendering(dict(SUBPIXELS, dmin_A=1000), kernel="reference"),
    "reference, many orientations of one pixel": rendering(ORIENTATIONS, kernel="reference"),
    "device body, many sub-pixels": rendering(SUBPIXELS, device="cpu-body"),
    "device body, one launch": rendering(TERMS_OF_A_LAUNCH, device="cpu-body"),
    "event": cancelling,
    "photon noise": photon_noise,
    "solid angles": solid_angles,
    "nothing but looking": looking,
}


def main():
    """Serve cases until nobody asks for any."""
    for line in sys.stdin:
        before = nbport.render(**SMALL).image.tobytes()
        try:
            CASES[line.rstrip("\n")]()
            print("nothing", flush=True)
        except (KeyboardInterrupt, nbport.CancelledError) as stopped:
            print(type(stopped).__name__, flush=True)
        same = nbport.render(**SMALL).image.tobytes() == before
        print("same" if same else "other", flush=True)


if __name__ == "__main__":
    main()
