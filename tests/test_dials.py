"""DIALS, where it is installed, imports the files and finds the geometry of the trace.

Debian has it as the package `dials`; the tests of `nxmx`, the parser that DIALS uses, run everywhere.
"""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from nbport.output import exports, nexus
from tests.exported import EXPOSURE, FAST, OSC, PHI, PIXEL, SLOW, THICKNESS, WAVELENGTH, known

pytest.importorskip("h5py")
pytestmark = pytest.mark.skipif(
    shutil.which("dials.import") is None, reason="DIALS is not installed: no file here was imported by DIALS itself"
)
NEXUS = {
    "mosflm": ("mosflm", "facing", "-detector_thick 0"),
    "mosflm_tilted": ("mosflm", "both"),
    "xds_tilted": ("xds", "both"),
    "adxv_tilted": ("adxv", "both"),
    "custom_tilted": ("custom", "both"),
}


def imported(files, folder):
    """The experiments that DIALS makes of files, by the names of the files without their ends."""
    # DIALS is a program of the system's Python, not of this environment's
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = ["dials.import", *map(str, files), "output.experiments=all.expt"]
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    models = json.loads((folder / "all.expt").read_text())
    found = {}
    for experiment in models["experiment"]:
        parts = {kind: models[kind][experiment[kind]] for kind in ("beam", "detector", "scan", "goniometer")}
        name = models["imageset"][experiment["imageset"]]["template"].rsplit("/", 1)[-1].split(".")[0]
        found[name] = parts
    return found


def panel_of(experiment):
    [panel] = experiment["detector"]["panels"]
    return panel


def to_dials(convention):
    """The rotation into the frame of DIALS: the source along z, the E vector along x, y completes it."""
    z, x = -np.array(convention.beam), np.array(convention.E_vector)
    return np.array([x, np.cross(z, x), z])


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    """Of all files at once, because DIALS takes seconds to start."""
    folder = tmp_path_factory.mktemp("dials")
    for name, chosen in NEXUS.items():
        result = known(*chosen).result
        nexus.write_nexus(result.run, result.image, folder / f"{name}.nxs")
    result = known("mosflm").result
    phi = [PHI, PHI + OSC, PHI + 2 * OSC]
    nexus.write_nexus(result.run, [result.image] * 3, folder / "stack.nxs", phi_deg=phi)
    exports.write_cbf(result.run, result.image, folder / "cbf_0001.cbf")
    return imported(sorted(folder.iterdir()), folder)


@pytest.mark.parametrize("name", NEXUS)
def test_pixels_of_a_nexus_file_are_where_the_trace_has_them(name, experiments):
    run, panel = known(*NEXUS[name]), panel_of(experiments[name])
    turn = to_dials(run.convention)
    assert panel["image_size"] == [FAST, SLOW]
    origin, fast, slow = (np.array(panel[key]) for key in ("origin", "fast_axis", "slow_axis"))
    for (slow_pixel, fast_pixel), position in run.positions.items():
        x, y = ((pixel + 0.5) * size for pixel, size in zip((fast_pixel, slow_pixel), panel["pixel_size"], strict=True))
        np.testing.assert_allclose(origin + x * fast + y * slow, 1e3 * turn @ position, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", NEXUS)
def test_beam_spindle_and_scan_of_a_nexus_file_are_those_of_the_options(name, experiments):
    run, experiment = known(*NEXUS[name]), experiments[name]
    beam, scan, goniometer = experiment["beam"], experiment["scan"], experiment["goniometer"]
    assert beam["direction"] == [0.0, 0.0, 1.0] and beam["wavelength"] == pytest.approx(WAVELENGTH)
    spindle = to_dials(run.convention) @ run.convention.spindle
    np.testing.assert_allclose(goniometer["rotation_axis"], spindle, rtol=0, atol=1e-12)
    assert scan["oscillation"] == pytest.approx([PHI, OSC])
    assert scan["image_range"] == [1, 1] and scan["exposure_time"] == [EXPOSURE]
    panel = panel_of(experiment)
    assert panel["material"] == "Si"
    thickness = 1e-9 if name == "mosflm" else THICKNESS
    assert panel["thickness"] == pytest.approx(1e3 * thickness)
    # what is above the underload by at least 1 and up to the largest float is trusted
    assert panel["trusted_range"] == pytest.approx([-1.0, 3.4028234663852886e38])


def test_scan_of_several_images_has_all_of_them(experiments):
    scan = experiments["stack"]["scan"]
    assert scan["image_range"] == [1, 3] and scan["oscillation"] == pytest.approx([PHI, OSC])


def test_mini_cbf_of_a_detector_that_faces_the_beam_has_the_same_pixels(experiments):
    run, experiment = known("mosflm"), experiments["cbf_####"]
    panel, turn = panel_of(experiment), to_dials(run.convention)
    origin, fast, slow = (np.array(panel[key]) for key in ("origin", "fast_axis", "slow_axis"))
    assert panel["pixel_size"] == pytest.approx([1e3 * PIXEL] * 2)
    for (slow_pixel, fast_pixel), position in run.positions.items():
        found = origin + 1e3 * PIXEL * ((fast_pixel + 0.5) * fast + (slow_pixel + 0.5) * slow)
        np.testing.assert_allclose(found, 1e3 * turn @ position, rtol=0, atol=1e-9)
    assert experiment["scan"]["oscillation"] == pytest.approx([PHI, OSC])
    assert experiment["beam"]["wavelength"] == pytest.approx(WAVELENGTH)
