"""Every field of a CBF, EDF or TIFF header means what the run had: computed from the options and the trace."""

import re
import warnings

import fabio
import numpy as np
import pytest

from nbport import __version__
from nbport.output import exports
from tests.exported import CONVENTIONS, EXPOSURE, KAHN, OSC, PHI, PIXEL, THICKNESS, TILTS, WAVELENGTH, documented, known

FLOATS = {"edf": exports.write_edf, "tif": exports.write_tiff}
VECTORS = ("pix0", "fdet", "sdet", "odet", "beam", "spindle", "polar")
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
# of the run; rotations about the axes of the detector are no two-theta
TWO_THETA = {"facing": 0.0, "tilted": 0.0, "two-theta": 20.0, "both": 20.0}


def header_of(write, run, path):
    """What fabio reads of a header: its keys and values."""
    write(run.result.run, run.result.image, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fabio.open(str(path)) as image:
            return dict(image.header)


def cbf_lines(run, path):
    """Keyword and rest of every line of a mini-CBF header."""
    contents = header_of(exports.write_cbf, run, path)["_array_data.header_contents"]
    return dict(re.fullmatch(r"# ([\w]+):? ?(.*)", line).groups() for line in contents.splitlines())


def float_items(ending, run, path):
    """Keys and values of an EDF or TIFF header."""
    header = header_of(FLOATS[ending], run, path)
    if ending == "tif":
        assert header["software"] == f"nbport {__version__}"
        return dict(line.split("=", 1) for line in header["imageDescription"].splitlines())
    return {key: header[key] for key in header if key in ("Title", *NUMBERS) or key.startswith("nbport_")}


def numbers(text):
    return [float(x) for x in NUMBER.findall(text)]


def approx(*values):
    return pytest.approx(values, rel=1e-12, abs=1e-15)


def assert_vectors_are_those_of_the_trace(items, pixel_size, run):
    """The position of every pixel in nanoBragg's own frame, tilts included, and the directions."""
    vectors = {name: np.array(numbers(items[f"nbport_{name}_vector"])) for name in VECTORS}
    for (slow, fast), position in run.positions.items():
        steps = (fast + 0.5) * vectors["fdet"] + (slow + 0.5) * vectors["sdet"]
        np.testing.assert_allclose(vectors["pix0"] + pixel_size * steps, position, rtol=0, atol=1e-16)
    handed = np.cross(vectors["fdet"], vectors["sdet"]) @ vectors["odet"]
    # only ADXV's axes are a mirror image
    chosen = run.convention
    mirrored = chosen == CONVENTIONS["adxv"]
    assert handed == pytest.approx(-1.0 if mirrored else 1.0)
    for name, expected in (("beam", chosen.beam), ("spindle", chosen.spindle), ("polar", chosen.E_vector)):
        np.testing.assert_allclose(vectors[name], expected, rtol=0, atol=1e-15)


# -- mini-CBF


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_line_of_a_mini_cbf_means_what_the_run_had(name, tilt, tmp_path):
    run = known(name, tilt)
    fast, slow, distance = run.beam_meets()
    lines = cbf_lines(run, tmp_path / "x.cbf")
    assert lines.pop("Detector") == f"GENERIC, simulated by nbport {__version__}"
    vectors = {key: lines.pop(f"nbport_{key}_vector") for key in VECTORS}
    assert_vectors_are_those_of_the_trace({f"nbport_{key}_vector": vectors[key] for key in VECTORS}, PIXEL, run)
    expected = {
        "Pixel_size": ("{} m x {} m", (PIXEL, PIXEL)),
        "Silicon": ("sensor, thickness {} m", (THICKNESS,)),
        "Exposure_time": ("{} s", (EXPOSURE,)),
        "Exposure_period": ("{} s", (EXPOSURE,)),
        "Count_cutoff": ("{} counts", (2**31 - 1,)),
        "Wavelength": ("{} A", (WAVELENGTH,)),
        # of a tilted detector too: along the beam, to where it meets the detector
        "Detector_distance": ("{} m", (distance,)),
        "Beam_xy": ("({}, {}) pixels", (fast, slow)),
        "Start_angle": ("{} deg.", (PHI,)),
        "Angle_increment": ("{} deg.", (OSC,)),
        "Detector_2theta": ("{} deg.", (TWO_THETA[tilt],)),
        # of the intensity, what is polarized along the E vector
        "Polarization": ("{}", ((1 + KAHN) / 2,)),
        "nbport_scale": ("{} counts a photon", (1.0,)),
    }
    assert set(lines) == set(expected)
    for key, (form, values) in expected.items():
        assert re.fullmatch(re.escape(form).replace(r"\{\}", NUMBER.pattern), lines[key]), (key, lines[key])
        found = [x for x in numbers(lines[key].replace("deg.", "deg"))]
        assert tuple(found) == approx(*values), (key, lines[key])


@pytest.mark.parametrize("name", CONVENTIONS)
def test_pixels_of_a_mini_cbf_whose_detector_faces_the_beam_are_those_of_the_trace(name, tmp_path):
    """From beam centre, distance and pixel size alone; the frame has x fast, y slow and z along the beam."""
    run = known(name)
    lines = cbf_lines(run, tmp_path / "x.cbf")
    (distance,), (size_x, size_y) = numbers(lines["Detector_distance"]), numbers(lines["Pixel_size"])
    beam_x, beam_y = numbers(lines["Beam_xy"])
    _, fast_step, slow_step = run.plane()
    axes = (fast_step / PIXEL, slow_step / PIXEL, run.convention.beam)
    for (slow, fast), position in run.positions.items():
        x, y = (fast + 0.5 - beam_x) * size_x, (slow + 0.5 - beam_y) * size_y
        np.testing.assert_allclose(np.array([x, y, distance]), np.array(axes) @ position, rtol=0, atol=1e-15)


@pytest.mark.parametrize("tilt", ["tilted", "two-theta", "both"])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_distance_and_beam_centre_of_a_tilted_detector_are_a_point_on_the_beam(name, tilt, tmp_path):
    """All that a mini-CBF or an EDF says of a tilt in keywords that others read; the rest is in the vectors."""
    run = known(name, tilt)
    corner, fast_step, slow_step = run.plane()
    lines = cbf_lines(run, tmp_path / "x.cbf")
    items = float_items("edf", run, tmp_path / "x.edf")
    (distance,), (fast, slow) = numbers(lines["Detector_distance"]), numbers(lines["Beam_xy"])
    assert (float(items["SampleDistance"]), float(items["Center_1"]), float(items["Center_2"])) == (
        distance,
        fast,
        slow,
    )
    point = corner + fast * fast_step + slow * slow_step
    np.testing.assert_allclose(point, distance * np.array(run.convention.beam), rtol=0, atol=1e-15)


@pytest.mark.parametrize("kahn", ["1", "0.8", "0", "-1"])
def test_polarization_of_a_mini_cbf_gives_the_factor_of_the_trace(kahn, tmp_path):
    run = known("mosflm", "both", f"-polar {kahn}")
    lines = cbf_lines(run, tmp_path / "x.cbf")
    [fraction] = numbers(lines["Polarization"])
    E_vector, beam = np.array(run.convention.E_vector), np.array(run.convention.beam)
    B_vector = np.cross(beam, E_vector)
    assert numbers(lines["nbport_polar_vector"]) == E_vector.tolist()
    for pixel, factor in run.polarization.items():
        direction = run.positions[pixel] / np.linalg.norm(run.positions[pixel])
        # a dipole along E and one along B, neither of which radiates along itself
        radiated = fraction * (1 - (direction @ E_vector) ** 2) + (1 - fraction) * (1 - (direction @ B_vector) ** 2)
        assert radiated == pytest.approx(factor, rel=1e-12)


def test_mini_cbf_leaves_out_what_was_not_simulated(tmp_path):
    with_all = set(cbf_lines(known("mosflm"), tmp_path / "a.cbf"))
    without = set(cbf_lines(known("mosflm", "facing", "-nopolar -detector_thick 0"), tmp_path / "b.cbf"))
    assert with_all - without == {"Polarization", "Silicon"} and without < with_all


def test_fabio_reads_the_same_numbers_from_a_mini_cbf(tmp_path):
    from fabio.cbfimage import PilatusHeader

    run = known("xds", "both")
    fast, slow, distance = run.beam_meets()
    header = PilatusHeader(header_of(exports.write_cbf, run, tmp_path / "x.cbf")["_array_data.header_contents"])
    assert header["Detector_distance"] == pytest.approx(distance, rel=1e-12)
    assert header["Beam_xy"] == approx(fast, slow)
    assert header["Pixel_size"] == (PIXEL, PIXEL)
    assert header["Wavelength"] == pytest.approx(WAVELENGTH) and header["Exposure_time"] == EXPOSURE
    assert header["Start_angle"] == pytest.approx(PHI) and header["Angle_increment"] == pytest.approx(OSC)
    assert header["Count_cutoff"] == 2**31 - 1 and header["Polarization"] == pytest.approx((1 + KAHN) / 2)


def test_documentation_lists_every_line_of_a_mini_cbf_and_its_unit(tmp_path):
    lines = cbf_lines(known("mosflm"), tmp_path / "x.cbf")
    units = documented("CBF")
    assert set(units) == set(lines)
    for key, unit in units.items():
        after_numbers = set(re.findall(r"\d\)? ([A-Za-z]+\.?)(?! x)", lines[key])) - {"x"}
        assert after_numbers == (set() if unit == "-" else {unit}), key


# -- EDF and TIFF

NUMBERS = (
    "WaveLength", "SampleDistance", "PSize_1", "PSize_2", "Center_1", "Center_2", "nbport_phi_deg", "nbport_osc_deg",
)  # fmt: skip


@pytest.mark.parametrize("ending", FLOATS)
@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_item_of_an_edf_or_tiff_means_what_the_run_had(name, tilt, ending, tmp_path):
    run = known(name, tilt)
    fast, slow, distance = run.beam_meets()
    items = float_items(ending, run, tmp_path / f"x.{ending}")
    assert set(items) == {"Title", *NUMBERS, *(f"nbport_{key}_vector" for key in VECTORS)}
    assert items["Title"] == f"photons, simulated by nbport {__version__}"
    expected = (1e-10 * WAVELENGTH, distance, PIXEL, PIXEL, fast, slow, PHI, OSC)
    assert tuple(float(items[key]) for key in NUMBERS) == approx(*expected)
    assert_vectors_are_those_of_the_trace(items, float(items["PSize_1"]), run)


@pytest.mark.parametrize("ending", FLOATS)
def test_documentation_lists_every_item_of_an_edf_or_tiff(ending, tmp_path):
    units = documented("EDF and TIFF")
    assert set(units) == set(float_items(ending, known("mosflm"), tmp_path / f"x.{ending}"))
    # these are what the values were compared with: 1e-10 of an Angstrom, m, and pixels
    lengths = {"WaveLength", "SampleDistance", "PSize_1", "PSize_2", "nbport_pix0_vector"}
    assert {key for key in units if units[key] == "m"} == lengths
    assert {key for key in units if units[key] == "pixels"} == {"Center_1", "Center_2"}
    assert {key for key in units if units[key] == "deg"} == {"nbport_phi_deg", "nbport_osc_deg"}


@pytest.mark.parametrize("ending", FLOATS)
@pytest.mark.parametrize("name", CONVENTIONS)
def test_pixels_of_an_edf_or_tiff_whose_detector_faces_the_beam_are_those_of_the_trace(name, ending, tmp_path):
    """From the keys of the ESRF alone: metres from the beam centre along rows and columns, and along the beam."""
    run = known(name)
    item = {
        key: float(text) for key, text in float_items(ending, run, tmp_path / f"x.{ending}").items() if key in NUMBERS
    }
    _, fast_step, slow_step = run.plane()
    axes = np.array((fast_step / PIXEL, slow_step / PIXEL, run.convention.beam))
    for (slow, fast), position in run.positions.items():
        x = (fast + 0.5 - item["Center_1"]) * item["PSize_1"]
        y = (slow + 0.5 - item["Center_2"]) * item["PSize_2"]
        np.testing.assert_allclose([x, y, item["SampleDistance"]], axes @ position, rtol=0, atol=1e-15)
