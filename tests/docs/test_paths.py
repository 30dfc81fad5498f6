"""Paths that the documentation names exist."""

import re

import pytest

from c_reference.cases import HERE

ROOT = HERE.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), HERE / "README.md"]
FOLDERS = {"nbport", "kernels", "tests", "docs", "c_reference", "demo"}
# made by `make docs`, or by a run
MADE = {"docs/gallery.md", "docs/options.md", "demo/output/"}


def paths_named(text):
    """Every `folder/name` in backticks that begins with a folder of the clone."""
    for span in re.findall(r"`([^`\s]+)`", text):
        if span.split("/")[0] in FOLDERS and "/" in span and not re.search(r"[*{}<>$]", span):
            yield span


def missing(text):
    """Paths that a text names and that are not in the clone; those of modules may leave out `nbport/`."""
    modules = set(re.findall(r"`(\w[\w/]*/\w+\.py)`", text))
    named = {name for name in (*paths_named(text), *modules) if name not in MADE and not (ROOT / name).exists()}
    return sorted(name for name in named if not (name in modules and (ROOT / "nbport" / name).exists()))


def modules_missing(text):
    """Names of modules in backticks, without a folder, that no folder of the clone has."""
    known = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    return sorted({span for span in re.findall(r"`([\w.]+\.py)`", text) if span not in known | {"setup.py"}})


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    assert missing(text) == []
    assert modules_missing(text) == []


def test_pages_name_paths():
    assert len({name for page in PAGES for name in paths_named(page.read_text(encoding="utf-8"))}) > 50


def test_a_path_that_does_not_exist_is_found():
    text = "`kernels/reference.py` `nbport/nowhere.py` `kernels/` `setup/cell.py` `set/cell.py` `nowhere.py`"
    assert missing(text) == ["nbport/nowhere.py", "set/cell.py"]
    assert modules_missing(text) == ["nowhere.py"]


def test_table_of_the_readme_names_a_path_in_every_row():
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("| looking for |")[1].split("\n\n")[0]
    rows = [row for row in table.split("\n")[2:] if row]
    assert rows
    assert [row for row in rows if not re.search(r"`[\w/.]*[/.][\w/]*`|\]\(docs/|`C:`", row)] == []
