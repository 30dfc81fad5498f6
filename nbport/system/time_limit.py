"""Work of libraries in processes of their own, which are ended when it takes too long, and may crash.

No exception reaches a library that hangs in compiled code, and a thread cannot be ended. So the kernel ends the process
by an alarm. A process starts in some tenths of a second, and then waits for the next task: it ends with the process
that started it, however that ends.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from . import memory

LONGEST_LINE = 2**20  # bytes, of what is said about an answer
LONGEST_TEXT = 2**14  # characters of an error, 12 bytes each at most


class Failure(Exception):
    """What a library raised, or how its process ended."""


def run_in_time(task: str, argument: str, seconds: float) -> tuple[dict, bytearray]:
    """Have a task done by another process, from any thread.

    Parameters
    ----------
    task : str
        Full name of a module with a function `work(argument)`, which returns a dictionary for JSON and a buffer.
    argument : str
        Also names the work in an error text about memory.
    seconds : float
        Time for the function; that for starting Python and importing the module does not count.

    Returns
    -------
    dictionary, bytes

    Raises
    ------
    TimeoutError
    Failure
        If the function raises, or the process dies.
    InputError
        If the bytes do not fit into memory.
    """
    worker = _idle.pop(task, None)
    if worker is not None and worker.is_dead():
        worker.end()
        worker = None
    if worker is None:
        worker = _Worker(task)
    try:
        answer = worker.ask(argument, seconds)
    except BaseException:
        # whatever interrupts this, its answer could still come
        worker.end()
        raise
    if _idle.setdefault(task, worker) is not worker:
        worker.end()
    said, data = answer
    if "failure" in said:
        raise Failure(said["failure"])
    return said["facts"], data


class _Worker:
    """A process that does a task again and again. It is used by one thread at a time."""

    def __init__(self, task: str):
        reading, writing = os.pipe()
        self._answers = open(reading, "rb")
        # the root of this package comes last, in case it was found in a way that the path does not show
        path = [*map(os.fsdecode, sys.path), str(Path(__file__).resolve().parents[2])]
        program = f"import sys; sys.path[:] = {path!a}; from {__name__} import serve; serve({task!r}, {writing})"
        isolated = [] if "PYTHONHOME" in os.environ else ["-I"]  # which would pass over it
        try:
            self._process = subprocess.Popen(
                [sys.executable, *isolated, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=[writing],
                env={**os.environ, "OMP_NUM_THREADS": "1"},  # threads of its own cost start-up time and address space
            )
        except OSError as error:
            self._answers.close()
            raise Failure(f"cannot start {sys.executable}: {error.strerror}") from None
        finally:
            os.close(writing)

    def is_dead(self) -> bool:
        """Has it ended while nobody looked?"""
        return self._process.poll() is not None

    def ask(self, argument: str, seconds: float) -> tuple[dict, bytearray]:
        """What it says, and the bytes."""
        request = {"argument": argument, "seconds": seconds, "room": memory.left(), "folder": _folder()}
        with suppress(BrokenPipeError):  # seen below
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = self._answers.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise self._death()
        said = json.loads(line)
        memory.check(argument, said["size"])
        data = bytearray(said["size"])
        if self._answers.readinto(data) != len(data):
            raise self._death()
        return said, data

    def _death(self) -> Exception:
        code = self._process.wait()
        if code == -signal.SIGALRM:
            return TimeoutError()
        return Failure(f"its process ended with {f'signal {-code}' if code < 0 else f'exit status {code}'}")

    def end(self) -> None:
        """At once."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._answers.close()


def _folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was removed, and only full paths are of use
        return "/"


_idle: dict[str, _Worker] = {}  # by task


def _end_idle() -> None:
    while _idle:
        _, worker = _idle.popitem()
        worker.end()


atexit.register(_end_idle)
os.register_at_fork(after_in_child=_idle.clear)  # they belong to the parent


# -- in the other process


def serve(task: str, descriptor: int) -> None:
    """Do a task for each line of standard input, and write what it gives to a descriptor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    for number in (signal.SIGALRM, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM, signal.SIGIO])
    os.set_inheritable(descriptor, False)
    most = memory.address_space()
    work = import_module(task).work
    try:
        with open(0, "rb", buffering=0) as requests, open(descriptor, "wb") as answers:
            for line in iter(requests.readline, b""):
                said, data = _answer(work, json.loads(line), most)
                answers.write(json.dumps(said).encode() + b"\n")
                answers.write(data)
                answers.flush()
                del data
    except BrokenPipeError:
        pass
    os._exit(0)


def _answer(work: Callable[[str], tuple[dict, memoryview]], request: dict, most: int) -> tuple[dict, memoryview]:
    try:
        os.chdir(request["folder"])
        memory.allow(request["room"], most)
        with _ending_with_parent(), _alarm(request["seconds"]):
            facts, data = work(request["argument"])
        data = memoryview(data)
        return {"facts": facts, "size": data.nbytes}, data
    except Exception as error:  # whatever a library raises
        text = str(error).splitlines()[:1]
        return {"failure": " ".join([type(error).__name__, *text])[:LONGEST_TEXT], "size": 0}, memoryview(b"")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _ending_with_parent() -> Iterator[None]:
    """Have the kernel send SIGIO when the parent's end of standard input closes; the alarm is for other systems."""
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC)
    end = select.poll()
    end.register(0, select.POLLHUP)
    if end.poll(0):
        os._exit(0)
    try:
        yield
    finally:
        fcntl.fcntl(0, fcntl.F_SETFL, flags)
