"""Verdicts of finished cases in a file, so that a run that was ended can go on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..errors import InputError, OutputError
from .cases import Case
from .judge import Verdict


class State:
    """A file with a line of JSON a verdict.

    Parameters
    ----------
    path : path or None
        None: nothing is kept.
    conditions : sequence
        All that verdicts depend on beside the case: the candidate's command, fixes, what N ulp means.

    Raises
    ------
    InputError
        If there is such a file, but not one of ours.
    """

    def __init__(self, path: str | os.PathLike | None, conditions: Sequence[object]):
        self._path = None if path is None else Path(path)
        self._conditions = [__version__, *conditions]
        self._done = self._read()

    def verdict(self, case: Case) -> Verdict | None:
        """What an earlier run found under the same conditions."""
        found = self._done.get(self._key(case))
        return None if found is None else Verdict(**found)

    def add(self, case: Case, verdict: Verdict) -> None:
        """Keep a verdict at once.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._path is None:
            return
        line = json.dumps({"key": self._key(case), "verdict": verdict.to_json()}) + "\n"
        try:
            with open(self._path, "ab") as file:
                file.write(line.encode())
        except OSError as error:
            raise OutputError(f"{self._path}: cannot write: {error.strerror}") from None

    def _key(self, case: Case) -> str:
        inputs = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in case.inputs}
        text = json.dumps([self._conditions, case.name, case.steps, inputs])
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def _read(self) -> dict[str, dict]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError as error:
            raise InputError(f"{self._path}: cannot read the state: {error.strerror}") from None
        if lines[-1]:
            self._cut(len(lines[-1]))
        try:
            rows = [json.loads(line) for line in lines[:-1]]
            return {row["key"]: row["verdict"] for row in rows}
        except (ValueError, TypeError, KeyError):
            raise InputError(f"{self._path}: found something else, expected the state of an earlier run") from None

    def _cut(self, length: int) -> None:
        """Take away a last line that has no end: a run was killed while it wrote."""
        with open(self._path, "rb+") as file:
            file.truncate(file.seek(0, os.SEEK_END) - length)
