"""A series that is stopped, or whose processes die, ends with the images of an unbroken one."""

import os
import signal

import pytest

from nbport.tools import main as nbport
from tests.series import LONG_SPEC, images, start, wait_for_images, workers


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
