"""The value-bearing lines of the log: labels, formats and order of the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numba import njit

from .compilation.nan_signs import careful
from .crules.text import add, divide, printf
from .kernels import reference as kernel
from .parameters import RTD, Convention, Parameters, Shape, Vector
from .run import Cell, Detector, SamplingPlan

Say = Callable[..., None]

BANNER = "nanoBragg nanocrystal diffraction simulator - James Holton and Ken Frankel 5-17-17"

SHAPE_NAMES = {
    Shape.ROUND: "ellipsoidal",
    Shape.SQUARE: "parallelpiped",
    Shape.GAUSS: "gaussian",
    Shape.TOPHAT: "tophat-spot",
}


def say_detector(say: Say, convention: Convention, pivot: str, detector: Detector) -> None:
    """Convention and pivot. C: 1701-1776"""
    say("%s convention selected.", convention.value)
    say("pivoting detector around %s", {"sample": "sample", "beam": "direct beam spot"}[pivot])
    say("XDS incident beam: %g %g %g", *detector.xds_beam)


def say_cell(say: Say, cell: Cell) -> None:
    """Cell and matrices, Angstrom and degrees. C: 2033-2047"""
    say("Unit Cell: %g %g %g %g %g %g", *cell.lengths, *(angle * RTD for angle in cell.angles))
    say("Recp Cell: %g %g %g %g %g %g", *cell.star_lengths, *(angle * RTD for angle in cell.star_angles))
    say("volume = %g A^3", cell.V_cell)
    say("real-space cell vectors (Angstrom):")
    _say_vectors(say, ("a", "b", "c"), (cell.a, cell.b, cell.c))
    say("reciprocal-space cell vectors (Angstrom^-1):")
    _say_vectors(say, ("a_star", "b_star", "c_star"), (cell.a_star, cell.b_star, cell.c_star))


def _say_vectors(say: Say, names: tuple[str, ...], vectors: tuple[tuple[float, ...], ...]) -> None:
    say("     %-10s  %-10s  %-10s", *names)
    for axis, components in zip("XYZ", zip(*vectors, strict=True), strict=True):
        say(axis + ": %11.8f %11.8f %11.8f", *components)


def say_sweeps(say: Say, phi0: float, plan: SamplingPlan) -> None:
    """Sensor layers and spindle positions. C: 2306-2314"""
    for tic in range(plan.thick.steps):
        say("thick%d = %g um", tic, plan.thick.step * tic * 1e6)
    for tic in range(plan.phi.steps):
        say("phi%d = %g", tic, add(plan.phi.step * tic, phi0) * RTD)


def say_summary(
    say: Say, p: Parameters, d: Detector, normal: Vector, plan: SamplingPlan, counts: dict[str, int], seed: int
) -> None:
    """Everything that was decided. C: 2466-2511

    Parameters
    ----------
    p : Parameters
        With the values as they were resolved.
    normal : Vector
        Of the plane of polarization.
    counts : dict
        hkls, divsteps, sources, oversample, masked.
    """
    say("  %d initialized hkls (all others =%g)", counts["hkls"], p.default_F)
    say("  %s xtal: %.0fx%.0fx%.0f cells", SHAPE_NAMES[p.xtal_shape], p.Na, p.Nb, p.Nc)
    say("  wave=%g meters +/- %g%% in %d steps", p.lambda0, plan.dispersion.range * 100, plan.dispersion.steps)
    if p.nopolar:
        say("  polarization effect disabled")
    else:
        say("  Kahn polarization factor: %f", p.polarization)
    if p.curved_detector:
        say("  curved detector: all pixels same distance from origin")
    if p.point_pixel:
        say("  pixel obliquity effect disabled")
    say("  incident fluence: %g photons/m^2", p.fluence)
    say("  distance=%g detsize=%gx%g  pixel=%g meters (%dx%d pixels)",
        d.distance, p.detsize_f, p.detsize_s, p.pixel_size, p.fpixels, p.spixels)  # fmt: skip
    say("  sensor is %g m thick in %d layers with mu= %g", plan.thick.range, plan.thick.steps, plan.detector_mu)
    say("  Xbeam=%g Ybeam=%g", p.Xbeam, p.Ybeam)
    say("  Fbeam=%g Sbeam=%g", d.Fbeam, d.Sbeam)
    say("  Xclose=%g Yclose=%g", p.Xclose, p.Yclose)
    say("  Fclose=%g Sclose=%g", d.Fclose, d.Sclose)
    say("  DIRECTION_OF_DETECTOR_X-AXIS= %g %g %g", *d.fdet_vector)
    say("  DIRECTION_OF_DETECTOR_Y-AXIS= %g %g %g", *d.sdet_vector)
    say("  DIRECTION_OF_DETECTOR_Z-AXIS= %g %g %g", *d.odet_vector)
    say("  INCIDENT_BEAM_DIRECTION= %g %g %g", *p.beam_vector)
    say("  spindle ROTATION_AXIS= %g %g %g", *p.spindle_vector)
    say("  POLARIZATION_PLANE_NORMAL= %g %g %g", *normal)
    say("  dials origin= %g %g %g", *d.dials_origin)
    say("  roi: %d < x < %d && %d < y < %d", *p.roi)
    say("  hdivrange=%g hdivstep=%g  radians", plan.hdiv.range, plan.hdiv.step)
    say("  vdivrange=%g vdivstep=%g  radians", plan.vdiv.range, plan.vdiv.step)
    say("  %d divergence steps", counts["divsteps"])
    say("  %d sources", counts["sources"])
    say("  %d mosaic domains over mosaic spread of %g degrees", plan.mosaic_domains, plan.mosaic_spread * RTD)
    say("  %d phi steps from %g to %g degrees", plan.phi.steps, p.phi0 * RTD, add(plan.phi.range, p.phi0) * RTD)
    over = counts["oversample"]
    flags = [name for name in ("thick", "polar", "omega") if getattr(p, f"oversample_{name}")]
    say("  %dx%d pixel oversample steps%s", over, over, "".join(f" +{name}" for name in flags))
    if counts["masked"]:
        say("  skipping zero-flagged pixels in %s", p.mask)
    if p.calculate_noise:
        say("\n  noise image paramters:")
        say("  seed: %d", seed)
        say("  water droplet size: %g m", p.water_size)


def solid_angle_text(omega_sum: float, steps: int) -> str:
    """Solid angle of the detector; divided by steps, which do not count layers. C: 3093-3093"""
    omega, percent = divide(omega_sum, steps), divide(100 * omega_sum, steps) / 4 / math.pi
    return printf("solid angle subtended by detector = %g steradian ( %g%% sphere)", omega, percent)


def progress_lines(progress_pixels: int, done: int, more: int) -> Iterator[str]:
    """Lines due while pixels done .. done+more-1 are finished. C: 3075-3085

    The total is one column and one row too large, so 100% never comes (quirk: progress-total).
    """
    if progress_pixels // 100 <= 0:
        return
    twentieth, hundredth = progress_pixels // 20, progress_pixels // 100
    # only multiples of either can print
    due = set(range(-(-done // twentieth) * twentieth, done + more, twentieth))
    due.update(range(-(-done // hundredth) * hundredth, done + more, hundredth))
    for pixel in sorted(due):
        near_an_end = 10 * pixel < progress_pixels or 10 * pixel > 9 * progress_pixels
        if pixel % twentieth == 0 or (near_an_end and pixel % hundredth == 0):
            yield f"{pixel * 100 // progress_pixels}% done"


@careful
@njit(cache=True, error_model="numpy")
def half_sine(x, y, z, wavelength):
    """sin(theta)/lambda in 1/Angstrom of a position in the laboratory. C: 3055-3056"""
    twotheta = math.atan2(math.sqrt(y * y + z * z), x)
    return math.sin(twotheta / 2.0) / (wavelength * 1e10)


def printout_lines(row: np.ndarray, fpixel: int, spixel: int, lambda0: float, steps: int) -> list[str]:
    """What -printout shows of a pixel. C: 3055-3070

    Where every term of the pixel was skipped, the terms are those of an earlier pixel
    (quirk: stale-printout).
    """
    x, y, z = row[kernel.P_POSITION : kernel.P_POSITION + 3].tolist()
    state = row[kernel.P_STATE :].tolist()
    I, polar, omega, capture, pixel = row[kernel.P_I : kernel.P_STATE].tolist()
    *hkl, h0, k0, l0, F_cell, F_latt = state[kernel.HKL : kernel.HKL + 8]
    test = half_sine(x, y, z, lambda0)
    lines = [
        printf("%4d %4d : stol = %g or %g", fpixel, spixel, state[kernel.STOL], test),
        printf("at %g %g %g", x, y, z),
        printf("hkl= %f %f %f  hkl0= %d %d %d", *hkl, h0, k0, l0),
        printf(" F_cell=%g  F_latt=%g   I = %g", F_cell, F_latt, I),
        printf("I/steps %15.10g", divide(I, steps)),
        printf("polar   %15.10g", polar),
        printf("omega   %15.10g", omega),
        printf("capfrac %15.10g", capture),
        printf("pixel   %15.10g", pixel),
        "real-space cell vectors (Angstrom):",
        printf("     %-10s  %-10s  %-10s", "a", "b", "c"),
    ]
    vectors = state[kernel.A : kernel.A + 9]
    for axis in range(3):
        components = (vectors[axis] * 1e10, vectors[3 + axis] * 1e10, vectors[6 + axis] * 1e10)
        lines.append(printf("XYZ"[axis] + ": %11.8f %11.8f %11.8f", *components))
    return lines


def say_out_of_range(say: Say, state: np.ndarray) -> None:
    """The warning at which interpolation ends. C: 2943-2947"""
    h, k, l, h0, k0, l0 = state[kernel.WARNED + 1 : kernel.WARNED + 7].tolist()
    say("WARNING: out of range for interpolation, which is off from here on: h,k,l,h0,k0,l0: %g,%g,%g,%d,%d,%d",
        h, k, l, int(h0), int(k0), int(l0))  # fmt: skip
