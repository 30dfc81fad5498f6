"""All images of a series in one HDF5 file."""

import sys

import numpy as np
import pytest

from nbport.cli.nbport_command import main as nbport
from nbport.series import stack
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
