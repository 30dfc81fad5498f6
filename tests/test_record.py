"""`--json`: numbers of the run, of the image and of the files are those of the command itself."""

import hashlib
import json
import math
import re
from dataclasses import fields

import numpy as np
import pytest

import nbport
from nbport.cli.nanobragg_command import main
from nbport.output.quantities import SHOWN, UNITS, parameter_quantities
from nbport.parameters import Parameters

LINE = (
    "-cell 50 60 70 80 95 100 -misset 10 20 30 -default_F 100 -N 10 -lambda 1.1 -distance 120 -detpixels 40 -pixel 0.2"
    " -mosaic 0.3 -phi 1 -osc 2 -water 3 -dmin 2 -seed 5 -mosaic_seed 7 -fluence 1e28"
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main([*LINE.split(), "-lamda", "3", "--json", "run.json", "--tiff", "image.tif"]) == 0
    return json.loads((folder / "run.json").read_text()), folder


def test_parameters_have_the_units_of_their_names(recorded):
    asked = {
        "wavelength_A": 1.1, "distance_mm": 120.0, "pixel_size_mm": 0.2, "mosaic_spread_deg": 0.3, "phi0_deg": 1.0,
        "osc_deg": 2.0, "water_size_um": 3.0, "dmin_A": 2.0, "fluence_photons_per_m2": 1e28, "misset_deg": [10, 20, 30],
        "seed": 5, "mosaic_seed": 7, "Na": 10, "fpixels": 40, "convention": "mosflm", "hkl": None,
        "hdivrange_mrad": None,
    }  # fmt: skip
    found = {name: recorded[0]["parameters"][name] for name in asked}
    for name, value in asked.items():
        assert found[name] == (pytest.approx(value, rel=1e-14) if isinstance(value, float | list) else value), name


def test_derived_quantities_are_those_of_the_run(recorded):
    derived = recorded[0]["derived"]
    run = nbport.render(LINE.split()).run
    assert derived["V_cell_A3"] == run.cell.V_cell
    assert derived["steps"] == run.scene.sampling.steps == 2 * 10 * derived["oversample"] ** 2
    assert derived["distance_mm"] == run.detector.distance * 1e3
    assert (
        derived["cell_angles_deg"]
        == [math.degrees(angle) for angle in run.cell.angles]
        == pytest.approx([80, 95, 100], rel=1e-3)
    )
    assert derived["a0_A"] == [x * 1e10 for x in run.scene.crystal.a0]
    assert derived["phistep_deg"] == pytest.approx(1.0)


def test_statistics_are_those_of_the_float_image(recorded):
    record, folder = recorded
    image = np.fromfile(folder / "floatimage.bin", "<f4").astype(float)
    statistics = record["statistics"]
    assert statistics["max_I_photons"] == image.max()
    assert statistics["sum_photons"] == pytest.approx(image.sum(), rel=1e-13)
    assert statistics["mean_photons"] == pytest.approx(image.mean(), rel=1e-13)
    assert statistics["rmsd_photons"] == pytest.approx(image.std(ddof=1), rel=1e-12)


def test_files_are_listed_with_their_digests(recorded):
    record, folder = recorded
    listed = {entry["path"]: entry for entry in record["files"]}
    assert set(listed) == {path.name for path in folder.iterdir()} - {"run.json"}
    for name, entry in listed.items():
        content = (folder / name).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_command_line_warnings_and_versions_are_kept(recorded):
    record, _ = recorded
    assert record["command_line"][:3] == ["nanoBragg", "-cell", "50"]
    assert record["command_line"][-1] == "image.tif"
    assert "did you mean -lambda" in record["warnings"][0]
    assert record["versions"]["nbport"] == nbport.__version__
    assert record["kernel"]["path"] == "certified"


def test_every_number_with_a_unit_has_it_in_its_name():
    run = nbport.render(LINE.split()).run
    names = parameter_quantities(run)
    units = tuple(SHOWN)
    without = {"polarization", "Na", "Nb", "Nc", "fudge", "intfile_scale", "pgm_scale", "adc_offset"}
    for field in fields(Parameters):
        if field.type == "float" and field.name not in without:
            name = "wavelength" if field.name == "lambda0" else field.name
            assert any(name + unit in names for unit in units), field.name
    traced = {name for listed in UNITS.values() for name in listed.split()}
    shown = {name for _, listed in SHOWN.values() for name in listed.split()}
    derived = set(re.findall(r"\w+", " ".join(nbport.output.quantities.set_up_quantities(run))))
    assert traced & derived <= shown


def test_image_of_nan_is_still_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main("-cell 50 60 70 90 90 90 -default_F 1 -N 5 -detpixels 4 -lambda nan --json nan.json".split()) == 0
    text = (tmp_path / "nan.json").read_text()
    record = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert record["parameters"]["wavelength_A"] is None
    assert record["statistics"]["mean_photons"] is None


def test_record_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main("-cell 50 60 70 90 90 90 -default_F 1 -detpixels 4 --json missing/run.json".split()) == 9
    assert capsys.readouterr().err.startswith("nanoBragg: error: missing/run.json: cannot write: ")
