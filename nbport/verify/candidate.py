"""The other implementation: its command, and what running it gave."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

OPTIONS, FLOAT, FOLDER = "{options}", "{float}", "{dir}"
SHELL_SIGNALS = 128  # a shell whose command a signal ended exits with this much more than the signal


@dataclass(frozen=True)
class Finished:
    """What is known of a run that ended, or was ended.

    Attributes
    ----------
    status : int or None
        Exit status, negative if a signal ended it; None if it took too long.
    message : str
        Last line on standard error, or else on standard output.
    seconds : float
    """

    status: int | None
    message: str
    seconds: float

    @property
    def crash(self) -> str:
        """How it crashed, or nothing."""
        if self.status is None:
            return f"stopped after {self.seconds:.3g} seconds"
        number = -self.status if self.status < 0 else self.status - SHELL_SIGNALS
        if number > 0 and number in set(signal.Signals):
            return f"ended by {signal.Signals(number).name}"
        return "" if self.status == 0 or self.message else f"exit status {self.status} without a message"


class Candidate:
    """A command as a template of words.

    Parameters
    ----------
    template : str
        The command. A word {options} becomes all options; inside of a word they are quoted for a shell. {float} is
        the path of the float image, {dir} the folder of the run. Without {options} they come last.
    timeout : float
        Seconds that a run may take.

    Raises
    ------
    InputError
        If there is no such program.
    """

    def __init__(self, template: str, timeout: float):
        try:
            words = shlex.split(template)
        except ValueError as error:
            raise InputError(f"--candidate: found {template!r}: {error}") from None
        program = shutil.which(words[0]) if words else None
        if program is None:
            raise InputError(f"--candidate: cannot start {words[0] if words else template!r}: no such program")
        # it runs in folders of its own, but files are named as seen from here
        words = [
            os.path.abspath(program),
            *(os.path.abspath(word) if os.path.isfile(word) else word for word in words[1:]),
        ]
        self._words = words if any(OPTIONS in word for word in words) else [*words, OPTIONS]
        self._timeout = timeout
        self._running: set[subprocess.Popen] = set()
        self._stopped = False

    def command(self, options: Sequence[str], folder: Path, float_name: str) -> list[str]:
        """The words of one run."""
        quoted = {OPTIONS: shlex.join(options), FLOAT: str(folder / float_name), FOLDER: str(folder)}
        words: list[str] = []
        for word in self._words:
            if word == OPTIONS:
                words += options
                continue
            for placeholder, text in quoted.items():
                word = word.replace(placeholder, text)
            words.append(word)
        return words

    def run(self, options: Sequence[str], folder: Path, float_name: str) -> Finished:
        """Run it in a folder.

        Raises
        ------
        InputError
            If it cannot be started, or after `stop`.
        """
        if self._stopped:
            raise InputError("--candidate: stopped")
        started = time.monotonic()
        # files and not pipes: a process that it leaves behind could hold a pipe open for ever
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(
                    self.command(options, folder, float_name),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise InputError(f"--candidate: cannot start {self._words[0]}: {reason}") from None
            self._running.add(process)
            try:
                status = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                self._end(process)
            seconds = time.monotonic() - started
            return Finished(status, _last_line(err) or _last_line(out), seconds)

    def stop(self) -> None:
        """End whatever runs, with its children; nothing runs afterwards."""
        self._stopped = True
        for process in list(self._running):
            self._end(process)

    def _end(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            # it leads a session, so this is its group
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.discard(process)


def _last_line(file) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
    lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")
