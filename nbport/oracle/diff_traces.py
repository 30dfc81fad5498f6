"""Two traces side by side: which term diverged first, in order of computation, and which are worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..crules.text import printf
from ..errors import InputError
from .comparison import Comparison, Distances, Gate, plain
from .cstyle import C_STYLE_PIXEL, c_lines, read_c_style
from .trace import Step, Trace

WORST = 12  # rows of the table


class Place(NamedTuple):
    """Where a value is in a trace."""

    pixel: tuple[int, int]
    step: Step
    name: str

    def counted(self) -> Step:
        """The step with the pixel in front, if it is known."""
        return self.step if self.pixel == C_STYLE_PIXEL else (("pixel", self.pixel), *self.step)


def step_text(step: Step) -> str:
    """A step as people read it."""
    return ", ".join(" ".join([counter, *map(str, numbers)]) for counter, numbers in step)


@dataclass
class Term:
    """One number of both traces."""

    place: Place
    name: str  # with the component of a vector, as bp[1]
    a: float | None  # None where it is missing
    b: float | None
    abs: float
    rel: float
    ulp: float

    def document(self) -> dict[str, object]:
        """For JSON."""
        numbers = {name: getattr(self, name) for name in ("a", "b", "abs", "rel", "ulp")}
        where = {"pixel": self.place.pixel, "step": dict(self.place.step), "name": self.name}
        return where | {name: None if x is None else plain(x) for name, x in numbers.items()}

    def __str__(self) -> str:
        if self.a is None or self.b is None:
            return f"{self.name}, which only {'B' if self.a is None else 'A'} has"
        return printf("%s: A %.17g, B %.17g (%g ulp, relative %.3g)", self.name, self.a, self.b, self.ulp, self.rel)


@dataclass
class TraceComparison(Comparison):
    """What a comparison of traces found.

    Attributes
    ----------
    first : Term or None
        The first divergence in order of computation.
    worst : list of Term
        Of each name that diverges its worst term, in order of computation.
    """

    first: Term | None = None
    worst: list[Term] | None = None


def compare_traces(a: Sequence[Trace], b: Sequence[Trace], gate: Gate) -> TraceComparison:
    """Compare number by number, aligned by pixel, step and name.

    A name that one side never has is not compared. One that it has elsewhere, but not at some step, is a
    divergence: a term that only one side skipped, or another number of steps.

    Raises
    ------
    InputError
        If nothing can be compared.
    """
    a, b = _in_one_style(a, b)
    of_a, of_b = _by_place(a), _by_place(b)
    names_a, names_b = {place.name for place in of_a}, {place.name for place in of_b}
    common = names_a & names_b
    places = [place for place in _merged(list(of_a), list(of_b)) if place.name in common]
    if not any(place in of_a and place in of_b for place in places):
        raise InputError("the traces have nothing in common, expected the same pixels, steps and names")
    pairs = _Pairs(places, of_a, of_b)
    outside = np.flatnonzero(~gate.passes(pairs.distances))
    first = pairs.term(int(outside[0])) if outside.size else None
    worst = pairs.worst_of_each_name(outside)
    only = {"only_in_a": sorted(names_a - names_b), "only_in_b": sorted(names_b - names_a)}
    metrics = {
        "kind": "traces",
        "equal_within_gate": first is None,
        "gate": str(gate),
        "compared": len(pairs.places),
        "equal": int(np.count_nonzero(pairs.distances.ulp == 0.0)),
        "outside_gate": int(outside.size),
        "equal_before_first": int(np.count_nonzero(pairs.distances.ulp[: outside[0]] == 0.0)) if outside.size else None,
        "first": first.document() if first else None,
        "worst": [term.document() for term in worst],
        **only,
    }
    return TraceComparison(first is None, metrics, _lines(metrics, first, worst, _varying(places)), first, worst)


def _varying(places: list[Place]) -> set[str]:
    """Counters that take more than one value."""
    seen: dict[str, set] = {}
    for place in places:
        for counter, numbers in place.counted():
            seen.setdefault(counter, set()).add(numbers)
    return {counter for counter, values in seen.items() if len(values) > 1}


def _in_one_style(a: Sequence[Trace], b: Sequence[Trace]) -> tuple[Sequence[Trace], Sequence[Trace]]:
    """The C program's labels have 15 digits and other names; if one side has them, the other one gets them."""

    def is_c(traces: Sequence[Trace]) -> bool:
        return any((trace.spixel, trace.fpixel) == C_STYLE_PIXEL for trace in traces)

    def to_c(traces: Sequence[Trace]) -> list[Trace]:
        if len(traces) != 1:
            raise InputError(f"found {len(traces)} pixels, expected one, as in a trace with the C program's labels")
        return [read_c_style("\n".join(c_lines(traces[0])), "trace")]

    if is_c(a) == is_c(b):
        return a, b
    return (a, to_c(b)) if is_c(a) else (to_c(a), b)


def _by_place(traces: Sequence[Trace]) -> dict[Place, tuple[float, ...]]:
    values: dict[Place, tuple[float, ...]] = {}
    for trace in traces:
        for value in trace.values:
            values.setdefault(Place((trace.spixel, trace.fpixel), value.step, value.name), value.numbers)
    return values


def _merged(first: list[Place], second: list[Place]) -> list[Place]:
    """The places of both in order of computation: what only the second has follows what is before it there."""
    known = set(first)
    behind: dict[Place | None, list[Place]] = {}
    before: Place | None = None
    for place in second:
        if place in known:
            before = place
        else:
            behind.setdefault(before, []).append(place)
    merged = behind.get(None, [])
    for place in first:
        merged += [place, *behind.get(place, [])]
    return merged


class _Pairs:
    """Numbers of both sides in order of computation, one after another."""

    def __init__(self, places: list[Place], of_a: dict, of_b: dict):
        self.places: list[tuple[Place, str]] = []
        self.missing: dict[int, str] = {}
        numbers_a: list[float] = []
        numbers_b: list[float] = []
        for place in places:
            a, b = of_a.get(place), of_b.get(place)
            if a is None or b is None or len(a) != len(b):
                self.missing[len(self.places)] = "a" if a is None else "b"
                a, b = (a or b)[:1], (b or a)[:1]
            numbers_a += a
            numbers_b += b
            self.places += [(place, place.name if len(a) == 1 else f"{place.name}[{i}]") for i in range(len(a))]
        self.a, self.b = np.array(numbers_a), np.array(numbers_b)
        self.distances = Distances.between(self.a, self.b)
        for d in (self.distances.abs, self.distances.rel, self.distances.ulp):
            d[list(self.missing)] = np.inf

    def term(self, i: int) -> Term:
        """The i-th pair."""
        place, name = self.places[i]
        d = self.distances
        term = Term(place, name, *(float(x[i]) for x in (self.a, self.b, d.abs, d.rel, d.ulp)))
        return replace(term, **{self.missing[i]: None}) if i in self.missing else term

    def worst_of_each_name(self, among: np.ndarray) -> list[Term]:
        """Of each name the pair that is farthest apart, in order of computation."""
        worst: dict[str, int] = {}
        for i in among.tolist():
            name = self.places[i][0].name
            if name not in worst or self.distances.ulp[i] > self.distances.ulp[worst[name]]:
                worst[name] = i
        return [self.term(i) for i in worst.values()]


def _lines(metrics: dict, first: Term | None, worst: list[Term], varying: set[str]) -> list[str]:
    """The findings for people; the table names only counters that vary."""
    lines = [
        f"traces: {metrics['compared']} numbers compared, {metrics['equal']} equal,"
        f" {metrics['outside_gate']} outside the gate ({metrics['gate']})"
    ]
    for side, key in (("A", "only_in_a"), ("B", "only_in_b")):
        if metrics[key]:
            lines.append(f"not compared, for only {side} has them: {' '.join(metrics[key])}")
    if first is None:
        return lines
    lines += [
        "",
        f"first divergence, after {metrics['equal_before_first']} equal numbers:",
        f"  at {step_text(first.place.counted())}",
        f"  {first}",
        "",
        "worst term of each name that diverges, in order of computation:",
        printf("  %-22s %10s %10s %10s  %s", "name", "ulp", "relative", "absolute", "at"),
    ]
    for term in worst[:WORST]:
        numbers = (term.ulp, term.rel, term.abs)
        at = step_text(tuple(part for part in term.place.counted() if part[0] in varying))
        lines.append(printf("  %-22s %10.4g %10.3g %10.3g  %s", term.name, *numbers, at).rstrip())
    if len(worst) > WORST:
        lines.append(f"  and {len(worst) - WORST} more names")
    return lines
