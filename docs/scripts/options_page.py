"""The page of all options, made from the tables that the scan of the command line and `--help` use."""

from __future__ import annotations

import re

from examples import COMMON, EXAMPLES
from nbport.cli.help import SECTIONS, other_names
from nbport.options.table import FLAGS, OWN_FLAGS

SOURCE = "https://github.com/bl831/nanoBragg/blob/455534a/nanoBragg.c"
INTRODUCTION = f"""\
---
hide:
  - toc
---

# Every option

The options of `nanoBragg` with unit, default, the lines of nanoBragg.c (commit `455534a`) that read them, and an
example. An example goes behind

    {COMMON}

and replaces what it says again. The files in them are in `c_reference/inputs`. The same list without examples is
`nanoBragg --help` and `man nanoBragg`; in Python every option is a keyword ([From Python](python.md)).

Options count in the order in which they stand, the last one wins, and a name within another name counts as both
([option-collisions](quirks.md#option-collisions)). An option whose values are missing is ignored with a warning.
"""


def options_page() -> str:
    """The page as Markdown."""
    flags = {flag.option: flag for flag in FLAGS}
    parts = [INTRODUCTION]
    for section, options in SECTIONS.items():
        parts.append(f"## {section.capitalize()}\n\n" + _table(_HEAD, [_row(flags[name]) for name in options.split()]))
    own = [[_name(flag.option, flag.metavar), flag.help, _example(flag.option)] for flag in OWN_FLAGS]
    parts.append("## Options of nbport's own\n\n" + _table(("Option", "What", "Example"), own))
    return "\n\n".join(parts) + "\n"


_HEAD = ("Option", "What", "Unit", "Default", "C line", "Example")


def _row(flag) -> list[str]:
    first, _, last = flag.lines.partition("-")
    lines = f"[{flag.lines}]({SOURCE}#L{first}-L{last})"
    also = ", ".join(map(_code, other_names(flag)))
    what = flag.help + (f"; also {also}" if also else "")
    return [_name(flag.option, flag.values), what, flag.unit, flag.default, lines, _example(flag.option)]


def _name(option: str, values: str) -> str:
    """An option with its values, as a place that links can lead to."""
    return f'<span id="{option.lstrip("-")}"></span>{_code(f"{option} {values}".strip())}'


def _example(option: str) -> str:
    """The example, with places to break a line between its options."""
    return " ".join(map(_code, re.split(r" (?=--?[a-zA-Z])", EXAMPLES[option])))


def _code(text: str) -> str:
    return "`" + text + "`"


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    cells = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *cells)]
    return "\n".join(['<div class="options" markdown>\n', *lines, "\n</div>"])
