"""HDF5 files on disks that fail: one error, and nothing left."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from c_reference.cases import HERE
from nbport.errors import OutputError
from nbport.system.hdf5 import Medium, new_hdf5

h5py = pytest.importorskip("h5py")
IMAGES = np.arange(20 * 50 * 50, dtype="<u4").reshape(20, 50, 50)
WHOLE = 400_000  # bytes of the file, at most


def write(path):
    with new_hdf5(path) as (file, medium):
        images = file.create_dataset("images", IMAGES.shape, IMAGES.dtype, chunks=(1, 50, 50))
        for i, image in enumerate(IMAGES):
            images[i] = image
            medium.check()
        for name in "abc":
            file[f"table/{name}"] = np.arange(1000)


def test_file_has_what_was_written(tmp_path):
    write(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(file["images"][:], IMAGES)
        np.testing.assert_array_equal(file["table/c"][:], np.arange(1000))
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]
    assert (tmp_path / "x.h5").stat().st_size < WHOLE


@pytest.mark.parametrize("room", [0, 1, 50, 96, 1000, 2048, 5000, 20_000, 100_000, 200_000, 210_000, 220_000, 225_000])
def test_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path, room):
    (tmp_path / "x.h5").write_bytes(b"before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(OutputError, match="x.h5: cannot write: File too large"):
            write(tmp_path / "x.h5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x.h5": b"before"}


@pytest.mark.parametrize("error", [ValueError("odd"), KeyboardInterrupt()])
def test_other_errors_leave_nothing(tmp_path, error):
    with pytest.raises(type(error)), new_hdf5(tmp_path / "x.h5") as (file, _):
        file["a"] = np.arange(10)
        raise error
    assert list(tmp_path.iterdir()) == []


def test_medium_remembers_what_the_disk_did_not_take(tmp_path):
    handle = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        medium = Medium(handle)
        assert medium.write(b"0123456") == 7
        medium.check()
        assert medium.write(b"789ABCDEF") == 9
        medium.seek(3)
        assert medium.write(b"xyz") == 3
        assert medium.truncate(30) == 30
        medium.seek(0)
        data = bytearray(20)
        assert medium.readinto(data) == 20
        assert data == b"012xyz6789ABCDEF\0\0\0\0"
        assert (medium.seek(-2, os.SEEK_CUR), medium.tell(), medium.seek(0, os.SEEK_END)) == (18, 18, 16)
        with pytest.raises(OSError, match="File too large"):
            medium.check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        os.close(handle)
    assert (tmp_path / "x").read_bytes() == b"0123456789"


SCENE = "-cell 50 60 70 90 90 90 -N 5 -detpixels 200 -pixel 0.2 -oversample 1 -default_F 100 -nonoise -nopgm".split()
SPEC = """
images = 6
hdf5 = true
write = ["int"]
options = "-cell 50 60 70 90 90 90 -N 5 -detpixels 100 -pixel 0.2 -oversample 1 -default_F 100"
vary.phi_deg = {start = 0, step = 1}
"""


@pytest.mark.parametrize(
    ("program", "line", "room", "left"),
    [
        (
            "cli.nanobragg_command",
            [*SCENE, "--nexus", "x.nxs", "-floatfile", "/dev/null", "-intfile", "/dev/null"],
            20_000,
            0,
        ),
        ("cli.nbport_command", ["series", "spec.toml", "--jobs", "1"], 50_000, 6),
    ],
)
def test_commands_say_one_line_and_keep_what_is_whole(tmp_path, program, line, room, left):
    (tmp_path / "spec.toml").write_text(SPEC)
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, resource.RLIM_INFINITY))\n"
        f"from nbport.{program} import main; sys.exit(main(sys.argv[1:]))"
    )
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code, *line], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode in (2, 9), done.stderr.decode()
    [error] = [x for x in done.stderr.decode().splitlines() if "compiling" not in x]
    assert error.endswith("cannot write: File too large")
    assert len(list(tmp_path.glob("spec/int_*.img"))) == left
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".h5", ".nxs", ".tmp")]
