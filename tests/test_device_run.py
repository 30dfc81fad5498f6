"""A device that fails on its way: one line, or the CPU instead, which says nothing twice."""

from dataclasses import replace

import numpy as np
import pytest

import nbport.cli.nanobragg_command
from nbport.cli.nanobragg_command import main
from nbport.compilation.loading import compiled
from nbport.errors import DeviceError
from nbport.gpu.choice import open_device

driver = compiled("rendering.rows")
tiles = compiled("gpu.tiles")

IMAGE = ["-cell", "50", "51", "52", "90", "90", "90", "-default_F", "10", "-N", "5", "-oversample", "1",
         "-lambda", "1.2", "-detpixels", "48", "-distance", "60", "-seed", "1"]  # fmt: skip


class Failing(tiles.BodyOnCpu):
    """Stops working at its third launch, half an image later than it began."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.launches = 0

    def launch(self, place, interpolate):
        self.launches += 1
        if self.launches == 3:
            raise DeviceError("the GPU stopped working")
        return super().launch(place, interpolate)


@pytest.fixture
def failing(monkeypatch):
    """Lets the command find such a device."""

    def find(optional):
        def opened(name, warn, *precision):
            if name == "cpu":
                return None
            return replace(open_device("cpu-body", warn, *precision), make_launcher=Failing, optional=optional)

        monkeypatch.setattr(nbport.cli.nanobragg_command, "open_device", opened)

    return find


def outcome(folder, device, monkeypatch, capsys):
    folder.mkdir()
    monkeypatch.chdir(folder)
    status = main(["--device", device, *IMAGE])
    return status, {path.name: path.read_bytes() for path in folder.iterdir()}, capsys.readouterr()


def test_optional_device_that_fails_leaves_the_run_to_the_cpu(tmp_path, failing, monkeypatch, capsys):
    failing(optional=True)
    status, files, said = outcome(tmp_path / "auto", "auto", monkeypatch, capsys)
    exact = outcome(tmp_path / "cpu", "cpu", monkeypatch, capsys)
    assert (status, files) == exact[:2]
    # progress included
    assert said.out == exact[2].out
    assert "warning: --device auto renders on the CPU: the GPU stopped working" in said.err


def test_device_that_was_asked_for_and_fails_is_one_line(tmp_path, failing, monkeypatch, capsys):
    failing(optional=False)
    status, files, said = outcome(tmp_path / "cuda", "cuda", monkeypatch, capsys)
    assert (status, files) == (9, {})
    assert [line for line in said.err.splitlines() if "compiling" not in line] == [
        "nanoBragg: error: the GPU stopped working"
    ]


def test_image_with_a_nan_is_rendered_again_by_all_threads(monkeypatch):
    monkeypatch.chdir("/")
    from tests.scenes import scene_of

    scene = scene_of("-cell 50 60 70 -default_F 10 -N 5 -detpixels 14 -lambda 1 -distance 50 -dump /nonexistent")
    used = []
    run_ahead = driver._run_ahead
    monkeypatch.setattr(driver, "_run_ahead", lambda *a: (used.append(a[3]), run_ahead(*a))[1])

    def nothing_but_nan(first, last, scene, state, image, *_):
        image[first * 14 : last * 14] = np.nan

    image, _ = driver.run_rows(nothing_but_nan, scene, 3, False, lambda *_: None, in_order=True)
    assert used == [3]
    assert not np.isnan(image).any()
