"""The map from lines of the reference to functions here, and the citations that must agree with it."""

import ast
import csv
import re
from pathlib import Path

import pytest

from c_reference.cases import HERE

ROOT = HERE.parent
REFERENCE_LINES = 4309
CITATION = re.compile(r"\bC:\s*(\d+(?:-\d+)?(?:,\s*\d+(?:-\d+)?)*)")

with open(HERE / "line_map.csv", newline="", encoding="utf-8") as file:
    TABLE = list(csv.DictReader(file))
ROWS = [(int(row["first"]), int(row["last"])) for row in TABLE]
PLACES = sorted({place for row in TABLE for place in row["where"].split("; ")} - {"none"})


def ranges_cited(text):
    """Line number in the text, first and last line cited, of every range of every citation."""
    for found in CITATION.finditer(text):
        for part in re.split(r",\s*", found[1]):
            first, _, last = part.partition("-")
            yield text.count("\n", 0, found.start()) + 1, int(first), int(last or first)


def citations():
    """File, line and range of every citation in the code."""
    for folder in ("nbport", "kernels"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for number, first, last in ranges_cited(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}:{number}", first, last


def within_a_row(first, last, rows):
    return first <= last and any(row_first <= first and last <= row_last for row_first, row_last in rows)


def test_every_citation_lies_within_a_row():
    found = list(citations())
    assert found
    assert [citation for citation in found if not within_a_row(*citation[1:], ROWS)] == []


def test_every_line_of_the_reference_is_mapped():
    mapped = {line for first, last in ROWS for line in range(first, last + 1)}
    assert mapped == set(range(1, REFERENCE_LINES + 1))


def test_rows_nest_and_never_overlap_in_part():
    crossing = [(one, two) for one in ROWS for two in ROWS if one[0] < two[0] <= one[1] < two[1]]
    assert crossing == []


def test_every_row_says_what_and_where():
    assert [row for row in TABLE if None in row.values() or not all(row.values())] == []


def names_defined(module):
    """Names that a module of this project defines at its top level; none if there is no such module."""
    path = Path(ROOT, *module.split(".")).with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_every_place_in_the_map_exists():
    modules = {place.partition(":")[0] for place in PLACES}
    defined = {f"{module}:{name}" for module in modules for name in names_defined(module)}
    assert [place for place in PLACES if place not in defined] == []


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("Does it. C: 1234-1250", [(1, 1234, 1250)]),
        ("C: 1-2, 30-40", [(1, 1, 2), (1, 30, 40)]),
        ("# C: 77", [(1, 77, 77)]),
        ("x\n\nC:12-13, and\nC: 20,\n  30", [(3, 12, 13), (4, 20, 20), (4, 30, 30)]),
        ("ABC: 5", []),
    ],
)
def test_citation_is_read(text, ranges):
    assert list(ranges_cited(text)) == ranges


@pytest.mark.parametrize(("first", "last"), [(9, 12), (10, 21), (15, 35), (20, 15)])
def test_citation_across_a_row_is_found(first, last):
    assert not within_a_row(first, last, [(10, 20), (30, 40)])
    assert within_a_row(11, 20, [(10, 20), (30, 40)])
