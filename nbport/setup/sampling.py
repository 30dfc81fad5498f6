"""How finely the spindle, the divergence, the spectrum, the sensor and the mosaic are sampled.

Ranges, steps and counts that are not given follow from those that are, by rules that differ
from one axis to the next.
"""

from __future__ import annotations

from collections.abc import Callable

from ..crules.text import ceiling, divide, to_int
from ..parameters import RTD, Parameters
from ..run import Axis, SamplingPlan
from ..system import memory
from . import memory_estimate


def plan_sampling(p: Parameters, say: Callable[..., None]) -> SamplingPlan:
    """Decide every range, step and count. C: 1381-1695"""
    phi = plan_phi(Axis(p.osc, p.phistep, p.phisteps))
    hdiv = plan_spread(Axis(p.hdivrange, p.hdivstep, p.hdivsteps))
    vdiv = plan_spread(Axis(p.vdivrange, p.vdivstep, p.vdivsteps))
    dispersion = plan_spread(Axis(p.dispersion, -1.0, p.dispsteps))
    thick = plan_thickness(Axis(p.detector_thick, -1.0, p.detector_thicksteps))
    mu = p.detector_mu
    if thick.range > 0.0 and mu < 0.0:
        mu = 1.0 / thick.range
        say("WARNING: attenuation of the sensor not given, set to %g per m", mu)
    spread, domains = plan_mosaic(p.mosaic_spread, p.mosaic_domains, say)
    hdiv, vdiv, dispersion, thick = map(extended, (hdiv, vdiv, dispersion, thick))
    return SamplingPlan(phi, hdiv, vdiv, dispersion, thick, mu, spread, domains)


def check_counts(p: Parameters, plan: SamplingPlan, keeps_log: bool, besides: int = 0) -> None:
    """Refuse what has no room in memory: tables of steps and sources, images, and the log if it is kept.

    Raises
    ------
    InputError
    """
    in_file = 0 if p.sourcefile is not None else None
    needed = memory_estimate.of_orientations(plan, p.sourcefile is not None) + memory_estimate.of_images(p) + besides
    text = (
        f"{plan.phi.steps} spindle steps, {plan.mosaic_domains} mosaic domains and"
        f" {plan.hdiv.steps} x {plan.vdiv.steps} x {plan.dispersion.steps} sources"
    )
    memory.check(text, needed)
    if keeps_log:
        lines = plan.log_lines(in_file)
        layers = f"{plan.thick.steps} sensor layers, " if plan.thick.steps > 1 else ""
        memory.check(f"{layers}{text}: a log of {lines} lines", needed + memory_estimate.LOG_LINE * lines)


def extended(a: Axis) -> Axis:
    """The same, or a single step where there is no extent. C: 1674-1695"""
    return Axis(0.0, 0.0, 1) if a.range <= 0.0 or a.step <= 0.0 or a.steps <= 0 else a


def plan_phi(a: Axis) -> Axis:
    """Spindle: a count without a range means one degree (quirk: phi-steps). C: 1381-1429"""
    if a.steps < 0:
        if a.range < 0.0:
            return Axis(0.0, 0.0, 1) if a.step <= 0.0 else Axis(a.step, a.step, 2)
        if a.step <= 0.0:
            return Axis(a.range, a.range / 2.0, 2)
        return Axis(a.range, a.step, to_int(ceiling(divide(a.range, a.step))))
    steps = a.steps or 1
    if a.range < 0.0:
        if a.step <= 0.0:
            return Axis(1.0 / RTD, 1.0 / RTD / steps, steps)
        return Axis(a.step, a.step, 2)
    return Axis(a.range, a.range / steps if a.step < 0.0 else a.step, steps)


def plan_spread(a: Axis) -> Axis:
    """Divergence or dispersion: a count without a range means a range of 1. C: 1431-1580

    (quirk: divergence-steps); a dispersion always has a range (quirk: dispersion-steps).
    """
    if a.steps <= 0:
        if a.range < 0.0:
            return Axis(0.0, 0.0, 1) if a.step <= 0.0 else Axis(a.step, a.step, 2)
        if a.step <= 0.0:
            return Axis(a.range, a.range, 2)
        return Axis(a.range, a.step, to_int(ceiling(divide(a.range, a.step))))
    if a.range < 0.0:
        return Axis(1.0, 1.0 / a.steps, a.steps) if a.step <= 0.0 else Axis(a.step, a.step, 2)
    if a.step <= 0.0:
        steps = max(a.steps, 2)
        return Axis(a.range, a.range / (steps - 1), steps)
    return Axis(a.range, a.step, a.steps)


def plan_thickness(a: Axis) -> Axis:
    """Sensor layers; no option sets the size of a step (quirk: thickness-steps). C: 1583-1631"""
    if a.steps <= 0:
        return Axis(0.0, 0.0, 1) if a.range < 0.0 else Axis(a.range, a.range / 2, 2)
    if a.range < 0.0:
        return Axis(0.5e-6, 0.5e-6 / a.steps, a.steps)
    steps = max(a.steps, 2)
    return Axis(a.range, a.range / (steps - 1), steps)


def plan_mosaic(spread: float, domains: int, say: Callable[..., None]) -> tuple[float, int]:
    """Mosaic spread (rad) and number of domains (quirk: mosaic-steps). C: 1639-1672"""
    if domains <= 0:
        if spread < 0.0:
            return 0.0, 1
        if spread == 0.0:
            return spread, 1
        say("WARNING: mosaic spread without domains, using 10")
        return spread, 10
    if spread < 0.0:
        say("WARNING: mosaic domains without a spread, using 1")
        return 0.0, 1
    if spread == 0.0:
        say("WARNING: mosaic domains with a spread of zero, using 1")
        return spread, 1
    return spread, domains
