"""Work in another process is ended when it takes too long or when nobody waits for it, and nothing else is."""

import fcntl
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import fabio
import fabio.cbfimage
import numpy as np
import pytest

from nbport.errors import InputError
from nbport.formats import images
from nbport.formats.images import read_image
from nbport.system import memory, time_limit
from nbport.system.time_limit import Failure, run_in_time
from tests.support.broken import in_time

LONG = 60.0  # s, nothing here takes as long
HANGS = {
    "Python": "while True: pass",
    "C": "import time; time.sleep(1000)",
    "C that keeps the interpreter's lock": "import re; re.match('(a|a)*b', 'a' * 100)",
    "C that drops exceptions": "import ctypes; ctypes.PyDLL(None).sleep(1000)",
}
LOCK = """
    import fcntl
    lock = open(argument, "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    locks.append(lock)
"""


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Makes a module of the body of `work(argument)`, and ends its process after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def make(body, before=""):
        names.append(f"task_{tmp_path.name.replace('-', '_')}_{len(names)}")
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        (tmp_path / f"{names[-1]}.py").write_text(f"locks = []\n{before}\ndef work(argument):\n{body}\n")
        return names[-1]

    yield make
    for name in names:
        if name in time_limit._idle:
            time_limit._idle.pop(name).end()


ECHO = "return {'said': argument}, argument.encode()"


def becomes(path, locked):
    """Is a file locked, or free, within some time?"""
    with open(path, "w") as file:
        for _ in range(int(LONG / 0.05)):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = False
                fcntl.flock(file, fcntl.LOCK_UN)
            except BlockingIOError:
                found = True
            if found == locked:
                return True
            time.sleep(0.05)
    return False


def test_answer_is_what_the_task_gives(task):
    assert run_in_time(task(ECHO), "é", LONG) == ({"said": "é"}, bytearray("é".encode()))


def test_next_task_is_done_by_the_same_process(task):
    name = task("import os; return {'pid': os.getpid()}, b''")
    first, second = run_in_time(name, "", LONG), run_in_time(name, "", LONG)
    assert first == second
    assert first[0]["pid"] != os.getpid()


@pytest.mark.parametrize("hang", HANGS)
def test_task_that_hangs_is_ended(hang, task):
    with pytest.raises(TimeoutError), in_time(int(LONG)):
        run_in_time(task(HANGS[hang]), "", 0.2)


def test_start_of_the_process_does_not_count(task):
    name = task(ECHO, before="import time; time.sleep(1)")
    assert run_in_time(name, "x", 0.5)[1] == b"x"


def test_task_that_ends_in_time_is_not_ended_later(task):
    name = task("import os; return {'pid': os.getpid()}, b''")
    first = run_in_time(name, "", 0.5)
    time.sleep(0.7)
    assert run_in_time(name, "", 0.5) == first


def test_time_limit_holds_where_its_signal_is_blocked_and_ignored(task):
    name, ended = task(HANGS["Python"]), []

    def run():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        with pytest.raises(TimeoutError):
            run_in_time(name, "", 0.2)
        ended.append(True)

    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LONG)
    signal.signal(signal.SIGALRM, before)
    assert ended == [True]


def test_error_of_a_task_is_one_line_and_its_process_goes_on(task):
    name = task("import os\nif argument: raise KeyError('a\\nb')\nreturn {'pid': os.getpid()}, b''")
    first = run_in_time(name, "", LONG)
    with pytest.raises(Failure, match=r"^KeyError 'a\\nb'$"):
        run_in_time(name, "x", LONG)
    assert run_in_time(name, "", LONG) == first


def test_task_that_crashes_is_an_error_and_the_next_one_is_done(task):
    name = task("import os\nif argument: os.abort()\nreturn {}, b'x'")
    with pytest.raises(Failure, match="its process ended with signal 6"):
        run_in_time(name, "x", LONG)
    assert run_in_time(name, "", LONG) == ({}, b"x")


def test_module_that_cannot_be_imported_is_an_error(task):
    with pytest.raises(Failure, match="its process ended with exit status 1"):
        run_in_time(task("", before="import no_such_module"), "", LONG)


def test_what_a_task_prints_does_not_reach_anybody(task, capfd):
    name = task(
        "import os; print('x', flush=True); os.write(2, b'y'); return {}, b'z'", before="print('w', flush=True)"
    )
    assert run_in_time(name, "", LONG) == ({}, b"z")
    assert capfd.readouterr() == ("", "")


def test_idle_process_that_was_killed_is_replaced(task):
    name = task("import os; return {'pid': os.getpid()}, b''")
    pid = run_in_time(name, "", LONG)[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert run_in_time(name, "", LONG)[0]["pid"] != pid
    with pytest.raises(ProcessLookupError):  # nor is it left as a zombie
        os.kill(pid, 0)


def test_threads_do_not_wait_for_each_other(task):
    name = task(f"if argument == 'hang':\n    {HANGS['Python']}\n" + ECHO)
    ended = {}

    def run(argument):
        try:
            ended[argument] = run_in_time(name, argument, 2.0)[0]["said"]
        except TimeoutError:
            ended[argument] = "late"

    threads = [threading.Thread(target=run, args=(argument,)) for argument in ("hang", "a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert ended == {"hang": "late", "a": "a", "b": "b"}


def _in_a_daemon(name, hanging, connection):
    assert not time_limit._idle
    with pytest.raises(TimeoutError):
        run_in_time(hanging, "", 0.2)
    connection.send(run_in_time(name, "", LONG)[0]["pid"])


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_daemonic_process_has_a_process_of_its_own(method, task):
    name = task("import os; return {'pid': os.getpid()}, b''")
    pid = run_in_time(name, "", LONG)[0]["pid"]
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    hanging = task(HANGS["C"])
    process = context.Process(target=_in_a_daemon, args=(name, hanging, theirs), daemon=True)
    process.start()
    assert ours.poll(LONG)
    assert ours.recv() not in (pid, process.pid, os.getpid())
    process.join(LONG)
    assert process.exitcode == 0
    assert run_in_time(name, "", LONG)[0]["pid"] == pid


@pytest.mark.parametrize("hang", ["return {}, b''", *HANGS.values()], ids=["idle", *HANGS])
@pytest.mark.skipif(sys.platform != "linux", reason="no signal for a pipe that closes")
def test_process_ends_with_the_parent_that_is_killed(hang, task, tmp_path):
    name = task(textwrap.dedent(LOCK) + "print('x')\n" + hang)
    script = f"import sys; sys.path[:] = {sys.path!r}\nfrom nbport.system.time_limit import run_in_time\n"
    script += f"run_in_time({name!r}, {str(tmp_path / 'lock')!r}, 600)\nimport time; time.sleep(600)"
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        assert becomes(tmp_path / "lock", locked=True)
    finally:
        parent.kill()
        parent.wait()
    assert becomes(tmp_path / "lock", locked=False)


def test_process_ends_when_its_caller_is_interrupted(task, tmp_path):
    name = task(textwrap.dedent(LOCK) + HANGS["Python"])
    with pytest.raises(TimeoutError, match="not finished"), in_time(2):
        run_in_time(name, str(tmp_path / "lock"), LONG)
    assert becomes(tmp_path / "lock", locked=False)
    assert name not in time_limit._idle


def test_task_gets_no_more_memory_than_is_left(task, monkeypatch):
    name = task("return {}, bytes(int(argument))")
    monkeypatch.setattr(memory, "left", lambda: 2**28)
    with pytest.raises(Failure, match="MemoryError"):
        run_in_time(name, str(2**29), LONG)
    assert len(run_in_time(name, str(2**20), LONG)[1]) == 2**20


def test_answer_that_does_not_fit_is_refused_with_its_size(task, monkeypatch):
    name = task("return {}, bytes(2**22)")
    monkeypatch.setattr(memory, "_limits", lambda: iter([(2**21, "this test leaves")]))
    monkeypatch.setattr(memory, "left", lambda: 2**28)
    with pytest.raises(
        InputError, match="^x.cbf: needs 0.00 GB of memory, expected at most the 0.00 GB that this test"
    ):
        run_in_time(name, "x.cbf", LONG)


# -- fabio


@pytest.fixture
def cbf(tmp_path):
    """An image of 2048 x 2048 pixels, some of them far from their neighbours."""
    pixels = np.random.default_rng(1).poisson(3, (2048, 2048)).astype(np.int32)
    pixels[::50, ::50] = 70000
    pixels[7] = -1
    fabio.cbfimage.CbfImage(data=pixels).write(str(tmp_path / "x.cbf"))
    return tmp_path / "x.cbf"


def test_large_cbf_has_the_bytes_that_fabio_reads_in_this_process(cbf):
    with fabio.open(str(cbf)) as image:
        expected = image.data
    got = read_image(cbf).pixels
    assert (got.dtype, got.shape) == (expected.dtype, (2048, 2048))
    assert got.tobytes() == expected.tobytes()
    assert got.flags.writeable


def test_cbf_without_its_binary_section_is_refused_in_time(cbf, monkeypatch):
    monkeypatch.setattr(images, "PATIENCE", 0.5)
    cbf.write_bytes(cbf.read_bytes().replace(fabio.cbfimage.CbfImage.STARTER, b"none"))
    with pytest.raises(InputError, match=f"^{re.escape(str(cbf))}: no image that fabio reads within 0.5 s$"):
        read_image(cbf)


def test_names_mean_what_they_mean_here(cbf, monkeypatch):
    expected = read_image(cbf).pixels
    monkeypatch.chdir(cbf.parent)
    np.testing.assert_array_equal(read_image("x.cbf").pixels, expected)
    with open(cbf, "rb") as file:
        np.testing.assert_array_equal(read_image(f"/dev/fd/{file.fileno()}").pixels, expected)
    odd = cbf.rename(os.fsdecode(b"odd \xff.cbf"))
    np.testing.assert_array_equal(read_image(odd).pixels, expected)
