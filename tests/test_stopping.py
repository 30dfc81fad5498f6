"""Computations that would last for minutes end when they are interrupted, and the next one is as good as ever."""

import queue
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import nbport
from c_reference.cases import HERE
from nbport.compilation.loading import compiled
from nbport.errors import CancelledError
from nbport.system.stopping import Stop
from tests.interrupted import CASES, SMALL

LONGEST = 10.0  # s; far more than it takes, far less than the computations would
COMPILATION = 400.0  # s


class Child:
    """A process that runs `tests.interrupted`."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.interrupted"],
            cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def ask(self, case):
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()

    def line(self, seconds):
        return self.lines.get(timeout=seconds)

    def end(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def children():
    """At most one, which serves one case after the other as long as it answers."""
    alive = []
    yield alive
    for child in alive:
        child.end()


@pytest.mark.parametrize("case", CASES)
def test_interrupted_computation_ends_soon_and_the_next_image_is_right(case, children):
    child = children.pop() if children else Child()
    try:
        child.ask(case)
        assert child.line(COMPILATION) == "begin"
        if case != "event":
            time.sleep(0.5)
            child.process.send_signal(signal.SIGINT)
        try:
            how = child.line(LONGEST)
        except queue.Empty:
            pytest.fail(f"goes on for more than {LONGEST} s")
        assert how == ("CancelledError" if case == "event" else "KeyboardInterrupt")
        assert child.line(COMPILATION) == "same"
    except BaseException:
        child.end()
        raise
    children.append(child)


def set_event():
    event = threading.Event()
    event.set()
    return event


def test_event_that_is_set_already_ends_everything_before_it_begins():
    with pytest.raises(nbport.CancelledError):
        nbport.render(**SMALL, cancel=set_event())


def test_event_that_nobody_sets_changes_no_byte():
    cancel = threading.Event()
    assert nbport.render(**SMALL, cancel=cancel).image.tobytes() == nbport.render(**SMALL).image.tobytes()


def test_writing_that_is_cancelled_leaves_whole_files_only(tmp_path, monkeypatch):
    for name in ("whole", "part"):
        (tmp_path / name).mkdir()
    result = nbport.render(**SMALL)
    names = [path.name for path in result.write(tmp_path / "whole")]
    cancel = threading.Event()
    outputs = compiled("output.integers")
    noise_image = outputs.noise_image

    def cancelled_meanwhile(*arguments):
        cancel.set()
        return noise_image(*arguments)

    monkeypatch.setattr(outputs, "noise_image", cancelled_meanwhile)
    with pytest.raises(nbport.CancelledError):
        result.write(tmp_path / "part", cancel=cancel)
    left = {path.name: path.read_bytes() for path in (tmp_path / "part").iterdir()}
    assert sorted(left) == sorted(set(names) - {"noiseimage.img"})
    assert all((tmp_path / "whole" / name).read_bytes() == content for name, content in left.items())


def stopped():
    """As a computation sees it once somebody has stopped it."""
    stop = Stop(set_event())
    with pytest.raises(CancelledError):
        stop.check()
    return stop


def test_loops_of_the_set_up_end():
    mosaic, sources, sampling, hkl = (
        compiled(name) for name in ("setup.mosaic", "setup.sources", "setup.sampling", "formats.hkl")
    )
    table, axis = compiled("crules.random").new_table(), sampling.Axis(0.1, 0.01, 10)
    with pytest.raises(CancelledError):
        mosaic.mosaic_umats(0.1, 10, -1, table, stopped())
    with pytest.raises(CancelledError):
        sources.divergence_grid(axis, axis, False, stopped())
    with pytest.raises(CancelledError):
        hkl.read_hkl(str(HERE / "inputs" / "cube4.hkl"), 0.0, lambda *_: None, stop=stopped())
    turned, rotated, stop = np.zeros(3, np.int8), np.zeros((3, 9)), stopped()
    a, b, c = np.eye(3).tolist()
    mosaic.spindle_rotations(tuple(a), tuple(b), tuple(c), tuple(c), 0.1, 0.1, turned, rotated, stop.address)
    assert not turned.any()


def test_loops_over_a_finished_image_end():
    result, stop = nbport.render(**SMALL), stopped()
    g, image = result.run.scene.geometry, result.image.reshape(-1)
    statistics, outputs = compiled("rendering.statistics"), compiled("output.integers")
    assert statistics.sums(g, image, stop.address)[2] == 0
    assert statistics.squared_deviations(g, image, 0.0, stop.address)[1] == 0
    scaled, small = np.full(len(image), 7, np.uint16), np.full(len(image), 7, np.uint8)
    outputs.int_image(g, image, 1.0, 40.0, scaled, stop.address)
    outputs.pgm_image(g, image, 1.0, small, stop.address)
    assert (scaled == 7).all() and (small == 7).all()


def test_error_of_a_stoppable_function_is_raised():
    with pytest.raises(ZeroDivisionError):
        Stop().call(lambda: 1 / 0)


def test_function_that_returns_after_it_was_stopped_has_no_result():
    event = threading.Event()
    with pytest.raises(CancelledError):
        Stop(event).call(event.set)
