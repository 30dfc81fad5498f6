"""What `explain.py` says of the detector, and words that both need. Names in parentheses are in docs/quirks.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..crules.text import printf
from ..parameters import Convention, Parameters

if TYPE_CHECKING:
    from ..run import Run

DEFAULT = Parameters()


def text_of(value: float) -> str:
    """As the C program prints numbers, six digits."""
    return printf("%g", value)


def counted(number: int, what: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{number} {what}" + "s" * (number != 1)


def vector_text(values: Sequence[float]) -> str:
    """Numbers with blanks between."""
    return " ".join(map(text_of, values))


def is_given(given: Parameters, name: str) -> bool:
    """Whether an option or a header set this parameter."""
    value = getattr(given, name)
    return value != getattr(DEFAULT, name) and value == value


def image(given: Parameters, run: Run) -> Iterator[str]:
    """Numbers of pixels, and which are left out."""
    p = run.parameters
    sources = [path for path in (given.img, given.mask) if path is not None]
    by = "detector size over pixel size (detector-rounding)"
    if given.fpixels or given.spixels:
        by = " or ".join(["numbers of pixels that are given", *(f"the header of {path}" for path in sources)])
    yield f"{p.fpixels} x {p.spixels} pixels of {text_of(p.pixel_size * 1e3)} mm: {by}"
    xmin, xmax, ymin, ymax = p.roi
    if p.roi != (0, p.fpixels, 0, p.spixels):
        yield f"pixels outside of {xmin} to {xmax} along the fast axis, {ymin} to {ymax} along the slow one, stay 0"
    if given.mask_pixels is not None:
        yield f"pixels that are 0 in {given.mask} are skipped"


def axes(given: Parameters, run: Run) -> Iterator[str]:
    """The convention, its vectors, and what the detector turns about."""
    p, d = run.parameters, run.detector
    name = p.convention.value
    why = "vector options make it so" if name == "custom" else "the default" if name == "mosflm" else "as asked"
    vectors = {
        "beam": p.beam_vector, "spindle": p.spindle_vector, "fast axis": d.fdet_vector, "slow axis": d.sdet_vector,
        "E vector": p.polar_vector,
    }  # fmt: skip
    yield f"{name} convention ({why}): " + ", ".join(f"{what} {vector_text(v)}" for what, v in vectors.items())
    decided = "as -pivot, or the last option that sets it, says" if name == "custom" else f"as {name} has it"
    yield f"the detector turns about the {'sample' if p.pivot.value == 'sample' else 'direct beam spot'}, {decided}"
    if p.detector_twotheta and p.convention in (Convention.MOSFLM, Convention.DENZO):
        yield f"two-theta makes the distance along the beam {text_of(d.distance * 1e3)} mm (ratio-ignores-twotheta)"


def beam_centre(given: Parameters, run: Run) -> Iterator[str]:
    """Where the beam meets the detector, and which options said so."""
    p, d = run.parameters, run.detector
    names = ["Xbeam", "Ybeam"]
    if p.convention in (Convention.XDS, Convention.DIALS):
        names = ["ORGX", "ORGY"]
    elif p.convention is Convention.CUSTOM:
        names += ["Xclose", "Yclose", "ORGX", "ORGY"]
    known = [name for name in names if not math.isnan(getattr(given, name))]
    why = f"from {' and '.join(known)}, of options or a header" if known else "the middle of the detector, by default"
    yield f"{text_of(d.Fbeam * 1e3)} mm along the fast axis, {text_of(d.Sbeam * 1e3)} mm along the slow one: {why}"
    if names[0] == "ORGX" and not (math.isnan(given.Xbeam) and math.isnan(given.Ybeam)):
        yield f"Xbeam and Ybeam are only printed in the {p.convention.value} convention (beam-centre-by-convention)"
    if p.convention is Convention.MOSFLM:
        yield "Xbeam is along the slow axis and Ybeam along the fast one, and half a pixel is added to both"


def distance(given: Parameters, run: Run) -> Iterator[str]:
    """Both distances of the detector, and which of them was given."""
    d = run.detector
    along, normal = text_of(d.distance * 1e3), text_of(d.close_distance * 1e3)
    why = "from -distance or a header" if is_given(given, "distance") else "the default"
    if not math.isnan(given.close_distance):
        why = "from the close distance of an option or a header"
    yield f"{along} mm along the beam, {normal} mm along the normal of the detector: {why}"


def sensor(given: Parameters, run: Run) -> Iterator[str]:
    """Layers of the sensor, and how they are weighed."""
    thick = run.plan.thick
    if thick.range <= 0.0:
        yield "no thickness: every photon counts"
        return
    rule = "as asked" if given.detector_thicksteps > 0 else "2, as no -detector_thicksteps is given (thickness-steps)"
    yield f"{thick.steps} layers through {text_of(thick.range * 1e6)} um: {rule}"
    if given.detector_mu < 0.0:
        yield "its attenuation depth is its thickness, as no -detector_abs is given (thickness-steps)"
    if not given.oversample_thick:
        yield "all layers are weighed with what the last one absorbs (last-layer-capture)"
