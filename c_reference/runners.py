"""Two ways to run a case: an external program, or a ``main(argv)`` inside this process."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from c_reference.cases import Finished


@dataclass(frozen=True)
class Program:
    """Runner for a program given by path.

    Parameters
    ----------
    path : Path
        The executable.
    timeout : float
        Seconds after which a run is stopped.
    environment : mapping of str to str
        Variables added to this process's own.
    """

    path: Path
    timeout: float = 600.0
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, argv: Sequence[str], folder: Path) -> Finished:
        """Run it there with these arguments."""
        command = [str(Path(self.path).absolute()), *argv]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            return Finished(None, expired.stdout or b"", expired.stderr or b"")
        return Finished(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class InProcess:
    """Runner for a ``main(argv) -> int`` of this process.

    As for a process of its own, an exception that nothing catches is exit status 1 with the
    traceback on standard error.

    Parameters
    ----------
    main : callable
        Takes the arguments, program name excluded, and returns the exit status.
    prefix : sequence of str
        Arguments put before those of the case.
    """

    main: Callable[[list[str]], int]
    prefix: Sequence[str] = ()

    def __call__(self, argv: Sequence[str], folder: Path) -> Finished:
        """Run it there with these arguments."""
        written, warned = io.BytesIO(), io.BytesIO()
        with _working_in(folder), _text_into(written) as out, _text_into(warned) as err:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    status = self.main([*self.prefix, *argv])
                except Exception:
                    traceback.print_exc()
                    status = 1
            out.flush()
            err.flush()
            return Finished(status, written.getvalue(), warned.getvalue())


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _text_into(buffer: io.BytesIO) -> Iterator[io.TextIOWrapper]:
    """A text stream over memory that takes any bytes a file name may hold."""
    with io.TextIOWrapper(buffer, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        yield stream
