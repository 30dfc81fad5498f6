"""The float image in CBF, TIFF and EDF: its pixels come back, and the geometry with them."""

import warnings
from dataclasses import replace

import fabio
import numpy as np
import pytest

import nbport
from nbport.errors import OptionError, OutputError
from nbport.options.scan import OwnOptions
from nbport.output import exports, registry

OPTIONS = (
    "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -lambda 1.1 -distance 80 -detpixels_x 60 -detpixels_y 50 -pixel 0.5"
    " -phi 3 -osc 1 -phisteps 2 -oversample 1 -fluence 1e30 -seed 1"
).split()
FLOATS = {"tiff": exports.write_tiff, "edf": exports.write_edf}


@pytest.fixture(scope="module")
def simulated():
    return nbport.render(OPTIONS)


def written(write, result, path):
    write(result.run, result.image, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fabio.open(str(path)) as image:
            return image.data.copy(), dict(image.header)


@pytest.mark.parametrize("name", FLOATS)
def test_floats_come_back_bit_for_bit(name, simulated, tmp_path):
    data, _ = written(FLOATS[name], simulated, tmp_path / f"x.{name}")
    assert data.dtype == np.float32
    assert data.tobytes() == simulated.image.tobytes()


def test_cbf_holds_whole_photons(simulated, tmp_path):
    data, _ = written(exports.write_cbf, simulated, tmp_path / "x.cbf")
    assert data.dtype == np.int32
    assert data.max() > 10
    np.testing.assert_array_equal(data, np.rint(simulated.image.astype(float)))


def test_cbf_of_a_scaled_and_cut_image_marks_what_was_not_rendered(tmp_path):
    result = nbport.render([*OPTIONS, "-scale", "7.5", "-roi", "2", "50", "3", "40"])
    data, header = written(exports.write_cbf, result, tmp_path / "x.cbf")
    inside = np.zeros(data.shape, bool)
    inside[3:41, 2:51] = True
    assert (data[~inside] == -1).all()
    np.testing.assert_array_equal(data[inside], np.rint(7.5 * result.image[inside].astype(float)))
    assert "# nbport_scale 7.5 counts a photon" in header["_array_data.header_contents"]


def test_numbers_that_no_int32_holds_become_marks_or_the_largest_one(simulated):
    image = np.zeros_like(simulated.image)
    image[0, :3] = np.nan, np.inf, 3e9
    assert exports.whole_photons(simulated.run, image)[0, :4].tolist() == [-2, 2**31 - 1, 2**31 - 1, 0]


def test_masked_pixels_are_not_rendered():
    mask = np.ones((50, 60), bool)
    mask[10, 20] = mask[49, 59] = False
    result = nbport.render(OPTIONS, mask=mask)
    np.testing.assert_array_equal(exports.rendered(result.run), mask)


def test_header_of_a_cbf_has_the_geometry_of_the_run(simulated, tmp_path):
    _, header = written(exports.write_cbf, simulated, tmp_path / "x.cbf")
    lines = dict(line[2:].split(" ", 1) for line in header["_array_data.header_contents"].splitlines())
    assert lines["Wavelength"].split() == [repr(1e10 * simulated.run.parameters.lambda0), "A"]
    assert float(lines["Detector_distance"].split()[0]) == pytest.approx(0.08, rel=1e-12)
    fast, slow = (float(x) for x in lines["Beam_xy"].strip("()pixels ").replace(")", "").split(","))
    d = simulated.detector
    assert (fast, slow) == pytest.approx((d.Fbeam / 5e-4, d.Sbeam / 5e-4), rel=1e-12)
    assert lines["Start_angle"] == "3.0 deg." and lines["Angle_increment"] == "1.0 deg."
    assert lines["Pixel_size"] == "0.0005 m x 0.0005 m"


def test_header_of_an_edf_has_the_geometry_of_the_run(simulated, tmp_path):
    _, header = written(exports.write_edf, simulated, tmp_path / "x.edf")
    d = simulated.detector
    assert float(header["WaveLength"]) == simulated.run.parameters.lambda0
    assert float(header["SampleDistance"]) == pytest.approx(d.distance, rel=1e-12)
    assert float(header["PSize_1"]) == float(header["PSize_2"]) == 5e-4
    assert float(header["Center_1"]) == pytest.approx(d.Fbeam / 5e-4, rel=1e-12)
    assert tuple(map(float, header["nbport_pix0_vector"].split())) == d.pix0_vector


def test_description_of_a_tiff_has_the_geometry_of_the_run(simulated, tmp_path):
    _, header = written(exports.write_tiff, simulated, tmp_path / "x.tif")
    items = dict(line.split("=", 1) for line in header["imageDescription"].splitlines())
    assert tuple(map(float, items["nbport_fdet_vector"].split())) == simulated.detector.fdet_vector


@pytest.mark.parametrize("write", [exports.write_cbf, *FLOATS.values()])
def test_bytes_depend_on_nothing_but_the_run(write, simulated, tmp_path, monkeypatch):
    write(simulated.run, simulated.image, tmp_path / "a")
    monkeypatch.setattr("time.time", lambda: 1e9)
    monkeypatch.setattr("time.ctime", lambda: "another day")
    write(simulated.run, simulated.image.reshape(-1), tmp_path / "other name")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "other name").read_bytes()


def test_folder_that_does_not_exist_is_named(simulated, tmp_path):
    with pytest.raises(OutputError, match="nothere/x.cbf: cannot write: No such file"):
        exports.write_cbf(simulated.run, simulated.image, tmp_path / "nothere" / "x.cbf")


def test_image_without_sources_is_rendered_but_has_no_wavelength_to_write(nbport_command, tmp_path):
    options = "-cell 50 60 70 90 90 90 -default_F 1 -detpixels 4 -pixel 0.1 -divsteps 1 -oversample 1".split()
    assert nbport_command(options, tmp_path).exit == 0
    refused = nbport_command([*options, "--cbf", "x.cbf"], tmp_path)
    assert refused.exit == 9
    assert b"--cbf: found no source, expected one" in refused.stderr


def test_image_that_no_tiff_can_hold_is_refused_before_it_is_rendered(simulated):
    exports.check_tiff((2**15, 2**15 - 1))
    with pytest.raises(OptionError, match="TIFF: found an image of 4294967296 bytes, expected at most 4294901760"):
        exports.check_tiff((2**15, 2**15))
    parameters = replace(simulated.run.parameters, fpixels=2**15, spixels=2**15)
    with pytest.raises(OptionError, match="TIFF"):
        registry.check(OwnOptions(tiff="x.tif"), replace(simulated.run, parameters=parameters), print)
