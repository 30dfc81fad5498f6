"""NeXus files: where every pixel is, as another program works it out, is where nbport has it."""

import numpy as np
import pytest

import nbport
from nbport.errors import OptionError, OutputError
from nbport.output import nexus
from tests.exported import place

h5py = pytest.importorskip("h5py")

CRYSTAL = "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -oversample 1 -seed 1"
DETECTOR = "-lambda 1.1 -distance 80 -detpixels_x 30 -detpixels_y 20 -pixel 1"
TILTED = "-twotheta 20 -detector_rotx 3 -detector_roty 4 -detector_rotz 5"
CONVENTIONS = {
    "mosflm": "",
    "xds": "-xds",
    "adxv": "-adxv",
    "dials": "-dials",
    "custom": "-beam_vector 0.001 0.002 -0.9 -fdet_vector 1 0.01 0 -sdet_vector 0.01 -1 0 -odet_vector 0 0 -1"
    " -spindle_axis -1 0 0.1 -polar_vector 1 0.2 0",
}


@pytest.fixture(params=CONVENTIONS)
def written(request, tmp_path):
    options = f"{CRYSTAL} {DETECTOR} {TILTED} {CONVENTIONS[request.param]} -phi 10 -osc 2".split()
    result = nbport.render(options)
    nexus.write_nexus(result.run, result.image, tmp_path / "x.nxs")
    with h5py.File(tmp_path / "x.nxs") as file:
        yield result, file


def test_pixels_are_where_the_simulation_has_them(written):
    result, file = written
    turn = nexus.to_mcstas(result.run)
    pixels = [(0, 0), (0, 29), (19, 0), (19, 29), (7, 11)]
    for trace in nbport.trace(result.options, *pixels):
        [position] = trace["pixel_pos"]
        np.testing.assert_allclose(
            place(file, trace.spixel + 0.5, trace.fpixel + 0.5), turn @ position, rtol=0, atol=1e-16
        )


def test_frame_is_a_rotation_with_the_beam_along_z(written):
    result, file = written
    turn = nexus.to_mcstas(result.run)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(turn @ result.run.parameters.beam_vector, (0, 0, 1), atol=1e-15)
    omega = file["/entry/sample/transformations/omega"]
    np.testing.assert_allclose(omega.attrs["vector"], turn @ result.run.parameters.spindle_vector, atol=1e-15)
    assert file["/entry/sample/depends_on"].asstr()[()] == omega.name
    assert omega[()].tolist() == pytest.approx([10.0])
    assert file["/entry/sample/transformations/omega_end"][()].tolist() == pytest.approx([12.0])


def test_pixels_and_beam_are_those_of_the_run(written):
    result, file = written
    signal = file["/entry/data"].attrs["signal"]
    data = file["/entry/data"][signal]
    assert data.dtype == np.float32 and data.compression == "gzip"
    assert data[0].tobytes() == result.image.tobytes()
    beam = file["/entry/instrument/beam"]
    assert beam["incident_wavelength"][()] == pytest.approx(1.1)
    assert beam["fluence"][()] == result.run.parameters.fluence
    assert not file["/entry/instrument/detector/pixel_mask"][()].any()


def test_mosflm_looks_as_dials_has_it(tmp_path):
    """McStas -x is imgCIF's +x: rows run along +x, columns along -y, and the spindle is +x."""
    result = nbport.render(f"{CRYSTAL} {DETECTOR}".split())
    nexus.write_nexus(result.run, result.image, tmp_path / "x.nxs")
    to_imgcif = np.diag([-1, 1, -1])
    with h5py.File(tmp_path / "x.nxs") as file:
        module = file["/entry/instrument/detector/module"]
        axes = (module["fast_pixel_direction"], module["slow_pixel_direction"])
        axes += (file["/entry/sample/transformations/omega"],)
        assert [(to_imgcif @ axis.attrs["vector"]).tolist() for axis in axes] == [[1, 0, 0], [0, -1, 0], [1, 0, 0]]


def test_stack_has_an_angle_an_image(tmp_path):
    result = nbport.render(f"{CRYSTAL} {DETECTOR} -osc 0.5".split())
    images = [result.image, 2 * result.image, 3 * result.image]
    nexus.write_nexus(result.run, iter(images), tmp_path / "x.nxs", phi_deg=[0, 0.5, 1])
    with h5py.File(tmp_path / "x.nxs") as file:
        np.testing.assert_array_equal(file["/entry/data/data"], images)
        assert file["/entry/sample/transformations/omega"][()].tolist() == [0, 0.5, 1]
        assert file["/entry/sample/transformations/omega_end"][()].tolist() == pytest.approx([0.5, 1, 1.5])


def test_masked_pixels_carry_the_bit_of_the_user(tmp_path):
    result = nbport.render([*f"{CRYSTAL} {DETECTOR}".split(), "-roi", "1", "28", "0", "19"])
    nexus.write_nexus(result.run, result.image, tmp_path / "x.nxs")
    with h5py.File(tmp_path / "x.nxs") as file:
        mask = file["/entry/instrument/detector/pixel_mask"][()]
    assert (mask[:, [0, 29]] == 256).all() and not mask[:, 1:29].any()


def test_several_wavelengths_have_a_mean_and_a_spread(tmp_path):
    options = f"{CRYSTAL} {DETECTOR} -dispersion 10 -dispsteps 3 -flux 1e12 -exposure 0.1 -beamsize 0.05".split()
    result = nbport.render(options)
    nexus.write_nexus(result.run, result.image, tmp_path / "x.nxs")
    wavelengths = 1e10 * result.run.scene.beam.source_lambda
    with h5py.File(tmp_path / "x.nxs") as file:
        beam = file["/entry/instrument/beam"]
        assert beam["incident_wavelength"][()] == pytest.approx(wavelengths.mean(), rel=1e-15)
        assert beam["incident_wavelength_spread"][()] == pytest.approx(np.ptp(wavelengths))
        assert beam["total_flux"][()] == 1e12
        np.testing.assert_allclose(beam["incident_beam_size"], 5e-5)


def test_bytes_depend_on_nothing_but_the_run(tmp_path, monkeypatch):
    result = nbport.render(f"{CRYSTAL} {DETECTOR}".split())
    nexus.write_nexus(result.run, result.image, tmp_path / "a.nxs")
    monkeypatch.setattr("time.time", lambda: 1e9)
    nexus.write_nexus(result.run, result.image.reshape(-1), tmp_path / "b.nxs")
    assert (tmp_path / "a.nxs").read_bytes() == (tmp_path / "b.nxs").read_bytes()


def test_failure_leaves_nothing_behind(tmp_path):
    result = nbport.render(f"{CRYSTAL} {DETECTOR}".split())
    with pytest.raises(OutputError, match="nothere/x.nxs: cannot write: No such file"):
        nexus.write_nexus(result.run, result.image, tmp_path / "nothere" / "x.nxs")
    with pytest.raises(ValueError, match="reshape"):
        nexus.write_nexus(result.run, np.zeros((3, 3), np.float32), tmp_path / "x.nxs")
    assert list(tmp_path.iterdir()) == []


def test_curved_detector_is_refused(tmp_path):
    result = nbport.render(f"{CRYSTAL} {DETECTOR} -curved_det -nonoise".split())
    with pytest.raises(OptionError, match="expected a flat detector"):
        nexus.write_nexus(result.run, result.image, tmp_path / "x.nxs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "shape", [(1, 1), (20, 30), (2**16, 2**14 - 1), (2**15, 2**15), (3, 2**29 + 7), (1, 2**31 - 1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_image_of_any_size_has_chunks_that_hdf5_takes(shape, dtype, tmp_path):
    chunk = nexus.chunk_of(shape, dtype)
    whole = shape[0] * shape[1] * np.dtype(dtype).itemsize < 2**32
    assert all(1 <= n <= m for n, m in zip(chunk, shape, strict=True)) and (chunk == shape) == whole
    with h5py.File(tmp_path / "x.h5", "w") as file:
        # no chunk is made before something is stored
        assert file.create_dataset("x", (2, *shape), dtype, chunks=(1, *chunk)).chunks == (1, *chunk)
