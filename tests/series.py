"""What the tests of `nbport series` share: a description, its images, and the command as a process."""

import os
import subprocess
import sys
import time

import psutil

from c_reference.cases import HERE, INPUTS

ROOT = HERE.parent

SPEC = f"""
images = 4
write = ["float", "int", "noise"]

[options]
hkl = "{INPUTS / "1orc_P1.hkl"}"
cell = [34.77, 39.17, 48.31, 90, 90, 90]
N = 5
mosaic_deg = 0.5
mosaic_domains = 3
detpixels = 32
pixel_mm = 3
osc_deg = 1
phisteps = 2
fluence_photons_per_m2 = 1e27
oversample = 1

[vary]
misset_deg = "random"
wavelength_A = {{normal = [1.0, 0.01]}}
phi_deg = {{start = 0, step = 1}}
distance_mm = [100, 120, 140, 160]
"""
# long enough to be stopped on the way
MANY = 40
LONG_SPEC = SPEC.replace("distance_mm", "#").replace("images = 4", f"images = {MANY}")
LONG_SPEC = LONG_SPEC.replace("domains = 3", "domains = 60").replace("detpixels = 32", "detpixels = 100")

COMMAND = [sys.executable, "-c", "import sys; from nbport.cli.nbport_command import main; sys.exit(main())", "series"]


def images(folder):
    """Contents of the images by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if "_0" in path.name}


def start(*arguments):
    """The command as a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*COMMAND, *arguments], env=environment, start_new_session=True, **streams)


def wait_for_images(process, journal, number=3):
    """Until so many images are finished and the series is not."""
    while not journal.exists() or journal.read_bytes().count(b"\n") < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    assert process.poll() is None and journal.read_bytes().count(b"\n") < MANY


def workers(process):
    """Processes that render for it."""
    children = psutil.Process(process.pid).children(recursive=True)
    # Dask's take another name if setproctitle is installed
    titles = ("spawn_main", "dask worker")
    return [child for child in children if any(title in " ".join(child.cmdline()) for title in titles)]
