"""`nbport hkl`, and `nanoBragg -hkl` with the same files: the same bytes, and every text as before."""

import gzip
import os
import re
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import nbport
from nbport.cli.nanobragg_command import main as nanobragg
from nbport.cli.nbport_command import main as tools
from nbport.formats.hkl import read_hkl
from nbport.reflections import option
from nbport.reflections.convert import Settings, convert
from nbport.reflections.recognise import MODEL, MTZ, PDB, REFLECTIONS, kind_of
from tests.crystals import cif_of, mtz_of, path_of, structure_of, unique_F

SCENE = "-lambda 1 -distance 50 -detpixels 24 -pixel 2 -N 3 -oversample 1 -seed 1".split()
CELL = "-cell 33.3 33.3 40.4 90.0 90.0 120.0".split()


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A working folder with one crystal in every form, and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(option, "cache_folder", lambda: str(tmp_path / "cache"))
    hkl, F = unique_F("trigonal")
    mtz_of("trigonal", hkl, {"FP": ("F", F)}).write_to_file("x.mtz")
    (tmp_path / "x.sf.cif").write_text(cif_of("trigonal", hkl, {"F_meas_au": F}))
    text = path_of("trigonal").read_text().replace("2.00 ANG", "4.00 ANG")
    (tmp_path / "x.pdb").write_text(text)
    (tmp_path / "x.cif").write_text(structure_of("trigonal").make_mmcif_document().as_string())
    (tmp_path / "x.ent.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def images():
    """Content of the output files of the last run, which are removed."""
    names = ("floatimage.bin", "intimage.img", "noiseimage.img", "image.pgm", "Fdump.bin")
    found = {name: open(name, "rb").read() for name in names}
    for name in names:
        os.unlink(name)
    return found


KINDS = {"x.mtz": MTZ, "x.sf.cif": REFLECTIONS, "x.pdb": PDB, "x.cif": MODEL, "x.ent.gz": PDB}


@pytest.mark.parametrize("name", KINDS)
def test_file_renders_as_the_text_that_it_is_converted_to(name, files, capfd):
    assert tools(["hkl", name, "-o", "x.hkl"]) == 0
    assert nanobragg(["-hkl", "x.hkl", *CELL, *SCENE]) == 0
    by_text = images()
    assert np.frombuffer(by_text["floatimage.bin"], "<f4").any()
    capfd.readouterr()
    for _ in range(2):  # the second time from the cache
        assert nanobragg(["-hkl", name, *SCENE]) == 0
        assert images() == by_text
        said = [line for line in capfd.readouterr().err.splitlines() if "compiling" not in line]
        assert said == [
            f"nanoBragg: warning: {name}: {KINDS[name]}, read as the text that 'nbport hkl {name}' writes",
            f"nanoBragg: warning: {name}: its unit cell is used: {' '.join(CELL)}",
        ]
    assert len(os.listdir("cache/structure_factors")) == 2


def test_file_is_converted_once_and_again_when_it_changes(files, monkeypatch):
    converted = []
    monkeypatch.setattr(option, "convert", lambda *a: converted.append(a) or convert(*a))
    first = option.cached("x.mtz")
    assert option.cached("x.mtz") == first
    assert len(converted) == 1
    assert option.cached("x.mtz", Settings(dmin=6.0)).path != first.path
    hkl, F = unique_F("trigonal")
    mtz_of("trigonal", hkl, {"FP": ("F", 2 * F)}).write_to_file("x.mtz")
    assert option.cached("x.mtz").path != first.path
    assert len(converted) == 3


def test_conversion_that_was_interrupted_is_done_again(files):
    found = option.cached("x.mtz")
    whole = open(found.path, "rb").read()
    os.unlink(found.path.replace(".hkl", ".json"))
    open(found.path, "w").write("1 2 3 4\n")
    assert option.cached("x.mtz") == found
    assert open(found.path, "rb").read() == whole


def test_cell_or_matrix_that_is_given_counts(files, capfd):
    assert nanobragg(["-hkl", "x.mtz", "-cell", "30", *SCENE]) == 0
    out, err = capfd.readouterr()
    assert "Unit Cell: 30 30 30 90 90 90\n" in out and "unit cell is used" not in err
    (files / "A.mat").write_text("0.03 0 0\n0 0.03 0\n0 0 0.03\n")
    assert nanobragg(["-hkl", "x.mtz", "-mat", "A.mat", *SCENE]) == 0
    out, err = capfd.readouterr()
    assert "Unit Cell: 33.3333 33.3333 33.3333 90 90 90\n" in out and "unit cell is used" not in err


def test_python_takes_the_same_files(files):
    assert nanobragg(["-hkl", "x.mtz", *SCENE]) == 0
    image = images()["floatimage.bin"]
    keywords = dict(wavelength_A=1, distance_mm=50, detpixels=24, pixel_mm=2, N=3, oversample=1, seed=1)
    result = nbport.render(hkl="x.mtz", **keywords)
    assert result.image.tobytes() == image
    assert any("unit cell is used" in warning for warning in result.warnings)


def test_text_keeps_every_digit_under_the_reference_reading(files):
    converted = convert("x.pdb")
    (files / "x.hkl").write_bytes(b"".join(converted.text()))
    grid, rows, _ = read_hkl("x.hkl", -1.0, lambda *_: None)
    assert rows == len(converted.F)
    h, k, l = converted.hkl.T
    read = grid.Fhkl[h - grid.h_min, k - grid.k_min, l - grid.l_min]
    np.testing.assert_array_equal(read, converted.F)
    assert (grid.Fhkl[:-1, :-1, :-1] != -1.0).sum() == rows


def test_report_says_what_was_found(files, capsys):
    assert tools(["hkl", "x.pdb"]) == 0
    hkl, _ = unique_F("trigonal")
    assert capsys.readouterr().out.splitlines()[:-3] == [
        "kind: PDB model",
        "cell: 33.3 33.3 40.4 90 90 120, space group P 31 2 1",
        "atoms: 35 in the asymmetric unit",
        "resolution: 4.00 A, as the file says",
        "bulk solvent: 0.35 electrons/A^3, B 46 A^2",
        "form factors: International Tables, without f' and f''",
        f"unique reflections: {len(hkl)} of {len(hkl)} (100.0 %)",
    ]
    assert sum(1 for _ in open("x_P1.hkl")) == len(convert("x.pdb").F)


def test_options_reach_the_conversion(files):
    assert tools("hkl x.pdb -o a.hkl --dmin 5 --wavelength 0.97 --k-sol 0.3 --B-sol 50".split()) == 0
    expected = convert("x.pdb", Settings(dmin=5.0, wavelength=0.97, k_sol=0.3, B_sol=50.0))
    assert open("a.hkl", "rb").read() == b"".join(expected.text())
    assert tools("hkl x.pdb -o a.hkl --no-solvent".split()) == 0
    assert open("a.hkl", "rb").read() == b"".join(convert("x.pdb", Settings(solvent=False)).text())
    assert tools("hkl x.mtz -o a.hkl --columns FP --fill shell --F000 9 --scale 2 --dmin 5".split()) == 0
    expected = convert("x.mtz", Settings(5.0, "FP", "shell", 9.0, 2.0))
    assert open("a.hkl", "rb").read() == b"".join(expected.text())


@pytest.mark.parametrize(
    "arguments",
    [["none.mtz"], ["plain.hkl"], ["x.pdb", "--fill", "shell"], ["x.mtz", "--columns", "FX"], ["x.mtz", "-o", "no/x"]],
)
def test_what_cannot_be_converted_is_one_line_and_status_2(arguments, files, capsys):
    (files / "plain.hkl").write_text("1 2 3 4\n")
    assert tools(["hkl", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nbport hkl: error: ") and error.count("\n") == 1


def test_resolution_that_needs_more_memory_than_there_is_is_refused(files, capsys):
    assert tools("hkl x.pdb --dmin 0.01".split()) == 2
    assert re.search(r"error: x.pdb: 0.01 A needs \d+ GB of memory, more than this", capsys.readouterr().err)


@pytest.mark.parametrize("option_and_value", [["--dmin", "0"], ["--fill", "mean"], ["--scale", "nan"]])
def test_value_that_is_no_number_is_refused(option_and_value, files, capsys):
    with pytest.raises(SystemExit) as ended:
        tools(["hkl", "x.mtz", *option_and_value])
    assert ended.value.code == 2
    assert f"found '{option_and_value[1]}', expected a number" in capsys.readouterr().err


def test_damaged_file_ends_nanobragg_with_9(files, capsys):
    (files / "x.mtz").write_bytes(b"MTZ " + bytes(50))
    assert nanobragg(["-hkl", "x.mtz", *SCENE]) == 9
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("nanoBragg: error: x.mtz: cannot read MTZ")


def test_missing_gemmi_is_said(files, monkeypatch, capsys):
    def no_gemmi(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", no_gemmi)
    assert nanobragg(["-hkl", "x.mtz", *SCENE]) == 9
    assert "x.mtz: MTZ needs gemmi: pip install 'nbport[hkl]'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "gemmi", None)
    assert tools(["hkl", "x.mtz"]) == 2
    assert "x.mtz: MTZ needs gemmi: pip install 'nbport[hkl]'" in capsys.readouterr().err


# -- what is recognised, and what is not


TEXTS = [
    b"", b"\n", b"1 2 3 4\n", b"   0   0   1  5.5\n", b"-1-2-3 5\n", b"# h k l F\n1 2 3 4\n", b"h k l F\n1 2 3 4\n",
    b"nan 1 2 3\n", b"inf 1 2 3\n", b"data\n1 2 3 4\n", b"data_x\n1 2 3 4\n", b"REMARK a file\n1 2 3 4\n",
    b"ATOMS 1\n", b"mtz \n", b"1 2 3 4\nATOM  \nCRYST1\n_atom_site.x\n", gzip.compress(b"1 2 3 4\n", mtime=0),
    b"\x1f\x8b\x08 broken", b"+1 2 3 4", b".5 2 3 4",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_everything_else_is_left_to_the_text_route(text, tmp_path):
    (tmp_path / "x.mtz").write_bytes(text)
    assert kind_of(tmp_path / "x.mtz") is None


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_told_by_the_content_whatever_the_name(name, files):
    os.rename(name, "any.thing")
    assert kind_of("any.thing") == KINDS[name]


@pytest.mark.parametrize("name", KINDS)
def test_reference_reads_no_row_of_what_is_recognised(name, files):
    with pytest.raises(nbport.InputError, match="no reflections found"):
        read_hkl(name, 0.0, lambda *_: None)


def test_pipe_is_not_touched(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert kind_of(tmp_path / "pipe") is None
    assert kind_of(tmp_path) is None and kind_of(tmp_path / "none") is None


def test_plain_text_does_not_load_the_converter(files):
    (files / "x.hkl").write_text("1 2 3 4\n")
    code = (
        "import sys; from nbport.options.scan import OwnOptions; from nbport.prepare import read_options;"
        "read_options(OwnOptions(), ['-hkl', 'x.hkl'], print, print);"
        "sys.exit(any(name in sys.modules for name in ('gemmi', 'nbport.reflections.convert')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
