"""`nbport series`: many images from one description, each equal to that of its `nanoBragg` command."""

import hashlib
import json
import os
import shlex
import tracemalloc
from contextlib import closing

import pytest

from c_reference.cases import INPUTS
from nbport.cli.nanobragg_command import main as nanoBragg
from nbport.cli.nbport_command import main as nbport
from nbport.parameters import Parameters
from nbport.series.executing import in_processes
from nbport.series.journal import Journal
from nbport.series.rendering import KeptFactors
from nbport.series.rows import Row
from nbport.system.stopping import Stop
from tests.series import SPEC, images


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A description in the current folder, which is empty otherwise."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return path


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


SMALL = """
images = 3
write = ["float", "int", "noise"]
[options]
cell = [50, 60, 70, 90, 90, 90]
default_F = 10
N = 5
detpixels = 24
oversample = 1
[vary]
phi_deg = {start = 1, step = 1}
"""


def damage(path, first, length=300):
    """Zeros in the middle of a file; its size and time stay."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    assert any(content[first : first + length])
    content[first : first + length] = bytes(length)
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["float_00002.bin", "int_00001.img", "noise_00003.img"])
def test_damaged_image_of_the_right_size_is_made_again_unless_sizes_are_believed(spec, capsys, name):
    spec.write_text(SMALL)
    nbport(["series", "spec.toml", "--jobs", "1"])
    folder = spec.parent / "spec"
    whole = images(folder)
    damage(folder / name, 600)
    capsys.readouterr()
    assert nbport(["series", "spec.toml", "--jobs", "1", "--sizes-only"]) == 0
    assert "0 images in" in capsys.readouterr().out and images(folder) != whole
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert "1 images in" in capsys.readouterr().out and images(folder) == whole


def test_digests_of_the_journal_are_those_of_the_files(spec):
    spec.write_text(SMALL)
    nbport(["series", "spec.toml", "--jobs", "1"])
    lines = [json.loads(line) for line in (spec.parent / "spec" / "images.jsonl").open()]
    described = {name: entry for line in lines for name, entry in line["files"].items()}
    assert described == {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in images(spec.parent / "spec").items()
    }


def test_changed_input_file_is_refused_although_its_size_and_time_are_the_same(spec, capsys):
    path = spec.parent / "a.hkl"
    path.write_text("0 0 0 100\n1 2 3 10\n2 2 3 10\n")
    spec.write_text(SMALL.replace("default_F = 10", 'hkl = "a.hkl"'))
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    made, state = images(spec.parent / "spec"), path.stat()
    path.write_text("0 0 0 100\n1 2 3 10\n2 2 3 11\n")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    capsys.readouterr()
    for more in ([], ["--sizes-only"]):
        assert nbport(["series", "spec.toml", "--jobs", "1", *more]) == 2
        assert capsys.readouterr().err.splitlines() == [
            "nbport series: error: spec: image 1 was made there with other input files; give another folder with"
            " --output"
        ]
    assert images(spec.parent / "spec") == made


def test_image_that_nobody_renders_is_a_failed_one(spec, capsys, monkeypatch):
    spec.write_text(SMALL)

    def forgetful(rows, folder, jobs, threads):
        yield from in_processes([row for row in rows if row.number != 2], folder, jobs, threads)

    monkeypatch.setattr("nbport.cli.commands.series.in_processes", forgetful)
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 1
    found = capsys.readouterr()
    assert found.err == "nbport series: image 2 failed: nobody rendered it\n"
    assert "2 images in" in found.out and "1 failed" in found.out


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


def test_other_formats_equal_those_of_the_command(spec, capsys, monkeypatch):
    spec.write_text(SPEC.replace('["float", "int", "noise"]', '["cbf", "tiff", "edf", "nexus"]'))
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    made = images(spec.parent / "spec")
    printed = commands(capsys, "spec.toml")[:1]
    expected = images_of_commands(printed, spec.parent / "again", monkeypatch)
    assert len(made) == 16 and len(expected) == 4 and expected.items() <= made.items()


def test_dump_of_an_earlier_run_is_neither_read_nor_written(spec):
    assert nanoBragg(["-hkl", str(INPUTS / "1orc_P1.hkl"), "-cell", "50", "60", "70", "-detpixels", "4"]) == 0
    assert (spec.parent / "Fdump.bin").exists()
    spec.write_text("images = 1\n[options]\ncell = [50, 60, 70, 90, 90, 90]\ndetpixels = 4\n")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 1
    assert images(spec.parent / "spec") == {}


def test_table_has_what_was_made(spec):
    nbport(["series", "spec.toml", "--jobs", "1"])
    lines = (spec.parent / "spec" / "images.tsv").read_text().splitlines()
    table = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["image"] for row in table] == ["1", "2", "3", "4"]
    assert [float(row["distance_mm"]) for row in table] == [100, 120, 140, 160]
    assert [float(row["phi_deg"]) for row in table] == [0, 1, 2, 3]
    assert table[2]["noise_file"] == "noise_00003.img" and "noise_00003.img" in table[2]["command"]
    a = [float(table[0][f"a_{axis}_A"]) for axis in "xyz"]
    assert sum(x * x for x in a) ** 0.5 == pytest.approx(34.77)


def test_second_run_in_the_same_folder_is_refused(spec, capsys):
    with closing(Journal("spec")):
        assert nbport(["series", "spec.toml"]) == 2
    assert "spec: another series is being made there" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["3", "[]", "{", '{"image": 1}', '{"image": [1], "files": {}}', "\0"])
def test_file_that_is_no_journal_is_refused_with_a_line(spec, capsys, line):
    (spec.parent / "spec").mkdir()
    (spec.parent / "spec" / "images.jsonl").write_text(line + "\n")
    assert nbport(["series", "spec.toml"]) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert "spec/images.jsonl: expected the journal of a series, JSON lines: " in said
    assert (spec.parent / "spec" / "images.jsonl").read_text() == line + "\n"


def test_journal_of_a_long_series_is_not_kept_in_memory(tmp_path):
    record = {"files": {"x" * 1000: {"bytes": 1, "sha256": ""}}, "pixels": [1, 1], "true": {}}
    with closing(Journal(tmp_path)) as journal:
        tracemalloc.start()
        for number in range(1, 2001):
            journal.add(Row(number, ("-N", str(number)), ("noise",)), record)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert held < 2000 * 300
        assert journal.record(2000)["arguments"] == ["-N", "2000"] and journal.record(2001) is None
    with closing(Journal(tmp_path)) as again:
        assert [again.record(number)["arguments"][1] for number in (1, 1000, 2000)] == ["1", "1000", "2000"]


def test_longer_series_begins_with_the_shorter_one(spec, capsys):
    spec.write_text(SPEC.replace("distance_mm", "#").replace("images = 4", "images = 2"))
    nbport(["series", "spec.toml", "--jobs", "1"])
    spec.write_text(SPEC.replace("distance_mm", "#").replace("images = 4", "images = 3"))
    capsys.readouterr()
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert "1 images in" in capsys.readouterr().out


def test_structure_factors_are_loaded_once_and_again_when_the_file_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the dump is written
    path = tmp_path / "a.hkl"
    path.write_text("0 0 0 100\n1 2 3 10\n2 2 3 10\n")
    kept = KeptFactors()
    first = kept.load(Parameters(hkl=str(path)), print, Stop())
    assert kept.load(Parameters(hkl=str(path), fpixels=9, phi0=1.0), print, Stop()) is first
    assert kept.load(Parameters(hkl=str(path), default_F=1.0), print, Stop()) is not first
    path.write_text("0 0 0 100\n1 2 3 10\n2 2 3 11\n")
    os.utime(path, ns=(0, 0))
    assert kept.load(Parameters(hkl=str(path)), print, Stop()).Fhkl.max() == 100
    assert kept.load(Parameters(hkl=str(path)), print, Stop()) is not first


def test_number_of_images_without_end_is_refused(spec, capsys):
    spec.write_text(SPEC.replace("images = 4", f"images = 2{'9' * 60}"))
    assert nbport(["series", "spec.toml", "--commands"]) == 2
    assert "images: found a number beyond 1000000000" in capsys.readouterr().err
