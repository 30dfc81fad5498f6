"""Signals and broken streams: the command ends at once, in silence where nobody listens, and leaves whole files."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from nbport.system.files import TEMPORARY_PREFIX
from nbport.system.process import one_line

COMMAND = (sys.executable, "-c", "import sys; from nbport.cli.nanobragg_command import main; sys.exit(main())")
# says when it listens to signals: before that, Python itself is still starting
READY = (
    sys.executable,
    "-c",
    "import os, sys; from nbport.cli import nanobragg_command as main\n"
    "own = main.own_process\n"
    "main.own_process = lambda name: (own(name), os.write(2, b'!'))\n"
    "sys.exit(main.main())",
)
CRYSTAL = ("-cell", "50", "60", "70", "90", "90", "90", "-default_F", "100", "-N", "10", "-seed", "1")
LARGE = (*CRYSTAL, "-detpixels", "1200", "-oversample", "1")
ENDLESS = (*CRYSTAL, "-detpixels", "3000", "-oversample", "30")


def start(folder, *arguments, **streams):
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    return subprocess.Popen([*COMMAND, *arguments], cwd=folder, **streams)


def start_and_wait_until_ready(folder, *arguments):
    process = subprocess.Popen(
        [*READY, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stderr.read(1) == b"!"
    return process


def status(process):
    """As a shell has it."""
    code = process.wait(60)
    return code if code >= 0 else 128 - code


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Files of a run that nobody disturbs, and its seconds."""
    folder = tmp_path_factory.mktemp("unbroken")
    begin = 0.0
    for _ in range(2):  # the first may have to compile
        begin = time.perf_counter()
        assert status(start(folder, *LARGE)) == 0
    return contents(folder), time.perf_counter() - begin


def interrupt_at_random(tmp_path, unbroken, moments):
    files, seconds = unbroken
    draw = random.Random(20)
    statuses, counts = set(), set()
    for i in range(moments):
        folder = tmp_path / str(i)
        folder.mkdir()
        number = draw.choice((signal.SIGINT, signal.SIGTERM))
        process = start_and_wait_until_ready(folder, *LARGE)
        time.sleep(draw.uniform(0.0, seconds))
        process.send_signal(number)
        sent = time.perf_counter()
        code = status(process)
        assert code in (0, 128 + number)
        assert code == 0 or time.perf_counter() - sent < 1.0
        assert b"Traceback" not in process.stderr.read()
        process.stderr.close()
        left = contents(folder)
        assert left == {name: files[name] for name in left}
        statuses.add(code)
        counts.add(len(left))
    return statuses, counts


def test_run_stopped_at_any_moment_leaves_only_whole_files(tmp_path, unbroken):
    statuses, _ = interrupt_at_random(tmp_path, unbroken, 20)
    assert statuses - {0}


@pytest.mark.slow
def test_run_stopped_at_many_moments_leaves_only_whole_files(tmp_path, unbroken):
    statuses, counts = interrupt_at_random(tmp_path, unbroken, 200)
    assert statuses == {0, 130, 143}
    assert len(counts) > 2


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, b"interrupted"), (signal.SIGTERM, b"terminated")])
def test_long_kernel_stops_within_a_second_with_one_line(tmp_path, number, word):
    process = start(tmp_path, *ENDLESS, stdout=subprocess.PIPE)
    while b"steps" not in (line := process.stdout.readline()) or b"oversample" not in line:
        assert line
    time.sleep(1.0)
    process.send_signal(number)
    sent = time.perf_counter()
    assert status(process) == 128 + number
    assert time.perf_counter() - sent < 1.0
    assert process.stderr.read().splitlines()[-1] == b"nanoBragg: " + word
    assert contents(tmp_path) == {}
    process.stdout.close()
    process.stderr.close()


def test_temporary_file_of_an_output_is_removed(tmp_path):
    """Stopped while a file is being written: its disk is a pipe that takes no more."""
    script = (
        "import sys, os, time; from nbport.system import files, process\n"
        "process.own_process('x')\n"
        "def chunks():\n"
        "    yield b'part'\n"
        "    print(os.listdir('.'), flush=True)\n"
        "    time.sleep(60)\n"
        "files.write_file('out.bin', chunks())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert TEMPORARY_PREFIX.encode() in process.stdout.readline()
    process.terminate()
    assert status(process) == 143
    assert process.communicate()[1] == b"x: terminated\n"
    assert list(tmp_path.iterdir()) == []


def test_signal_that_was_ignored_stays_ignored(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited
    try:
        process = start_and_wait_until_ready(tmp_path, *CRYSTAL, "-detpixels", "64")
    finally:
        signal.signal(signal.SIGINT, before)
    process.send_signal(signal.SIGINT)
    assert status(process) == 0
    process.stderr.close()


@pytest.mark.parametrize("lines", [0, 1])
def test_run_whose_reader_goes_away_ends_in_silence(tmp_path, lines):
    # -printout makes more text than a pipe holds
    process = start(tmp_path, *CRYSTAL, "-detpixels", "64", "-printout", stdout=subprocess.PIPE)
    for _ in range(lines):
        assert process.stdout.readline()
    process.stdout.close()
    assert status(process) == 141
    assert process.stderr.read() == b""
    assert contents(tmp_path) == {}
    process.stderr.close()


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("-mat", "missing")])
def test_short_text_without_a_reader_is_no_traceback(tmp_path, arguments):
    read, write = os.pipe()
    os.close(read)
    process = start(tmp_path, *arguments, stdout=write)
    os.close(write)
    assert status(process) in (141, 9)
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_nobody_reads_either_stream(tmp_path):
    read, write = os.pipe()
    os.close(read)
    process = start(tmp_path, "-mat", "missing", stdout=write, stderr=write)
    os.close(write)
    assert status(process) in (9, 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_full_disk_under_standard_output_is_one_line(tmp_path):
    with open("/dev/full", "wb") as full:
        process = start(tmp_path, *CRYSTAL, "-detpixels", "64", stdout=full)
    assert status(process) == 9
    [line] = process.stderr.read().decode().splitlines()
    assert line.startswith("nanoBragg: error: standard output: cannot write: ")
    process.stderr.close()


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_no_file(tmp_path, closed):
    arguments = (*CRYSTAL, "-detpixels", "32", "-lamda", "1")  # -lamda makes a warning on standard error
    files = []
    for name, redirected in (("open", ""), ("closed", closed)):
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(
            ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, *arguments],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        files.append(contents(folder))
    assert files[0] == files[1]
    assert len(files[0]) == 4


def test_message_stays_on_one_line_whatever_names_hold():
    assert one_line("a\nb\x1bc\udcff é") == "a\\nb\\x1bc\\udcff é"
