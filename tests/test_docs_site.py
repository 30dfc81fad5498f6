"""Pages that are made from the program: every option with an example that runs, and the gallery."""

import io
import re
import shlex
import shutil

import pytest

from c_reference.cases import HERE, INPUTS
from examples import COMMON, EXAMPLES
from gallery import EXHIBITS, gallery_page, picture
from nbport.options.scan import scan, split_own
from nbport.options.table import FLAGS, OWN_FLAGS
from nbport.parameters import Parameters
from options_page import options_page

FASTER = {True: ["-oversample", "1", "-roi", "0", "9", "0", "9"], False: ["-oversample", "1", "-detpixels", "16"]}
OWN_SIZE = ("-detpixels", "-detsize", "-img", "-mask")  # examples of these say how large the image is
NO_EFFECT = {flag.option for flag in FLAGS if flag.no_effect}
ALL = [flag.option for flag in (*FLAGS, *OWN_FLAGS)]


def warnings(options):
    """What the scan of the command line finds wrong."""
    _, rest = split_own(options)
    return scan(rest, Parameters())


def test_every_option_has_an_example():
    assert sorted(EXAMPLES) == sorted(ALL)


@pytest.mark.parametrize("option", ALL)
def test_example_is_accepted(option, tmp_path, nbport_command):
    example = shlex.split(EXAMPLES[option])
    assert option in example
    for token in example:
        if (INPUTS / token).is_file():
            shutil.copyfile(INPUTS / token, tmp_path / token)
    common = shlex.split(COMMON)[1:]
    found = nbport_command([*common, *FASTER[option.startswith(OWN_SIZE)], *example], tmp_path)
    assert found.exit == 0, found.stderr.decode()
    said = [line for line in found.stderr.decode().splitlines() if "warning" in line and "on the CPU" not in line]
    assert bool(said) == (option in NO_EFFECT), said


def test_page_of_options_has_a_row_for_each():
    rows = re.findall(r'^\| <span id="([^"]+)"></span>`(-[^ `]+)', options_page(), flags=re.MULTILINE)
    assert sorted(option for _, option in rows) == sorted(ALL)
    assert len({place for place, _ in rows}) == len(ALL)


def test_cells_of_the_page_are_of_their_columns():
    for table in re.findall(r"(?:^\|.*\n)+", options_page(), flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_options_of_an_exhibit_are_accepted(exhibit):
    for own in exhibit.variants:
        assert warnings(shlex.split(f"{exhibit.options} {own}")) == []


@pytest.mark.parametrize("exhibit", [e for e in EXHIBITS if e.name in ("shapes", "noise")], ids=lambda e: e.name)
def test_exhibit_is_a_picture(exhibit):
    image = pytest.importorskip("PIL.Image")
    with image.open(io.BytesIO(picture(exhibit, exhibit.variants[0]))) as made:
        assert made.size == (256, 256)
        assert len(made.getcolors()) > 20


def test_page_of_the_gallery_shows_every_picture():
    shown = re.findall(r"\]\((gallery/\w+\.png)\)", gallery_page())
    assert len(shown) == len(set(shown)) == sum(len(exhibit.variants) for exhibit in EXHIBITS)


def test_site_names_every_page():
    nav = (HERE.parent / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.name for path in (HERE.parent / "docs").glob("*.md")} | {"options.md", "gallery.md"}
    assert set(re.findall(r": (\w+\.md)$", nav, flags=re.MULTILINE)) == pages
