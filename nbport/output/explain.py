"""What a run decided and why, in plain words. Names in parentheses are entries of docs/quirks.md."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..options.table import FLAGS
from ..parameters import RTD, Convention, Parameters, Shape
from .explain_detector import axes, beam_centre, counted, distance, image, is_given, sensor, text_of, vector_text

if TYPE_CHECKING:
    from ..run import Run


def explanation(given: Parameters, arguments: Sequence[str], run: Run, kernel: str) -> list[str]:
    """Sentences, each `topic: text`, in the order in which a run decides.

    Parameters
    ----------
    given : Parameters
        As read, before anything was derived.
    arguments : sequence of str
        Without nbport's own options.
    run : Run
        As it was set up.
    kernel : str
        The one that was asked for.
    """
    topics = {
        "options": _options(given, arguments, run),
        "image": image(given, run),
        "axes": axes(given, run),
        "beam centre": beam_centre(given, run),
        "distance": distance(given, run),
        "crystal": _crystal(given, run),
        "structure factors": _structure_factors(given, run),
        "interpolation": _interpolation(given, run),
        "spindle": _spindle(given, run),
        "mosaic": _mosaic(given, run),
        "sources": _sources(given, run),
        "sensor": sensor(given, run),
        "sub-pixels": _subpixels(given, run),
        "intensity": _intensity(given, run),
        "outputs": _outputs(given, run),
        "memory": _memory(run),
        "kernel": _kernel(run, kernel),
    }
    return [f"{topic}: {text}" for topic, texts in topics.items() for text in texts]


def _options(given: Parameters, arguments: Sequence[str], run: Run) -> Iterator[str]:
    """Tokens that count as several options, and options that others made useless."""
    useless = _useless(given, run)
    for token in dict.fromkeys(arguments):
        acting = _acting(token)
        if len(acting) > 1:
            yield f"{token} counts as {' and '.join(acting)}, whose names it contains (option-collisions)"
        elif acting and acting[0] in useless:
            yield f"{token} does not change the image: {useless[acting[0]]}"


def _acting(token: str) -> list[str]:
    """The options that a token counts as."""
    acting = []
    for flag in FLAGS:
        if token.startswith("-") and flag.matches(token):
            acting.append(flag.option)
            if flag.stops:
                break
    return acting


def _useless(given: Parameters, run: Run) -> dict[str, str]:
    """Options that change nothing in this run, and why."""
    convention = run.parameters.convention
    useless = {}
    if convention is not Convention.CUSTOM:
        why = f"the {convention.value} convention decides (convention-overrules)"
        useless |= dict.fromkeys(("-pivot", "-fdet_vector", "-sdet_vector", "-odet_vector"), why)
        useless |= dict.fromkeys(("-beam_vector", "-polar_vector", "-spindle_axis", "-pix0_vector"), why)
        if not math.isnan(given.close_distance):
            useless["-distance"] = "the close distance is known, and decides (close-distance-wins)"
    if given.flux == 0.0:
        useless["-exposure"] = "there is no -flux"
    elif given.exposure > 0.0 and given.beamsize >= 0:
        useless["-fluence"] = "it follows from -flux, -exposure and -beamsize (fluence-from-flux)"
    if not given.misset_random and given.misset is None:
        useless["-misset_seed"] = "there is no -misset random"
    if run.plan.mosaic_spread <= 0.0 and run.seed <= 0:
        useless["-mosaic_seed"] = "there is no mosaic spread"
    if run.parameters.xtal_shape is Shape.SQUARE:
        useless["-fudge"] = "it is not for the parallelepiped"
    if given.sourcefile is not None:
        axes = ("-divergence", "-hdivrange", "-vdivrange", "-dispersion", "-dispsteps")
        useless |= dict.fromkeys(axes, "-sourcefile has the sources")
    elif given.dispersion == 0.0:
        useless["-dispsteps"] = "there is no -dispersion (dispersion-steps)"
    if given.detector_mu > 0.0 and run.plan.thick.range <= 0.0:
        useless["-detector_abs"] = "the sensor has no thickness"
    return useless


def _crystal(given: Parameters, run: Run) -> Iterator[str]:
    p = run.parameters
    where = "-cell, in the default orientation"
    if p.matrix is not None and os.path.exists(p.matrix):
        where = f"the matrix {p.matrix}" + ("; its lengths from -cell" if p.user_cell else "")
    yield f"cell and orientation from {where}"
    if p.misset_random:
        seed = "the clock, so that no two runs are alike" if p.misset_seed is None else "-misset_seed"
        yield f"turned at random, by {seed}"
    elif p.misset is not None:
        yield f"turned by {vector_text([angle * RTD for angle in p.misset])} degrees about x, y and z"
    sized = _is_sized(given)
    cells = f"{text_of(p.Na)} x {text_of(p.Nb)} x {text_of(p.Nc)} cells, {p.xtal_shape.name.lower()}"
    yield f"{cells}, from {'its size, rounded up (crystal-size-rounding)' if sized else '-N'}"
    if p.xtal_shape.name in ("GAUSS", "TOPHAT") and (p.osc > 0 or p.mosaic_spread > 0 or p.phi0):
        yield "the distance from a spot is measured in the unturned reciprocal cell (unrotated-a-star)"


def _is_sized(given: Parameters) -> bool:
    return max(given.sample_x, given.sample_y, given.sample_z) > 0.0


def _structure_factors(given: Parameters, run: Run) -> Iterator[str]:
    p, f = run.parameters, run.scene.fgrid
    if p.hkl is not None:
        yield f"{f.hkls} rows of {p.hkl}; {p.dump} is written for runs without -hkl"
    elif f.Fhkl.size:
        yield f"from {p.dump}, the dump of an earlier run in this folder, as there is no -hkl"
    else:
        yield f"{text_of(p.default_F)} electrons for every reflection, as there is neither -hkl nor {p.dump}"
    if f.hkls:
        bounds = f"h {f.h_min} to {f.h_max}, k {f.k_min} to {f.k_max}, l {f.l_min} to {f.l_max}"
        yield f"{text_of(p.default_F)} electrons for every reflection outside of {bounds}"


def _interpolation(given: Parameters, run: Run) -> Iterator[str]:
    wanted = {0: "off, as asked", 1: "on, as asked"}.get(given.interpolate)
    if wanted is None:
        small = min(given.Na, given.Nb, given.Nc) <= 2
        wanted = f"{'on' if small else 'off'}, as -N {'is' if small else 'is not'} 2 or less along some axis"
        if small and _is_sized(given):
            wanted += "; the size of the crystal does not count for this (interpolate-before-size)"
    if not run.scene.fgrid.hkls and not wanted.startswith("off"):
        wanted = "off, because all structure factors are one value"
    yield wanted
    if run.scene.sampling.interpolate:
        yield "it ends for the rest of the run at the first point near the edge of the indices (sticky-interpolation)"


def _rule(range: float, step: float, steps: int) -> str:
    """Which of range, step and number were given, so that the others had to be chosen."""
    names = {"a range": range > 0.0, "a step": step > 0.0, "a number of steps": steps > 0}
    found = [name for name, there in names.items() if there]
    return f"chosen from {' and '.join(found)}" if found else "as nothing is given"


def _spindle(given: Parameters, run: Run) -> Iterator[str]:
    p, phi = run.parameters, run.plan.phi
    rule = _rule(given.osc, given.phistep, given.phisteps)
    rule += " (phi-steps)" if (given.osc > 0.0) != (given.phisteps > 0) or given.phistep > 0.0 else ""
    covered = f"{text_of(phi.step * RTD)} degrees from {text_of(p.phi0 * RTD)}, over {text_of(phi.range * RTD)}"
    yield f"{counted(phi.steps, 'step')} of {covered}: {rule}"
    if phi.steps <= 0:
        yield "without any step the image is nothing but NaN (phi-steps)"
    turned = run.scene.crystal.turned
    if turned.any() and not turned.all():
        tics = ", ".join(map(str, np.flatnonzero(turned == 0)[:5].tolist()))
        if "phi0" in p.fixes:
            yield f"phi is exactly 0 at step {tics}: the crystal is not turned there, by --fix phi0"
        else:
            yield (
                f"phi is exactly 0 at step {tics}: the crystal stays there as the step before left it, except in the"
                " first sweep of the run (stale-phi; --fix phi0)"
            )


def _mosaic(given: Parameters, run: Run) -> Iterator[str]:
    plan = run.plan
    if given.mosaic_spread > 0.0 and given.mosaic_domains <= 0:
        why = "10 because there is a spread and no -mosaic_domains (mosaic-steps)"
    elif given.mosaic_domains > 0 and plan.mosaic_domains == 1 and given.mosaic_domains != 1:
        why = f"not {given.mosaic_domains}, because there is no spread (mosaic-steps)"
    else:
        why = "as asked" if given.mosaic_domains > 0 else "as nothing is given"
    yield f"{counted(plan.mosaic_domains, 'domain')} over {text_of(plan.mosaic_spread * RTD)} degrees: {why}"


def _sources(given: Parameters, run: Run) -> Iterator[str]:
    plan, count = run.plan, run.scene.beam.source_X.size
    if given.sourcefile is not None:
        yield f"{count} from {given.sourcefile}; their weights are not used (divergence-print)"
        return
    for name, axis, asked in (
        ("horizontal", plan.hdiv, (given.hdivrange, given.hdivstep, given.hdivsteps)),
        ("vertical", plan.vdiv, (given.vdivrange, given.vdivstep, given.vdivsteps)),
    ):
        rule = _rule(*asked)
        yield f"{counted(axis.steps, f'{name} direction')} over {text_of(axis.range * 1e3)} mrad: {rule}"
    rule = _rule(given.dispersion, 0.0, given.dispsteps)
    yield f"{counted(plan.dispersion.steps, 'wavelength')} over {text_of(plan.dispersion.range * 100)} percent: {rule}"
    grid = plan.hdiv.steps * plan.vdiv.steps * plan.dispersion.steps
    yield f"{count} of {grid} in all" + (", as the divergence is cut to an ellipse" if count < grid else "")


def _subpixels(given: Parameters, run: Run) -> Iterator[str]:
    n = run.scene.geometry.oversample
    why = (
        "as asked"
        if given.oversample > 0
        else "chosen so that a spot of this crystal is at least three sub-pixels wide"
    )
    yield f"{n} x {n} a pixel, {why}"
    factors = [f"-oversample_{name}" for name in ("thick", "polar", "omega") if getattr(given, f"oversample_{name}")]
    if factors and "oversample" in given.fixes:
        yield f"{', '.join(factors)} weigh each term, by --fix oversample"
    elif factors:
        yield (
            f"{', '.join(factors)} multiply the whole sum so far in every step, not the new term"
            " (oversample-running-sum; --fix oversample)"
        )


def _intensity(given: Parameters, run: Run) -> Iterator[str]:
    p = run.parameters
    why = "as asked" if is_given(given, "fluence") else "the default"
    if p.fluence != given.fluence:
        why = "from -flux, -exposure and -beamsize (fluence-from-flux)"
    yield f"fluence {text_of(p.fluence)} photons/m^2: {why}"
    yield "no polarization correction" if p.nopolar else f"polarization with a Kahn factor of {text_of(p.polarization)}"
    yield f"divided by {run.scene.sampling.steps} steps: sources x domains x spindle steps x sub-pixels"
    if p.water_size > 0.0:
        yield "water is put into the sum before the steps, and scaled by the fluence twice (water-in-sum)"


def _outputs(given: Parameters, run: Run) -> Iterator[str]:
    p = run.parameters
    if p.intfile_scale <= 0.0:
        yield "the integer image is scaled so that the brightest pixel is 55000 above the offset"
    if p.calculate_noise:
        why = f"from the clock; -seed {-run.seed} repeats it" if given.seed is None else "as asked"
        yield f"noise by seed {-run.seed}: {why}"


def _memory(run: Run) -> Iterator[str]:
    from ..setup.memory_estimate import memory_needed

    yield f"about {memory_needed(run) / 1e6:.0f} MB beside the program itself"


def _kernel(run: Run, name: str) -> Iterator[str]:
    from ..rendering.image import kernel_path

    yield kernel_path(run, name)
