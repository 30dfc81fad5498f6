"""Verdicts in a file, a line of JSON each; of several of one fault the last one counts."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from .fault import Fault
from .unseen import UNSEEN
from .workplace import Outcome

VERDICTS = ("killed", "timed out", "unseen", "survived")


class Journal:
    """The verdicts so far.

    Parameters
    ----------
    path : Path
        Several processes may write to it.
    """

    def __init__(self, path: Path):
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self._records = {record["key"]: record for record in map(json.loads, lines)}

    def verdict(self, fault: Fault) -> str | None:
        """Of a fault, or None if it has none."""
        record = self._records.get(fault.key)
        if record is None:
            return None
        return "unseen" if record["verdict"] == "survived" and fault.key in UNSEEN else record["verdict"]

    def by(self, fault: Fault) -> str:
        """The test that noticed it."""
        return self._records[fault.key]["by"]

    def add(self, fault: Fault, outcome: Outcome) -> None:
        """A fault was tried."""
        record = {"key": fault.key, "fault": fault.title, **outcome._asdict(), "seconds": round(outcome.seconds, 1)}
        self._records[fault.key] = record
        with open(self._path, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(record) + "\n")
