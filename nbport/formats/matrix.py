"""MOSFLM orientation matrix: nine numbers, the columns are a*, b*, c* times the wavelength."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..crules.text import atof

_SPACE = b" \t\n\v\f\r"
# what fscanf takes for a number; see cscan for the same rules on large files
_NUMBER = re.compile(
    rb"[+-]?(?:nan|inf(?:inity|(?!i))|0x(?:(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]*)(?:(?<=[0-9a-f.])p[+-]?[0-9]*)?)"
    rb"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]*)?)",
    re.IGNORECASE,
)
_BEGINNING = re.compile(rb"[+-]?\.?")


def read_matrix(data: bytes, previous: list[list[float]]) -> list[list[float]]:
    """Fill a*, b*, c* from three reads of three numbers; a read that fails keeps what was there. C: 1885-1887

    Parameters
    ----------
    data : bytes
        Content of the file.
    previous : [a*, b*, c*], each [x, y, z]

    Returns
    -------
    The three vectors as the file has them.
    """
    vectors = [list(v) for v in previous]
    pos = 0
    for component in range(3):
        for vector in vectors:
            start = pos
            while start < len(data) and data[start] in _SPACE:
                start += 1
            found = _NUMBER.match(data, start)
            if found is None:
                # the rest of this read is given up; what looked like a beginning is consumed
                pos = _BEGINNING.match(data, start).end()
                break
            vector[component] = atof(found[0].decode("latin-1"))
            pos = found.end()
    return vectors


def mosflm_text(
    matrix: Sequence[Sequence[float]], U: Sequence[Sequence[float]], cell: Sequence[float], digits: int
) -> bytes:
    """A file of MOSFLM: the matrix, no missetting angles, the rotation alone, the cell, no missetting angles.

    Parameters
    ----------
    matrix : [3][3]
        Columns a*, b*, c* times the wavelength. `read_matrix` takes these nine numbers and no more.
    U : [3][3]
        Turns the default orientation.
    cell : six numbers, Angstrom and degrees
    digits : int
        Decimals of the matrix. MOSFLM itself reads columns of twelve characters, which is right for 8.
    """

    def row(values: Sequence[float], width: int, decimals: int) -> str:
        return "".join(f"{value:{width}.{decimals}f}" for value in values) + "\n"

    none = row((0.0, 0.0, 0.0), 12, 3)
    lines = [row(values, digits + 4, digits) for values in matrix]
    lines += [none, *(row(values, 12, 7) for values in U), row(cell, 12, 4), none]
    return "".join(lines).encode()
