"""MOSFLM orientation matrix: nine numbers, the columns are a*, b*, c* times the wavelength."""

from __future__ import annotations

import re

from ..ctext import atof

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
