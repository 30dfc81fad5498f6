"""A series that is stopped, or whose processes die, ends with the images of an unbroken one."""

import os
import random
import shutil
import signal
import time
from collections import Counter

import numpy as np
import psutil
import pytest

from nbport.cli.nbport_command import main as nbport
from nbport.series.stack import PIXEL_TYPES
from tests.series import LONG_SPEC, SPEC, images, start, wait_for_images, workers


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Images of the long series, made without a break."""
    folder = tmp_path_factory.mktemp("unbroken")
    (folder / "spec.toml").write_text(LONG_SPEC)
    assert nbport(["series", str(folder / "spec.toml"), "-o", str(folder / "made"), "--jobs", "1"]) == 0
    return images(folder / "made")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the next series is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(LONG_SPEC)
    return tmp_path / "spec"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_stopped_series_goes_on(folder, unbroken, number, status):
    process = start("spec.toml", "--jobs", "2")
    wait_for_images(process, folder / "images.jsonl")
    rendering = workers(process)
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == status
    for worker in rendering:
        worker.wait(20)
    finished = (folder / "images.jsonl").read_bytes().count(b"\n")
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*_*")}
    if number == signal.SIGINT:
        assert errors.splitlines() == ["nbport series: interrupted; the same command goes on"]
        assert not list(folder.glob(".nbport-*"))
    (folder / ".nbport-left.tmp").write_bytes(b"half")
    again = start("spec.toml", "--jobs", "2")
    output, errors = again.communicate(timeout=100)
    assert (again.returncode, errors) == (0, "")
    assert f" {finished} were there; 0 failed" in output
    assert images(folder) == unbroken
    assert sum(path.stat().st_mtime_ns == time for path, time in kept.items()) >= 3 * finished
    assert not list(folder.glob(".nbport-*"))


def test_image_of_a_process_that_dies_is_made_by_another(folder, unbroken):
    process = start("spec.toml", "--jobs", "2")
    wait_for_images(process, folder / "images.jsonl")
    workers(process)[0].kill()
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (0, "")
    assert images(folder) == unbroken


def test_local_dask_cluster_survives_the_death_of_a_worker(folder, unbroken):
    pytest.importorskip("distributed")
    process = start("spec.toml", "--local-cluster", "2")
    wait_for_images(process, folder / "images.jsonl")
    rendering = workers(process)
    assert len(rendering) == 2
    rendering[0].kill()
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert images(folder) == unbroken
    assert "failed" not in errors and "Traceback" not in errors


# -- at random moments

SIDE, LARGE_IMAGES = 600, 12
LARGE_SPEC = SPEC.replace("distance_mm", "#").replace("images = 4", f"images = {LARGE_IMAGES}")
LARGE_SPEC = LARGE_SPEC.replace("detpixels = 32", f"detpixels = {SIDE}\nroi = [0, 99, 0, 99]").replace(
    "_mm = 3", "_mm = 0.2"
)


def stop_now(process, way):
    """As an impatient person, a batch system, or a machine without memory does it."""
    if way == "all killed":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal({"killed": signal.SIGKILL, "terminated": signal.SIGTERM, "interrupted": signal.SIGINT}[way])
    process.communicate(timeout=60)
    while any(session(pid) == process.pid for pid in psutil.pids()):
        time.sleep(0.01)  # its processes end when they find it gone


def session(pid):
    """Session of a process; None if it is gone."""
    try:
        return None if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else os.getsid(pid)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None


def check_what_is_there(folder, expected):
    """Every file under its final name is whole; says in which state the series is."""
    made = images(folder) if folder.exists() else {}
    assert made == {name: expected[name] for name in made}
    if (folder / "images.tsv").exists():
        assert len((folder / "images.tsv").read_text().splitlines()) == 1 + LARGE_IMAGES
    if not (folder / "images.h5").exists():
        return "some files" if made else "nothing yet"
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "images.h5") as stack:
        assert stack["table/finished"][:].all()
        for kind, dtype in PIXEL_TYPES.items():
            names = sorted(name for name in expected if name.startswith(kind))
            header = 0 if kind == "float" else 512
            frames = [np.frombuffer(expected[name], dtype, offset=header).reshape(SIDE, SIDE) for name in names]
            np.testing.assert_array_equal(stack[kind][:], frames)
    return "a stack and files" if made else "a stack"


def stop_at_random(tmp_path, monkeypatch, moments, hdf5):
    """Stop a series at random moments, again and again until it is finished; then begin another one.

    Returns how often each state was found, and how many series were finished.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(LARGE_SPEC)
    begin = time.monotonic()
    start("spec.toml", "-o", "whole", "--jobs", "2").communicate()
    seconds = time.monotonic() - begin
    expected = images(tmp_path / "whole")
    assert len(expected) == 3 * LARGE_IMAGES
    (tmp_path / "spec.toml").write_text(f"hdf5 = {str(hdf5).lower()}\n" + LARGE_SPEC)
    folder, draw, states, finished = tmp_path / "spec", random.Random(22), Counter(), 0
    for _ in range(moments):
        process = start("spec.toml", "--jobs", "2")
        journal = folder / "images.jsonl"
        if hdf5 and draw.random() < 0.5:  # most of the time is not that of the stack
            while process.poll() is None and not (
                journal.exists() and journal.read_bytes().count(b"\n") == LARGE_IMAGES
            ):
                time.sleep(0.002)
            time.sleep(draw.uniform(0.0, 0.3))
        else:
            time.sleep(draw.uniform(0.3, 1.1) * seconds)
        stop_now(process, draw.choice(("killed", "all killed", "terminated", "interrupted")))
        states[check_what_is_there(folder, expected)] += 1
        if process.returncode == 0:
            assert not list(folder.glob(".nbport-*"))
            finished += 1
            shutil.rmtree(folder)
    assert nbport(["series", "spec.toml", "--jobs", "2"]) == 0
    assert check_what_is_there(folder, expected) == ("a stack" if hdf5 else "some files")
    assert hdf5 or images(folder) == expected
    assert not list(folder.glob(".nbport-*"))
    return states, finished


@pytest.mark.parametrize("hdf5", [False, True])
def test_series_stopped_a_few_times_ends_as_an_unbroken_one(tmp_path, monkeypatch, hdf5):
    states, _ = stop_at_random(tmp_path, monkeypatch, 3, hdf5)
    assert states.total() == 3


@pytest.mark.slow
@pytest.mark.parametrize("hdf5", [False, True])
def test_series_stopped_at_many_moments_ends_as_an_unbroken_one(tmp_path, monkeypatch, hdf5):
    states, finished = stop_at_random(tmp_path, monkeypatch, 200, hdf5)
    print(f"200 stops: {dict(states)}; {finished} series were finished")
    assert states["some files"] > 20 and finished > 0
    assert not hdf5 or states["a stack"] + states["a stack and files"] > 0
