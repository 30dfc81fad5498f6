"""The table of a series: what each image was made with, one row an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from ..system.files import write_file
from .journal import Journal
from .rows import Row

TABLE = "images.tsv"


class Table:
    """A line for each image, made when it is asked for.

    Parameters
    ----------
    rows : sequence of Row
    journal : Journal
    with_files : bool
        Name the files of the images, too.

    Attributes
    ----------
    names : list of str
        Of the columns. A quantity of several numbers has a column for each.
    """

    def __init__(self, rows: Sequence[Row], journal: Journal, with_files: bool):
        self._rows, self._journal, self._with_files = rows, journal, with_files
        finished = (record for row in rows if (record := journal.record(row.number)))
        varied = max((_flat(row.varied) for row in rows), key=len, default={})
        self.names = list(self._line(rows[0], next(finished, None), varied)) if rows else []

    def __iter__(self) -> Iterator[list[object]]:
        """Values of image after image, as in names; None where an image is not finished."""
        for row in self._rows:
            line = self._line(row, self._journal.record(row.number), _flat(row.varied))
            yield [line.get(name) for name in self.names]

    def _line(self, row: Row, record: dict | None, varied: dict[str, object]) -> dict[str, object]:
        line = {"image": row.number, "finished": int(record is not None)}
        if self._with_files:
            line |= {f"{kind}_file": name for kind, name in row.files.items()}
        line |= (record["true"] if record else {}) | varied
        line["command"] = row.command
        return line


def _flat(varied: dict[str, object]) -> dict[str, object]:
    flat = {}
    for keyword, value in varied.items():
        if isinstance(value, list | tuple):
            flat |= {f"{keyword}_{i}": x for i, x in enumerate(value, 1)}
        else:
            flat[keyword] = value
    return flat


def write_table(folder: Path, table: Table) -> Path:
    """Write the table as tab-separated text, numbers with all their digits.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = folder / TABLE
    write_file(path, (b"\t".join(map(_text, line)) + b"\n" for line in chain([table.names], table)))
    return path


def _text(value: object) -> bytes:
    return b"" if value is None else str(value).encode()
