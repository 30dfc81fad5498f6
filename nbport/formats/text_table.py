"""Text tables with columns of numbers: source files and stol files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..crules.text import atof
from ..system.files import is_pipe, read_bytes
from ..system.machine import memory

DELIMITERS = " \t,;:!"
NUMBER_CHARACTERS = "0123456789-+.EGeg"
MEMORY_A_BYTE = 256  # in memory, for a byte of a file with the shortest of rows
LINE_LIMIT = 10239  # longer lines are split


def read_table_file(path: str, what: str, columns: int) -> list[list[float]]:
    """Rows of a file, see `read_text_table`.

    The reference counts rows before it reads them. A pipe is empty by then, so all its values are
    missing (quirk: pipes-read-twice).

    Raises
    ------
    InputError
        If it cannot be read, or its rows may need half of the machine's memory.
    """
    rows = read_text_table(read_bytes(path, what, memory() // (2 * MEMORY_A_BYTE)), columns)
    return [[math.nan] * columns for _ in rows] if is_pipe(path) else rows


def read_text_table(data: bytes, columns: int) -> list[list[float]]:
    """Rows of a table; a missing value is NaN or 0 as the reference has it. C: 3867-3967

    NaN only if the line ends in a number and a line end; after a trailing word, a carriage return or
    the end of the file the missing columns are 0, and so is a whole comment (quirk: text-table-zeros).
    """
    return [row for row in rows_or_blanks(data, [math.nan] * columns, DELIMITERS, LINE_LIMIT) if row is not None]


def rows_or_blanks(
    data: bytes, missing: Sequence[float], delimiters: str, line_limit: int
) -> Iterator[list[float] | None]:
    """The rows of a table by rules of their own.

    Parameters
    ----------
    data : bytes
    missing : sequence of float
        What stands for the value of each column that is missing.
    delimiters : str
        Characters between columns.
    line_limit : int
        Longer lines are split.

    Yields
    ------
    A row, or None for a line of nothing but delimiters.
    """
    for line in _lines(data.decode("latin-1"), line_limit):
        rest = line.lstrip(delimiters)
        if rest == "\n":
            yield None
            continue
        row = list(missing)
        for column in range(len(row)):
            row[column] = atof(rest)
            rest = rest.lstrip(NUMBER_CHARACTERS)
            if rest == "\n":
                break
            rest = _skip_word(rest, delimiters).lstrip(delimiters)
            if rest == "\n":
                break
        yield row


def _lines(text: str, limit: int) -> list[str]:
    """Lines with their ends, as fgets returns them and strings end: cut at the limit and at a NUL."""
    lines = []
    for line in text.split("\n"):
        line += "\n"
        lines += [line[i : i + limit] for i in range(0, len(line), limit)]
    # what follows the last line end is a line without end, or nothing
    lines[-1] = lines[-1][:-1]
    return [line.split("\0")[0] for line in lines if line]


def _skip_word(text: str, delimiters: str) -> str:
    for i, character in enumerate(text):
        if character in delimiters:
            return text[i:]
    return ""
