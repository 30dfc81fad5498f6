"""Every field of a NeXus file means what the run had: computed from the options and the trace, never by the writer."""

import numpy as np
import pytest

from nbport import __version__
from nbport.output import nexus
from tests.exported import (
    BEAM_SIZE,
    CONVENTIONS,
    EXPOSURE,
    FAST,
    FLUX,
    KAHN,
    OSC,
    PHI,
    PIXEL,
    SLOW,
    THICKNESS,
    TILTS,
    WAVELENGTH,
    chain,
    documented,
    known,
    place,
)

h5py = pytest.importorskip("h5py")

FLOAT_MAX = 3.4028234663852886e38


def to_file(convention):
    """The rotation into the frame of McStas: the beam along z, the E vector along -x; y completes it."""
    z, minus_x = np.array(convention.beam), np.array(convention.E_vector)
    return np.array([-minus_x, np.cross(z, -minus_x), z])


def written(run, path):
    nexus.write_nexus(run.result.run, run.result.image, path)
    return h5py.File(path)


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_chain_of_transformations_leads_to_the_pixels_of_the_trace(name, tilt, tmp_path):
    run = known(name, tilt)
    turn = to_file(run.convention)
    with written(run, tmp_path / "x.nxs") as file:
        for (slow, fast), position in run.positions.items():
            found = place(file, slow + 0.5, fast + 0.5)
            np.testing.assert_allclose(found, turn @ position, rtol=0, atol=1e-15)
        detector = file["/entry/instrument/detector"]
        # the corner of the first pixel, by the path that the detector itself names
        corner = chain(file, detector, detector["depends_on"].asstr()[()])[:3, 3]
        np.testing.assert_allclose(corner, turn @ run.plane()[0], rtol=0, atol=1e-15)


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_distance_and_beam_centre_are_where_the_beam_meets_the_detector(name, tilt, tmp_path):
    run = known(name, tilt)
    fast, slow, distance = run.beam_meets()
    with written(run, tmp_path / "x.nxs") as file:
        detector = file["/entry/instrument/detector"]
        assert detector["distance"][()] == pytest.approx(distance, rel=1e-12)
        assert detector["beam_center_x"][()] == pytest.approx(fast, rel=1e-12)
        assert detector["beam_center_y"][()] == pytest.approx(slow, rel=1e-12)
        # on the z axis, which is the beam
        np.testing.assert_allclose(place(file, slow, fast), (0, 0, distance), rtol=0, atol=1e-15)


@pytest.mark.parametrize("kahn", ["-polar 0.8", "-polar -0.6", "-polar 0"])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_stokes_parameters_give_the_polarization_factor_of_the_trace(name, kahn, tmp_path):
    run = known(name, "both", kahn)
    with written(run, tmp_path / "x.nxs") as file:
        I, Q, U, V = file["/entry/instrument/beam/incident_polarization_stokes"][()]
        assert (I, V) == (1.0, 0.0)
        for (slow, fast), factor in run.polarization.items():
            x, y, z = place(file, slow + 0.5, fast + 0.5)
            sin_sqr = (x * x + y * y) / (x * x + y * y + z * z)
            azimuth = np.arctan2(y, x)
            linear = Q * np.cos(2 * azimuth) + U * np.sin(2 * azimuth)
            assert (2 - sin_sqr - linear * sin_sqr) / 2 == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_spindle_is_that_of_the_convention_and_carries_the_crystal_as_the_trace_does(name, tmp_path):
    run = known(name, "both")
    turn = to_file(run.convention)
    with written(run, tmp_path / "x.nxs") as file:
        omega = file[file["/entry/sample/depends_on"].asstr()[()]]
        assert omega.attrs["transformation_type"] == "rotation" and omega.attrs["units"] == "deg"
        np.testing.assert_allclose(omega.attrs["vector"], turn @ run.convention.spindle, rtol=0, atol=1e-15)
        carried = chain(file, omega.parent, omega.name)[:3, :3]
    scene = run.result.run.scene.crystal
    for before, after in zip((scene.a0, scene.b0, scene.c0), scene.rotated[0].reshape(3, 3), strict=True):
        # the first step of the scan is where it starts
        np.testing.assert_allclose(carried @ turn @ before, turn @ after, rtol=1e-12, atol=1e-20)


FLUENCE = FLUX * EXPOSURE / BEAM_SIZE**2
LABELS = {
    "/entry/definition": "NXmx",
    "/entry/title": "simulated diffraction",
    "/entry/program_name": "nbport",
    "/entry/source/name": "simulation",
    "/entry/source/type": "Synchrotron X-ray Source",
    "/entry/source/probe": "x-ray",
    "/entry/instrument/name": "nanoBragg",
    "/entry/instrument/beam/profile": "rectangular",
    "/entry/instrument/detector/description": "simulated, photons as 32-bit floats",
    "/entry/instrument/detector/type": "PIXEL",
    "/entry/instrument/detector/sensor_material": "Si",
    "/entry/instrument/detector/depends_on": "/entry/instrument/detector/transformations/translation",
    "/entry/sample/name": "crystal",
    "/entry/sample/depends_on": "/entry/sample/transformations/omega",
}
QUANTITIES = {
    "beam/incident_wavelength": (WAVELENGTH, "angstrom"),
    "beam/fluence": (FLUENCE, "1/m^2"),
    "beam/total_flux": (FLUX, "Hz"),
    "beam/incident_beam_size": ([BEAM_SIZE, BEAM_SIZE], "m"),
    "beam/incident_polarization_stokes": ([1.0, KAHN, 0.0, 0.0], None),
    "detector/sensor_thickness": (THICKNESS, "m"),
    "detector/x_pixel_size": (PIXEL, "m"),
    "detector/y_pixel_size": (PIXEL, "m"),
    "detector/count_time": (EXPOSURE, "s"),
    "detector/frame_time": (EXPOSURE, "s"),
    "detector/underload_value": (0.0, None),
    "detector/saturation_value": (FLOAT_MAX, None),
    "detector/module/data_origin": ([0, 0], None),
    "detector/module/data_size": ([SLOW, FAST], None),
    "detector/module/fast_pixel_direction": (PIXEL, "m"),
    "detector/module/slow_pixel_direction": (PIXEL, "m"),
    "detector/pixel_mask": (np.zeros((SLOW, FAST)), None),
}
ROTATION = {"omega": ([PHI], "deg"), "omega_end": ([PHI + OSC], "deg")}
CLASSES = {
    ".": "NXentry",
    "source": "NXsource",
    "instrument": "NXinstrument",
    "instrument/beam": "NXbeam",
    "instrument/detector": "NXdetector",
    "instrument/detector/transformations": "NXtransformations",
    "instrument/detector/module": "NXdetector_module",
    "sample": "NXsample",
    "sample/transformations": "NXtransformations",
    "data": "NXdata",
}


def test_no_field_is_without_a_meaning(tmp_path):
    run = known("xds", "both")
    fast, slow, distance = run.beam_meets()
    expected = {f"/entry/instrument/{name}": known_value for name, known_value in QUANTITIES.items()}
    expected |= {f"/entry/sample/transformations/{name}": known_value for name, known_value in ROTATION.items()}
    detector = "/entry/instrument/detector"
    expected |= {
        f"{detector}/distance": (distance, "m"),
        f"{detector}/beam_center_x": (fast, "pixel"),
        f"{detector}/beam_center_y": (slow, "pixel"),
        f"{detector}/transformations/translation": ([np.linalg.norm(run.plane()[0])], "m"),
        "/entry/data/data": (run.result.image[None], "photons"),
    }
    fields = {}
    with written(run, tmp_path / "x.nxs") as file:
        file.visititems(
            lambda path, item: fields.update({"/" + path: item}) if isinstance(item, h5py.Dataset) else None
        )
        assert set(fields) == {*LABELS, *expected}
        assert {path: fields[path].asstr()[()] for path in LABELS} == LABELS
        for path, (value, units) in expected.items():
            assert fields[path].attrs.get("units") == units, path
            np.testing.assert_allclose(fields[path][()], value, rtol=1e-12, err_msg=path)
        assert file["/entry/definition"].attrs["version"] == "1.0"
        assert file["/entry/program_name"].attrs["version"] == __version__
        assert file.attrs["default"] == "entry" and file["/entry"].attrs["default"] == "data"
        assert file["/entry/data"].attrs["signal"] == "data"
        assert {group: file[f"/entry/{group}"].attrs["NX_class"] for group in CLASSES} == CLASSES


def test_documentation_lists_every_field_and_its_unit(tmp_path):
    run = known("mosflm", "facing", "-dispersion 10 -dispsteps 3")
    found = {}

    def collect(path, item):
        if isinstance(item, h5py.Dataset):
            found[path] = item.attrs.get("units", "-")

    with written(run, tmp_path / "x.nxs") as file:
        file["/entry"].visititems(collect)
    assert documented("NeXus") == found


def test_what_was_not_simulated_is_left_out(tmp_path):
    run = known("mosflm", "facing", "-nopolar -flux 0 -fluence 1e20")
    with written(run, tmp_path / "x.nxs") as file:
        beam = file["/entry/instrument/beam"]
        assert set(beam) == {"incident_wavelength", "fluence"}
        assert beam["fluence"][()] == 1e20


def test_sensor_without_thickness_is_a_surface_of_one_nanometre(tmp_path):
    run = known("mosflm", "facing", "-detector_thick 0")
    with written(run, tmp_path / "x.nxs") as file:
        thickness = file["/entry/instrument/detector/sensor_thickness"]
        assert thickness[()] == 1e-9 and thickness.attrs["units"] == "m"


@pytest.mark.parametrize("name", CONVENTIONS)
def test_nxmx_reads_the_same_geometry_beam_and_scan(name, tmp_path):
    nxmx = pytest.importorskip("nxmx")
    run = known(name, "both")
    turn = to_file(run.convention)
    corner, fast, slow = (turn @ vector for vector in run.plane())
    with written(run, tmp_path / "x.nxs") as file:
        [entry] = nxmx.NXmx(file).entries
        detector, beam = entry.instruments[0].detectors[0], entry.instruments[0].beams[0]
        [module] = detector.modules
        found = nxmx.get_cumulative_transformation(nxmx.get_dependency_chain(module.fast_pixel_direction.depends_on))
        np.testing.assert_allclose(found[0, :3, 3], 1e3 * corner, rtol=0, atol=1e-12)
        for axis, step in ((module.fast_pixel_direction, fast), (module.slow_pixel_direction, slow)):
            np.testing.assert_allclose(axis[()].to("m").magnitude * axis.vector, step, rtol=0, atol=1e-16)
        assert detector.sensor_thickness.to("m").magnitude == pytest.approx(THICKNESS)
        assert detector.frame_time.to("s").magnitude == EXPOSURE and detector.count_time.to("s").magnitude == EXPOSURE
        assert (float(detector.underload_value), float(detector.saturation_value)) == (0.0, FLOAT_MAX)
        assert detector.distance.to("m").magnitude == pytest.approx(run.beam_meets()[2], rel=1e-12)
        assert beam.incident_wavelength.to("angstrom").magnitude == pytest.approx(WAVELENGTH)
        assert beam.flux is None and beam.total_flux.to("Hz").magnitude == FLUX
        assert beam.incident_beam_size.to("m").magnitude.tolist() == [BEAM_SIZE, BEAM_SIZE]
        omega = entry.samples[0].depends_on
        assert omega[()].to("deg").magnitude.tolist() == pytest.approx([PHI])
        assert omega.end[()].to("deg").magnitude.tolist() == pytest.approx([PHI + OSC])
        assert (module.data_origin.tolist(), module.data_size.tolist()) == ([0, 0], [SLOW, FAST])
        assert detector.sensor_material == "Si"
        assert entry.data[0].signal == "data" and entry.definition == "NXmx"
