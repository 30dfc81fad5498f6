"""The table of a series: what each image was made with, one row an image."""

from __future__ import annotations

from pathlib import Path

from ..files import write_file
from .rows import Row

TABLE = "images.tsv"


def columns(rows: list[Row], records: dict[int, dict], with_files: bool) -> dict[str, list]:
    """Columns of the table.

    Parameters
    ----------
    rows : list of Row
    records : dict
        What the journal has, by number.
    with_files : bool
        Name the files of the images, too.

    Returns
    -------
    Name -> values; None where an image is not finished. A quantity of several numbers has a column for each.
    """
    lines = []
    for row in rows:
        record = records.get(row.number)
        line = {"image": row.number, "finished": int(record is not None)}
        if with_files:
            line |= {f"{kind}_file": name for kind, name in row.files.items()}
        line |= (record["true"] if record else {}) | _flat(row.varied)
        line["command"] = row.command
        lines.append(line)
    names = list(max(lines, key=len)) if lines else []
    return {name: [line.get(name) for line in lines] for name in names}


def _flat(varied: dict[str, object]) -> dict[str, object]:
    flat = {}
    for keyword, value in varied.items():
        if isinstance(value, list | tuple):
            flat |= {f"{keyword}_{i}": x for i, x in enumerate(value, 1)}
        else:
            flat[keyword] = value
    return flat


def write_table(folder: Path, table: dict[str, list]) -> Path:
    """Write the table as tab-separated text, numbers with all their digits.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = folder / TABLE
    lines = [table, *zip(*table.values(), strict=True)]
    write_file(path, ("\t".join("" if x is None else str(x) for x in line).encode() + b"\n" for line in lines))
    return path
