"""`nbport series` on Dask: a scheduler that runs already, and none."""

import sys

import pytest

from nbport.cli.nbport_command import main as nbport
from nbport.series import dask_cluster
from tests.series import SPEC, images

distributed = pytest.importorskip("distributed")


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A description in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path


def test_workers_of_a_scheduler_make_the_same_images(spec):
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
        assert nbport(["series", "spec.toml", "--scheduler", cluster.scheduler_address]) == 0
    assert nbport(["series", "spec.toml", "-o", "alone", "--jobs", "1"]) == 0
    assert len(images(spec / "spec")) == 12
    assert images(spec / "spec") == images(spec / "alone")


def test_scheduler_that_does_not_answer_is_an_error(spec, capsys, monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.5)
    assert nbport(["series", "spec.toml", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    found = capsys.readouterr().err
    assert found.count("\n") == 1 and "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers" in found


def test_missing_dask_is_said(spec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert nbport(["series", "spec.toml", "--local-cluster"]) == 2
    assert capsys.readouterr().err == "nbport series: error: Dask is not installed: pip install 'nbport[series]'\n"
