"""All images of a series in one HDF5 file."""

import shutil
import sys
from contextlib import closing

import numpy as np
import pytest

from nbport.cli.nbport_command import main as nbport
from nbport.formats.smv import decode_smv
from nbport.series import stack
from nbport.series.journal import Journal
from nbport.series.spec import read_spec
from nbport.series.table import Table
from nbport.system import files as files_module
from tests.series import SPEC, images

h5py = pytest.importorskip("h5py")


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A description in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    nbport(["series", "spec.toml", "-o", "files", "--jobs", "1"])
    path.write_text("hdf5 = true\n" + SPEC)
    return path


def assert_stack_has(path, files):
    """Are the pixels of the stack those of the files?"""
    with h5py.File(path) as made:
        for kind, ending, dtype, header in (("float", "bin", "<f4", 0), ("int", "img", "<u2", 512)):
            expected = [np.frombuffer(files[f"{kind}_{i:05d}.{ending}"], dtype, offset=header) for i in range(1, 5)]
            np.testing.assert_array_equal(made[kind][:].reshape(4, -1), expected)
        noise = [np.frombuffer(files[f"noise_{i:05d}.img"], "<u2", offset=512) for i in range(1, 5)]
        np.testing.assert_array_equal(made["noise"][:].reshape(4, -1), noise)
        assert made["table/finished"][:].tolist() == [1, 1, 1, 1]
        assert made["table/distance_mm"][:].tolist() == [100, 120, 140, 160]
        assert made["table/command"][3].decode().startswith("nanoBragg -floatimage float_00004.bin")


def test_stack_has_the_pixels_of_the_files_and_the_table(spec, capsys):
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert_stack_has("spec/images.h5", images(spec.parent / "files"))
    assert images(spec.parent / "spec") == {}
    before = (spec.parent / "spec" / "images.h5").read_bytes()
    capsys.readouterr()
    assert nbport(["series", "spec.toml"]) == 0
    assert "spec: 0 images" in capsys.readouterr().out
    assert (spec.parent / "spec" / "images.h5").read_bytes() == before


def test_stop_before_the_stack_is_complete_loses_nothing(spec, monkeypatch, capsys):
    def broken(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stack, "_write_table", broken)
        assert nbport(["series", "spec.toml", "--jobs", "1"]) == 130
    assert images(spec.parent / "spec") == images(spec.parent / "files")
    assert not (spec.parent / "spec" / "images.h5").exists()
    assert not list((spec.parent / "spec").glob(".nbport-*"))
    capsys.readouterr()
    assert nbport(["series", "spec.toml"]) == 0
    assert "0 images in" in capsys.readouterr().out
    assert_stack_has("spec/images.h5", images(spec.parent / "files"))


def test_failed_image_joins_the_stack_later(spec):
    text = "hdf5 = true\n" + SPEC.replace('hkl = "', '# "') + 'hkl = ["a.hkl", "b.hkl", "c.hkl", "d.hkl"]\n'
    spec.write_text(text)
    for name in "abcd":
        (spec.parent / f"{name}.hkl").write_text("0 0 0 100\n1 2 3 10\n2 2 3 10\n")
    assert nbport(["series", "spec.toml", "-o", "whole", "--jobs", "1"]) == 0
    (spec.parent / "c.hkl").rename("away")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 1
    with h5py.File("spec/images.h5") as made:
        assert made["table/finished"][:].tolist() == [1, 1, 0, 1] and not made["float"][2].any()
    (spec.parent / "away").rename("c.hkl")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    with h5py.File("spec/images.h5") as made, h5py.File("whole/images.h5") as whole:
        np.testing.assert_array_equal(made["noise"][:], whole["noise"][:])
        np.testing.assert_array_equal(made["float"][:], whole["float"][:])


def test_images_of_two_sizes_stay_files(spec, capsys):
    spec.write_text(("hdf5 = true\n" + SPEC).replace("detpixels = 32", "") + "detpixels = [8, 8, 16, 16]\n")
    assert nbport(["series", "spec.toml", "--jobs", "1"]) == 2
    assert "images of 2 sizes, expected one" in capsys.readouterr().err
    assert len(images(spec.parent / "spec")) == 12


def test_missing_h5py_is_said_before_an_image_is_made(spec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert nbport(["series", "spec.toml"]) == 2
    assert "pip install 'nbport[series]'" in capsys.readouterr().err
    assert images(spec.parent / "spec") == {}


class TwoImages(list):
    """Stands for a table."""

    names = ("small", "large")


def test_whole_numbers_of_the_table_beyond_64_bits_are_stored_as_doubles(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stack._write_table(file, TwoImages([[1, 1], [2**63 - 1, 10**20]]))
        assert file["table/small"][:].tolist() == [1, 2**63 - 1]
        assert file["table/large"][:].tolist() == [1.0, 1e20]


# -- what replaces the files

KINDS = ("float", "int", "noise")
# headers of 513 bytes that say 512
LONG_HEADERS = """
hdf5 = true
write = ["float", "int", "noise"]
[options]
default_F = 100
N = 5
cell = [50, 60, 70, 90, 90, 90]
wavelength_A = 1
detpixels = 40
pixel_mm = 0.1234567
pivot = "sample"
distance_mm = 100
detector_roty_deg = 2.1234
detector_rotz_deg = 3.12345
twotheta_deg = 10
detector_rotx_deg = 0
oversample = 1
[vary]
misset_deg = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
"""


@pytest.fixture(scope="module")
def before_the_stack(tmp_path_factory):
    """A series all of whose images are files, as if it was killed before the stack was made."""
    folder = tmp_path_factory.mktemp("series")
    (folder / "spec.toml").write_text(LONG_HEADERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("nbport.cli.commands.series.write_stack", lambda *_: None)
        assert nbport(["series", "spec.toml", "--jobs", "1"]) == 0
    assert len(images(folder / "spec")) == 9
    return folder


@pytest.fixture
def made(before_the_stack, tmp_path, monkeypatch):
    """A copy of that series: its folder."""
    shutil.copytree(before_the_stack, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here" / "spec"


def go_on(capsys, *more):
    """The same command: exit status, standard output and lines on standard error."""
    capsys.readouterr()
    status = nbport(["series", "spec.toml", "--jobs", "1", *more])
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def stacks_pixels(folder):
    with h5py.File(folder / "images.h5") as file:
        return {kind: file[kind][:].tolist() for kind in KINDS}


def pixels_of(contents):
    """Of the files of a series."""
    found = {kind: [] for kind in KINDS}
    for name, content in sorted(contents.items()):
        floats = np.frombuffer(content, "<f4").reshape(40, 40) if name.endswith(".bin") else None
        found[name.split("_")[0]].append(
            (decode_smv(content, name).pixels if floats is None else floats).tolist(),
        )
    return found


def test_stack_has_the_pixels_of_files_whose_headers_are_longer_than_they_say(made, capsys):
    contents = images(made)
    assert {len(content) for name, content in contents.items() if name.endswith(".img")} == {513 + 2 * 1600}
    assert go_on(capsys)[0] == 0
    assert images(made) == {} and stacks_pixels(made) == pixels_of(contents)
    scale = 55000 / np.max(stacks_pixels(made)["float"][0])
    expected = np.floor(np.array(stacks_pixels(made)["float"][0]) * scale + 40.5).clip(0, 65535)
    assert np.abs(np.array(stacks_pixels(made)["int"][0]) - expected).max() <= 1


def test_no_file_is_removed_before_the_stack_has_its_name(made, capsys, monkeypatch):
    contents, seen = images(made), []

    def no_rename(source, target):
        if str(target).endswith(".h5"):
            seen.append(images(made))
            raise OSError(5, "Input/output error")
        rename(source, target)

    rename = files_module.os.replace
    with monkeypatch.context() as patch:
        patch.setattr(files_module.os, "replace", no_rename)
        status, _, errors = go_on(capsys)
    assert (status, errors) == (2, ["nbport series: error: spec/images.h5: cannot write: Input/output error"])
    assert seen == [contents] and images(made) == contents and not (made / "images.h5").exists()
    assert go_on(capsys)[0] == 0 and images(made) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_stack_that_is_not_read_back_as_it_was_written_replaces_no_file(made, capsys, monkeypatch, kind):
    contents = images(made)

    def bad_disk(path):
        with h5py.File(path, "r+") as file:
            file[kind][1, 7:9] = 3

    with monkeypatch.context() as patch:
        patch.setattr(stack, "flush_file", bad_disk)
        status, _, errors = go_on(capsys)
    expected = f"found image 2 ({kind}), expected what was written; the images stay files"
    assert (status, errors) == (2, [f"nbport series: error: spec/images.h5: read back, {expected}"])
    assert images(made) == contents
    assert go_on(capsys)[0] == 0
    assert images(made) == {} and stacks_pixels(made) == pixels_of(contents)


def test_files_of_images_without_a_line_in_the_journal_are_neither_stacked_nor_removed(made):
    contents = images(made)
    journal_path = made / "images.jsonl"
    journal_path.write_text("".join(journal_path.read_text().splitlines(keepends=True)[:2]))
    rows = read_spec("spec.toml").rows
    with closing(Journal(made)) as journal:
        stack.write_stack(made, rows, journal, Table(rows, journal, with_files=False))
    assert images(made) == {name: content for name, content in contents.items() if "00003" in name}
    assert not np.any(stacks_pixels(made)["float"][2]) and np.any(stacks_pixels(made)["float"][1])
    assert stack.stacked(made) == {1, 2}


def zeros_in(path):
    content = path.read_bytes()
    path.write_bytes(content[:1500] + bytes(500) + content[2000:])
    assert path.read_bytes() != content


def test_damaged_file_does_not_get_into_the_stack(made, capsys):
    contents = images(made)
    zeros_in(made / "int_00002.img")
    status, _, errors = go_on(capsys, "--sizes-only")
    assert status == 2 and len(errors) == 1
    assert "int_00002.img: found no such file or another content than was written" in errors[0]
    assert len(images(made)) == 9 and not (made / "images.h5").exists()
    status, out, _ = go_on(capsys)
    assert status == 0 and "1 images in" in out
    assert images(made) == {} and stacks_pixels(made) == pixels_of(contents)


def test_damaged_image_of_the_stack_is_made_again_unless_sizes_are_believed(made, capsys):
    contents = images(made)
    assert go_on(capsys)[0] == 0
    with h5py.File(made / "images.h5", "r+") as file:
        file["noise"][0, :10] = 0
    assert "0 images in" in go_on(capsys, "--sizes-only")[1]
    assert stacks_pixels(made) != pixels_of(contents)
    status, out, _ = go_on(capsys)
    assert status == 0 and "1 images in" in out
    assert images(made) == {} and stacks_pixels(made) == pixels_of(contents)


def test_damaged_image_is_not_copied_from_one_stack_into_the_next(made, capsys):
    contents = images(made)
    assert go_on(capsys)[0] == 0
    (made / "float_00003.bin").write_bytes(contents["float_00003.bin"])
    with h5py.File(made / "images.h5", "r+") as file:
        file["int"][0, :10] = 0
    before = (made / "images.h5").read_bytes()
    status, _, errors = go_on(capsys, "--sizes-only")
    assert status == 2 and len(errors) == 1 and "images.h5: image 1 (int) is damaged" in errors[0]
    assert (made / "images.h5").read_bytes() == before and len(images(made)) == 1


def test_stack_that_has_the_only_copy_is_replaced_only_by_one_that_was_read_back(made, capsys, monkeypatch):
    contents = images(made)
    assert go_on(capsys)[0] == 0
    before = (made / "images.h5").read_bytes()
    (made / "float_00003.bin").write_bytes(contents["float_00003.bin"])
    read_back = stack._read_back

    def damaged(path, expected, written):
        with h5py.File(written, "r+", locking=False) as file:
            file["int"][2] = 0
        read_back(path, expected, written)

    with monkeypatch.context() as patch:
        patch.setattr(stack, "_read_back", damaged)
        status, _, errors = go_on(capsys)
    assert status == 2 and "read back, found image 3 (int)" in errors[0]
    assert (made / "images.h5").read_bytes() == before and len(images(made)) == 1
    assert go_on(capsys)[0] == 0
    assert images(made) == {} and stacks_pixels(made) == pixels_of(contents)
