"""What is finished: one line of JSON an image, appended when all its files are there.

Files of images appear complete, by renaming, and before their line; so an image with a line is finished, and one
without is made again. A line that a kill cut short is dropped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path

from ..files import InputError, OutputError
from .rows import Row

JOURNAL = "images.jsonl"


class Journal:
    """The journal of a folder, locked against another run.

    Parameters
    ----------
    folder : path
        Is made.

    Raises
    ------
    InputError
        If another run is at work there, or there is something else under the journal's name.
    OutputError
        If it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self.path = self.folder / JOURNAL
        self._digests: dict[str, str | None] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b")
        except OSError as error:
            raise OutputError(f"{self.path}: cannot write: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InputError(f"{folder}: another series is being made there") from None
        self.records = self._read()

    def _read(self) -> dict[int, dict]:
        self._file.seek(0)
        content = self._file.read()
        complete = content[: content.rfind(b"\n") + 1]
        if complete != content:
            self._file.truncate(len(complete))
        try:
            records = [json.loads(line) for line in complete.splitlines()]
            return {record["image"]: record for record in records}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path}: expected a JSON object a line, each with an image: {error!r}") from None

    def unfinished(self, rows: list[Row], stacked: set[int]) -> list[Row]:
        """Rows that have no complete image yet; their records are forgotten.

        Parameters
        ----------
        rows : list of Row
        stacked : set of int
            Numbers of the images that need no files, because the stack has them.

        Raises
        ------
        InputError
            If the folder has an image of another series under the same number.
        """
        unfinished = [row for row in rows if not self._is_finished(row, stacked)]
        for row in unfinished:
            self.records.pop(row.number, None)
        return unfinished

    def _is_finished(self, row: Row, stacked: set[int]) -> bool:
        record = self.records.get(row.number)
        if record is None:
            return False
        if record["arguments"] != list(row.arguments) or record["inputs"] != self._inputs(row):
            what = "options" if record["arguments"] != list(row.arguments) else "input files"
            raise InputError(
                f"{self.folder}: image {row.number} was made there with other {what}; give another folder with --output"
            )
        return row.number in stacked or all(_size(self.folder / name) == size for name, size in record["files"].items())

    def add(self, row: Row, record: dict[str, object]) -> None:
        """An image is finished."""
        entry = {"image": row.number, **record, "varied": row.varied, "arguments": row.arguments}
        entry["inputs"] = self._inputs(row)
        line = json.dumps(entry)
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"{self.path}: cannot write: {error.strerror}") from None
        self.records[row.number] = json.loads(line)

    def _inputs(self, row: Row) -> dict[str, str | None]:
        """Digests of the files that it reads, as they were when this run began."""
        for path in row.inputs:
            if path not in self._digests:
                self._digests[path] = _digest(path)
        return {path: self._digests[path] for path in row.inputs}

    def close(self) -> None:
        """Let others in."""
        self._file.close()


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _digest(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
