"""Verdicts as text, as JSON and as one page of HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from .. import __version__
from .judge import CORRELATION, GATES, LEVELS, REL, SUM, Verdict

STYLE = """
body { font: 15px/1.4 sans-serif; margin: 2em; color: #222 } table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .2em .7em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
code { font-size: 12px } img { max-width: 480px; image-rendering: pixelated; border: 1px solid #ddd }
.good { background: #e4f3e4 } .close { background: #f6f3d4 } .bad { background: #f8dcd8 }
"""


@dataclass(frozen=True)
class Report:
    """All verdicts of a run.

    Attributes
    ----------
    candidate, suite, gate : str
    ulp : int
        What "N ulp" means.
    verdicts : sequence of Verdict
    """

    candidate: str
    suite: str
    gate: str
    ulp: int
    verdicts: Sequence[Verdict]

    @property
    def passed(self) -> int:
        """Cases that reach the gate."""
        return sum(verdict.reaches(self.gate) for verdict in self.verdicts)

    def label(self, level: str) -> str:
        """A level as it is printed."""
        return f"{self.ulp} ulp" if level == "N ulp" else level

    def by_feature(self) -> dict[str, dict[str, int]]:
        """Feature -> cases at each level, conventions and shapes first."""
        names = {name: None for verdict in self.verdicts for name in verdict.features}
        order = sorted(names, key=lambda name: (not name.startswith("convention"), not name.startswith("shape"), name))
        return {name: self._count([v for v in self.verdicts if name in v.features]) for name in order}

    def never(self) -> list[str]:
        """Features none of whose cases reaches the gate."""
        good = {name for verdict in self.verdicts if verdict.reaches(self.gate) for name in verdict.features}
        return [name for name in self.by_feature() if name not in good]

    def _count(self, verdicts: Sequence[Verdict]) -> dict[str, int]:
        return {level: sum(verdict.level == level for verdict in verdicts) for level in LEVELS}

    def summary(self) -> list[str]:
        """The result in a few lines."""
        counts = self._count(self.verdicts)
        found = ", ".join(f"{number} {self.label(level)}" for level, number in counts.items() if number)
        lines = [f"{self.passed} of {len(self.verdicts)} cases reach the gate ({self.gate}): {found}"]
        if self.never() and self.passed:
            lines.append(f"features that never do: {', '.join(self.never())}")
        return lines

    def feature_rows(self) -> list[list[str]]:
        """Table of features, its head first."""
        head = ["feature", "cases", *map(self.label, LEVELS)]
        rows = [[name, sum(n.values()), *n.values()] for name, n in self.by_feature().items()]
        return [head, *([str(cell) if cell else "." for cell in row] for row in rows)]

    def case_rows(self) -> list[list[str]]:
        """Table of cases, its head first."""
        head = ["case", "level", "other files", "max ulp", "max rel", "correlation", "sum ratio", "seconds", "note"]
        return [head, *(self._case_row(verdict) for verdict in self.verdicts)]

    def _case_row(self, verdict: Verdict) -> list[str]:
        names = ("max_ulp", "max_rel", "correlation", "sum_ratio")
        figures = [f"{float(verdict.figures[name]):.7g}" if name in verdict.figures else "" for name in names]
        return [
            verdict.case, self.label(verdict.level), _files(verdict), *figures, f"{verdict.seconds:.2f}", verdict.note,
        ]  # fmt: skip

    def text(self) -> str:
        """Everything for the terminal."""
        parts = [_table(self.case_rows()), _table(self.feature_rows()), self.summary()]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"

    def to_json(self) -> dict[str, object]:
        """Everything but the pictures."""
        verdicts = [verdict.to_json() | {"passed": verdict.reaches(self.gate)} for verdict in self.verdicts]
        for verdict in verdicts:
            del verdict["picture"]
        return {
            "nbport": __version__,
            "candidate": self.candidate,
            "suite": self.suite,
            "gate": self.gate,
            "ulp": self.ulp,
            "passed": self.passed,
            "cases": len(self.verdicts),
            "features": self.by_feature(),
            "never": self.never(),
            "verdicts": verdicts,
        }

    def page(self, pictures: bool) -> str:
        """One page of HTML that needs no other file.

        Parameters
        ----------
        pictures : bool
            Whether pictures could be made; otherwise the page says why there are none.
        """
        title = f"nbport verify: {html.escape(self.candidate)}"
        missing = "" if pictures else "<p>There are no pictures, for they need Pillow: pip install 'nbport[view]'.</p>"
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
            + "".join(f"<p>{html.escape(line)}</p>\n" for line in self.summary())
            + f"<p>Suite {html.escape(self.suite)}, nbport {__version__}. {html.escape(self._legend())}</p>\n{missing}"
            + f"<h2>Features</h2>\n{_html_table(self.feature_rows())}"
            + f"<h2>Cases</h2>\n{_html_table(self.case_rows(), [self._class(v) for v in self.verdicts])}"
            + "<h2>Differences</h2>\n<p>nbport, the candidate, and the difference: red where the candidate is larger,"
            + " blue where it is smaller.</p>\n"
            + "".join(self._details(v) for v in self.verdicts if v.level != "bytes")
            + "</body></html>\n"
        )

    def _legend(self) -> str:
        return (
            f"Levels of a float image: bytes; every pixel within 1 or {self.ulp} ulp; every pixel within {REL:g} of"
            f" itself or {REL / 10:g} of the largest; correlation of {CORRELATION} or more with a sum within {SUM:g};"
            " wrong. Refused: a message, an exit status other than 0, no image. Crashed: ended by a signal, too slow,"
            " or without a word."
        )

    def _class(self, verdict: Verdict) -> str:
        if verdict.reaches("bytes"):
            return "good"
        return "close" if LEVELS.index(verdict.level) <= LEVELS.index(GATES["correlation"]) else "bad"

    def _details(self, verdict: Verdict) -> str:
        steps = "".join(f"<p><code>{html.escape(' '.join(step))}</code></p>" for step in verdict.options)
        image = (
            f'<p><img alt="difference" src="data:image/png;base64,{verdict.picture}"></p>' if verdict.picture else ""
        )
        note = f": {html.escape(verdict.note)}" if verdict.note else ""
        return f"<h3>{html.escape(verdict.case)}</h3>\n<p>{self.label(verdict.level)}{note}</p>{steps}{image}\n"


def _files(verdict: Verdict) -> str:
    """Other files in a few words."""
    differing = [name for name, state in verdict.files.items() if state == "differs"]
    equal = sum(state == "equal" for state in verdict.files.values())
    return ", ".join([*([f"{equal} equal"] if equal else []), *(f"{name} differs" for name in differing)])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _html_table(rows: Sequence[Sequence[str]], classes: Sequence[str] = ()) -> str:
    head, *body = rows
    lines = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
    for number, row in enumerate(body):
        kind = f' class="{classes[number]}"' if classes else ""
        lines.append(f"<tr{kind}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>\n"
