"""`nbport series`: many images from one description, each equal to that of its `nanoBragg` command."""

import json
import shlex

import pytest

from c_reference.cases import INPUTS
from nbport.main import main as nanoBragg
from nbport.tools import main as nbport

SPEC = f"""
images = 4
write = ["float", "int", "noise"]

[options]
hkl = "{INPUTS / "1orc_P1.hkl"}"
cell = [34.77, 39.17, 48.31, 90, 90, 90]
N = 5
mosaic_deg = 0.5
mosaic_domains = 3
detpixels = 32
pixel_mm = 3
osc_deg = 1
phisteps = 2
fluence_photons_per_m2 = 1e27

[vary]
misset_deg = "random"
wavelength_A = {{normal = [1.0, 0.01]}}
phi_deg = {{start = 0, step = 1}}
distance_mm = [100, 120, 140, 160]
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A description in the current folder, which is empty otherwise."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return path


def images(folder):
    """Contents of the images by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".img", ".bin", ".cbf")}


def commands(capsys, *arguments):
    """What --commands prints, as lists of arguments."""
    capsys.readouterr()
    assert nbport(["series", *arguments, "--commands"]) == 0
    return [shlex.split(line) for line in capsys.readouterr().out.splitlines()]


def images_of_commands(printed, folder, monkeypatch):
    """What the printed commands write into an empty folder."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    for program, *arguments in printed:
        assert program == "nanoBragg"
        assert nanoBragg(arguments) == 0
        (folder / "Fdump.bin").unlink(missing_ok=True)
    return images(folder)


def test_every_image_equals_that_of_its_command(spec, capsys, monkeypatch):
    assert nbport(["series", "spec.toml", "--jobs", "2"]) == 0
    made = images(spec.parent / "spec")
    assert len(made) == 12 and len(set(made.values())) == 12
    expected = images_of_commands(commands(capsys, "spec.toml"), spec.parent / "again", monkeypatch)
    assert made == expected


def test_finished_images_are_not_made_again(spec, capsys):
    nbport(["series", "spec.toml", "--jobs", "1"])
    before = {path: path.stat().st_mtime_ns for path in (spec.parent / "spec").glob("*_*")}
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert len(before) == 12
    assert {path: path.stat().st_mtime_ns for path in (spec.parent / "spec").glob("*_*")} == before
    assert "4 were there" in capsys.readouterr().out


def test_images_without_a_complete_line_are_made_again(spec):
    nbport(["series", "spec.toml", "--jobs", "1"])
    folder = spec.parent / "spec"
    whole, journal = images(folder), (folder / "images.jsonl").read_text()
    lines = journal.splitlines(keepends=True)
    (folder / "images.jsonl").write_text("".join(lines[:2]) + lines[2][:-20])
    (folder / "int_00001.img").unlink()
    (folder / "noise_00003.img").write_bytes(b"torn")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert images(folder) == whole
    assert {json.loads(line)["image"] for line in (folder / "images.jsonl").open()} == {1, 2, 3, 4}


def test_folder_of_another_series_is_refused(spec, capsys):
    nbport(["series", "spec.toml", "--jobs", "1"])
    spec.write_text(SPEC.replace("N = 5", "N = 6"))
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 2
    assert "image 1 was made there with other options" in capsys.readouterr().err
    assert nbport(["series", "spec.toml", "-o", "other", "--jobs", "1"]) == 0


def test_failed_image_is_reported_and_skipped(spec, capsys):
    common = SPEC.replace(f'hkl = "{INPUTS / "1orc_P1.hkl"}"\n', "")
    spec.write_text(common + 'hkl = ["a.hkl", "b.hkl", "c.hkl", "d.hkl"]\n')
    for name in "abd":
        (spec.parent / f"{name}.hkl").write_text("0 0 0 100\n1 2 3 10\n2 2 3 10\n")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 1
    found = capsys.readouterr()
    assert found.err.count("\n") == 1 and "image 3 failed: " in found.err and "c.hkl" in found.err
    assert {name[-9:-4] for name in images(spec.parent / "spec")} == {"00001", "00002", "00004"}
