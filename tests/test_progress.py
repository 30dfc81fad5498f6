"""The bar on a terminal: on standard error only, and only where it is wanted and tqdm is there."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from nbport.cli.progress import progress_bar
from nbport.parameters import Parameters

LINE = "-cell 50 60 70 90 90 90 -default_F 100 -N 10 -seed 1 -detpixels 300 -oversample 2".split()
RUN = "import sys; from nbport import main, progress; progress.DELAY = 0.0\n{before}\nsys.exit(main.main())"


def run_on_terminal(folder, *options, before="", stdout=subprocess.PIPE):
    """Standard output and what a terminal as standard error shows."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(before=before), *LINE, *options],
        cwd=folder, stdout=inside if stdout is None else stdout, stderr=inside,
    )  # fmt: skip
    os.close(inside)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # its other end is closed
        pass
    text = process.stdout.read() if process.stdout else b""
    os.close(terminal)
    assert process.wait(60) == 0
    return text, shown


def test_bar_is_on_standard_error_and_standard_output_stays(tmp_path):
    with_bar, shown = run_on_terminal(tmp_path)
    assert b"nanoBragg:" in shown
    assert b"/300" in shown
    plain = subprocess.run(
        [sys.executable, "-c", RUN.format(before=""), *LINE], cwd=tmp_path, capture_output=True, check=True
    )
    assert with_bar == plain.stdout
    assert plain.stderr == b""


def test_terminal_that_shows_progress_lines_gets_no_bar(tmp_path):
    _, shown = run_on_terminal(tmp_path, stdout=None)
    assert b"% done" in shown
    assert b"/300" not in shown
    _, shown = run_on_terminal(tmp_path, "-noprogress", stdout=None)
    assert b"/300" in shown


def test_nothing_is_shown_without_tqdm(tmp_path):
    _, shown = run_on_terminal(tmp_path, before="sys.modules['tqdm'] = None")
    assert shown == b""


@pytest.mark.parametrize("roi", [(0, 9, 3, 5), (0, 9, 8, 20), (0, 9, 30, 40)])
def test_bar_ends_at_the_rows_that_are_rendered(monkeypatch, roi):
    import tqdm

    totals = []

    class Shown:
        def __init__(self, total, **_):
            totals.append(total)
            self.update = lambda rows: None

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(tqdm, "tqdm", Shown)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_bar(Parameters(roi=roi, fpixels=10, spixels=10)):
        pass
    assert totals == [len(range(max(roi[2], 0), min(roi[3] + 1, 10)))]
