"""Faults around a run: disks that are full, files that vanish, runs that meet in a folder, odd names, kills."""

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from c_reference.cases import HERE, load_cases, load_results
from nbport.errors import InputError, OutputError
from nbport.formats.fdump import new_grid, read_fdump, write_fdump
from nbport.formats.hkl import read_hkl
from nbport.system import files
from nbport.system.files import write_file

COMMAND = [sys.executable, "-c", "import sys; from nbport.cli.nanobragg_command import main; sys.exit(main())"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE.parent)}
SCENE = "-cell 50 60 70 90 90 90 -N 5 -detpixels 24 -pixel 0.2 -oversample 1 -seed 1".split()
SCENE = [*SCENE, "-default_F", "100"]
IMAGES = {"floatimage.bin", "intimage.img", "noiseimage.img", "image.pgm"}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextlib.contextmanager
def largest_file(size):
    """In this process no file may grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def one_error(finished):
    """The only line of errors of a run that was refused."""
    assert finished.exit == 9, finished.stderr
    [line] = [line for line in finished.stderr.decode().splitlines() if "error: " in line]
    assert line.startswith("nanoBragg: error: ")
    return line


# -- disks


def test_quota_is_one_line_and_leaves_nothing(tmp_path, nbport_command):
    with largest_file(1000):
        finished = nbport_command(SCENE, tmp_path)
    assert "floatimage.bin: cannot write: File too large" in one_error(finished)
    assert contents(tmp_path) == {}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("option", ["-floatfile", "-intfile", "-noisefile", "-pgmfile"])
def test_full_device_is_one_line(tmp_path, nbport_command, option):
    finished = nbport_command([*SCENE, option, "/dev/full"], tmp_path)
    assert "/dev/full: cannot write: No space left on device" in one_error(finished)
    assert [name for name in contents(tmp_path) if name.startswith(".")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_full_disk_is_one_line_and_earlier_files_are_whole(tmp_path, nbport_command):
    expected = tmp_path / "expected"
    expected.mkdir()
    assert nbport_command([*SCENE, "-detpixels", "100"], expected).exit == 0
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "none", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small disk: {mounted.stderr.decode()}")
    try:
        finished = nbport_command([*SCENE, "-detpixels", "100"], disk)
        assert "intimage.img: cannot write: No space left on device" in one_error(finished)
        left = contents(disk)
        assert left == {"floatimage.bin": (expected / "floatimage.bin").read_bytes()}
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_is_one_line(tmp_path, nbport_command):
    tmp_path.chmod(0o500)
    try:
        assert "floatimage.bin: cannot write: Permission denied" in one_error(nbport_command(SCENE, tmp_path))
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("option", ["-floatfile", "--png", "--cbf", "--nexus", "--json", "--timing"])
@pytest.mark.parametrize(("place", "reason"), [("no/x", "No such file"), ("file/x", "Not a dir"), ("dir", "Is a dir")])
def test_place_that_cannot_be_written_is_refused_before_anything_is_rendered(
    tmp_path, nbport_command, option, place, reason
):
    (tmp_path / "file").write_text("x")
    (tmp_path / "dir").mkdir()
    finished = nbport_command([*SCENE, option, place], tmp_path)
    assert f"{place}: cannot write: {reason}" in one_error(finished)
    assert b"solid angle subtended by detector" not in finished.stdout  # said when the pixels are finished
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dir", "file"]


# -- files that vanish


@pytest.mark.parametrize("change", ["emptied", "other rows", "removed"])
def test_structure_factors_that_change_between_two_readings(tmp_path, change):
    path = tmp_path / "x.hkl"
    path.write_text("0 0 0 1\n1 1 1 2\n")

    def say(template, *values):
        if template.startswith("re-reading"):
            if change == "removed":
                path.unlink()
            else:
                path.write_text({"emptied": "", "other rows": "9 9 9 1\n"}[change])

    if change == "other rows":
        with pytest.raises(InputError, match="outside the range of the first"):
            read_hkl(path, 0.0, say)
    else:
        # a file that is open stays readable when it is removed
        assert read_hkl(path, 0.0, say).grid.Fhkl.max() == (2.0 if change == "removed" else 0.0)


def test_folder_that_vanishes_while_a_file_is_written(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    def chunks():
        yield b"1"
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    with pytest.raises(OutputError, match="x: cannot write: No such file or directory"):
        write_file(folder / "x", chunks())


# -- runs that meet


def test_dump_is_never_half_written_or_half_read(tmp_path):
    path, failures, stop = str(tmp_path / "Fdump.bin"), [], threading.Event()

    def write(value):
        grid = new_grid((0, 40, 0, 40, 0, 40), "x")
        grid.Fhkl[:] = value
        while not stop.is_set():
            write_fdump(path, grid)

    write_fdump(path, new_grid((0, 40, 0, 40, 0, 40), "x"))
    writers = [threading.Thread(target=write, args=(value,)) for value in (1.5, 2.5)]
    for writer in writers:
        writer.start()
    seen = set()
    end = time.monotonic() + 20
    while time.monotonic() < end and not seen >= {1.5, 2.5}:
        values = np.unique(read_fdump(path).Fhkl)
        seen.update(values.tolist())
        failures += [values] if len(values) != 1 else []
    stop.set()
    for writer in writers:
        writer.join()
    assert failures == []
    assert seen >= {1.5, 2.5}
    assert os.listdir(tmp_path) == ["Fdump.bin"]


def test_two_runs_in_one_folder_leave_the_files_of_one(tmp_path, nbport_command):
    (tmp_path / "alone").mkdir()
    assert nbport_command(SCENE, tmp_path / "alone").exit == 0
    both = tmp_path / "both"
    both.mkdir()
    runs = [subprocess.Popen([*COMMAND, *SCENE], cwd=both, env=ENVIRONMENT, stdout=subprocess.DEVNULL) for _ in "ab"]
    assert [run.wait() for run in runs] == [0, 0]
    assert contents(both) == contents(tmp_path / "alone")


# -- names and locales

NAMES = {
    "not ascii": "строение/ü ñ.img",
    "blanks and quotes": "a 'b' \"c\"/$d;e.img",
    "line end": "a\nb.img",
    "no UTF-8": os.fsdecode(b"\xff\xfe/x\x80.img"),
    "long": "/".join(["x" * 200] * 15) + "/y.img",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_may_be_odd(tmp_path, nbport_command, name):
    path = tmp_path / NAMES[name]
    os.makedirs(path.parent, exist_ok=True)
    finished = nbport_command([*SCENE, "-intfile", NAMES[name]], tmp_path)
    assert finished.exit == 0, finished.stderr
    assert path.stat().st_size == 512 + 2 * 24 * 24
    assert b"writing " + os.fsencode(NAMES[name]) + b" as 2-byte integers" in finished.stdout
    refused = nbport_command([*SCENE, "-sourcefile", NAMES[name] + "/missing"], tmp_path)
    one_error(refused)


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "C", "de_DE.ISO-8859-1"])
def test_bytes_do_not_depend_on_the_locale(tmp_path, locale):
    [case] = [case for case in load_cases(HERE / "quirk.jsonl") if case.id == "baseline"]
    environment = ENVIRONMENT | {"LC_ALL": locale, "LANG": locale, "LC_NUMERIC": locale}
    name = os.fsdecode(b"\xfc.img")
    done = subprocess.run(
        [*COMMAND, *case.steps[0], "-intfile", name], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"writing \xfc.img as 2-byte integers" in done.stdout
    [recorded] = load_results(HERE / "quirk.npz")[case.id]
    left = contents(tmp_path)
    assert left.pop(name) == recorded.files["intimage.img"]
    assert left == {key: data for key, data in recorded.files.items() if key != "intimage.img"}


# Python itself never asks the locale for its comma; a program that has nanoBragg's interface inside may
ASKING = "import locale, sys; locale.setlocale(locale.LC_ALL, ''); assert locale.str(1.5) == '1,5'; "


@pytest.mark.skipif(shutil.which("localedef") is None, reason="there is no localedef, which makes locales")
@pytest.mark.parametrize("before", ["import sys; ", ASKING], ids=["the command", "a program that asks for the locale"])
def test_bytes_do_not_depend_on_a_decimal_comma(tmp_path, before):
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"], capture_output=True)
    if made.returncode > 1:  # 1: with warnings
        pytest.skip(f"localedef makes no locale here: {made.stderr.decode()}")
    [case] = [case for case in load_cases(HERE / "quirk.jsonl") if case.id == "baseline"]
    [recorded] = load_results(HERE / "quirk.npz")[case.id]
    comma = [sys.executable, "-c", before + "from nbport.cli.nanobragg_command import main; sys.exit(main())"]
    logs = []
    for command, locale in ((COMMAND, "C"), (comma, "de_DE.UTF-8")):
        folder = tmp_path / f"in {locale}"
        folder.mkdir()
        environment = ENVIRONMENT | {"LOCPATH": str(tmp_path), "LC_ALL": locale}
        done = subprocess.run([*command, *case.steps[0]], cwd=folder, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert contents(folder) == recorded.files
        logs.append(done.stdout)
    assert logs[0] == logs[1] and b"." in logs[0]


# -- kills that no program can prepare for

LARGE = [*SCENE, "-detpixels", "3000", "-roi", "0", "99", "0", "99"]


def kill_at_random(tmp_path, nbport_command, moments):
    """SIGKILL at random moments of runs in one folder; how many were killed, and how many left temporary files."""
    whole = tmp_path / "whole"
    whole.mkdir()
    for _ in range(2):  # the first may have to compile
        begin = time.monotonic()
        subprocess.run([*COMMAND, *LARGE], cwd=whole, env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
        seconds = time.monotonic() - begin
    expected = contents(whole)
    folder = tmp_path / "killed"
    folder.mkdir()
    draw, killed, dirty = random.Random(21), 0, 0
    for i in range(moments):
        for path in folder.iterdir():
            if not path.name.startswith(files.TEMPORARY_PREFIX):
                path.unlink()
        run = subprocess.Popen([*COMMAND, *LARGE], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        if i == 0:  # for certain before it ends
            while run.poll() is None and not os.listdir(folder):
                time.sleep(0.001)
        else:  # most moments are those in which files are written
            time.sleep(seconds * draw.triangular(0.0, 1.2, 0.9))
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        left = contents(folder)
        temporaries = {name for name in left if name.startswith(files.TEMPORARY_PREFIX)}
        assert all(name.endswith(files.TEMPORARY_SUFFIX) for name in temporaries)
        assert len(temporaries) <= 1
        dirty += len(temporaries)
        assert {name: data for name, data in left.items() if name not in temporaries} == {
            name: expected[name] for name in left if name not in temporaries
        }
    assert nbport_command(LARGE, folder).exit == 0
    assert contents(folder) == expected
    return killed, dirty


@pytest.mark.slow
def test_killed_runs_leave_whole_files_and_the_next_run_tidies_up(tmp_path, nbport_command):
    killed, dirty = kill_at_random(tmp_path, nbport_command, 200)
    print(f"{killed} of 200 runs were killed, {dirty} of them left a temporary file")
    assert killed > 100
    assert dirty > 0


def test_few_killed_runs_leave_whole_files(tmp_path, nbport_command):
    killed, _ = kill_at_random(tmp_path, nbport_command, 4)
    assert killed > 0
