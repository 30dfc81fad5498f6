"""What is finished: one line of JSON an image, appended when all its files are there.

Files of images appear complete, by renaming, and before their line; so an image with a line is finished, and one
without is made again. So is one whose files are not those that the line describes, by size and sha256. A line that a
kill cut short is dropped.

Records are read from the file when they are needed; in memory there is only where they are.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from ..errors import InputError, OutputError
from ..system.files import file_digest
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
        self._places: dict[int, int] = {}  # of the lines, by number
        self._end = 0
        self._read()

    def _read(self) -> None:
        self._file.seek(0)
        try:
            for line in self._file:
                if not line.endswith(b"\n"):
                    self._file.truncate(self._end)
                    break
                self._places[_number(line)] = self._end
                self._end += len(line)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path}: expected the journal of a series, JSON lines: {error!r}") from None

    def record(self, number: int) -> dict | None:
        """What is known of an image; None if it is not finished."""
        if number not in self._places:
            return None
        self._file.seek(self._places[number])
        return json.loads(self._file.readline())

    def unfinished(self, rows: list[Row], stacked: set[int], sizes_only: bool = False) -> list[Row]:
        """Rows that have no complete image yet; their records are forgotten.

        Parameters
        ----------
        rows : list of Row
        stacked : set of int
            Numbers of the images that need no files, because the stack has them.
        sizes_only : bool
            Believe files of the right size, unread.

        Raises
        ------
        InputError
            If the folder has an image of another series under the same number.
        """
        unfinished = [row for row in rows if not self._is_finished(row, stacked, sizes_only)]
        for row in unfinished:
            self._places.pop(row.number, None)
        return unfinished

    def _is_finished(self, row: Row, stacked: set[int], sizes_only: bool) -> bool:
        record = self.record(row.number)
        if record is None:
            return False
        if record["arguments"] != list(row.arguments) or record["inputs"] != self._inputs(row):
            what = "options" if record["arguments"] != list(row.arguments) else "input files"
            raise InputError(
                f"{self.folder}: image {row.number} was made there with other {what}; give another folder with --output"
            )
        return row.number in stacked or all(
            _size(self.folder / name) == described["bytes"]
            and (sizes_only or _digest(self.folder / name) == described["sha256"])
            for name, described in record["files"].items()
        )

    def add(self, row: Row, record: dict[str, object]) -> None:
        """An image is finished."""
        entry = {"image": row.number, **record, "varied": row.varied, "arguments": row.arguments}
        entry["inputs"] = self._inputs(row)
        line = json.dumps(entry).encode() + b"\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise OutputError(f"{self.path}: cannot write: {error.strerror}") from None
        self._places[row.number] = self._end
        self._end += len(line)

    def _inputs(self, row: Row) -> dict[str, str | None]:
        """Digests of the files that it reads, as they were when this run began."""
        for path in row.inputs:
            if path not in self._digests:
                self._digests[path] = _digest(path)
        return {path: self._digests[path] for path in row.inputs}

    def close(self) -> None:
        """Let others in."""
        self._file.close()


def _number(line: bytes) -> int:
    """Of the image of a line, which must have all that a line has."""
    record = json.loads(line)
    number, inputs, arguments, varied = (record[key] for key in ("image", "inputs", "arguments", "varied"))
    files, true, (_, _) = (record[key] for key in ("files", "true", "pixels"))
    if not isinstance(number, int) or not isinstance(arguments, list):
        raise TypeError(f"image {number!r}, arguments {arguments!r}")
    for table in (inputs, varied, files, true):
        table.items()
    for described in files.values():
        if not isinstance(described["bytes"], int) or not isinstance(described["sha256"], str):
            raise TypeError(f"files {files!r}")
    return number


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _digest(path: str | os.PathLike) -> str | None:
    try:
        return file_digest(path, "a file of the series")
    except InputError:
        return None
