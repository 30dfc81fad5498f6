"""Structure factors are read as a loop of fscanf reads them: against a model, and against the C library itself."""

import ctypes
import platform
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbport.crules.scan import rows_of_numbers
from nbport.crules.text import LONG_MAX, LONG_MIN, wrap_int

DECIMAL = re.compile(rb"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)(?![0-9.e])", re.IGNORECASE)
INTEGER = re.compile(rb"\s*([+-]?[0-9]+)")

glibc_only = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="compares with glibc's sscanf")


class Text:
    """A stream over bytes."""

    def __init__(self, data):
        self.data = data

    def read_into(self, buffer):
        piece, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def scanned(text, whole_indices=False, **sizes):
    """All rows; read in small pieces, so that numbers and rows cross the border between two."""
    sizes = sizes or {"block": 64, "rows": 4}
    rows = [rows.copy() for rows in rows_of_numbers(Text(text), whole_indices, **sizes)]
    return np.concatenate([np.zeros((0, 4)), *rows])


def scanned_by_libc(text, whole_indices=False):
    """The same by the C library."""
    libc = ctypes.CDLL(None)
    indices = [ctypes.c_int() if whole_indices else ctypes.c_double() for _ in range(3)]
    F, used = ctypes.c_double(), ctypes.c_int()
    template = b"%d%d%d%lg%n" if whole_indices else b"%lg%lg%lg%lg%n"
    rows, pos = [], 0
    while libc.sscanf(text[pos:], template, *map(ctypes.byref, (*indices, F, used))) == 4:
        rows.append([value.value for value in (*indices, F)])
        pos += used.value
    return np.array(rows, float).reshape(-1, 4)


def same_bits(a, b):
    # the payload of a NaN is not in a text that fscanf takes, its sign is
    return a.shape == b.shape and a.tobytes() == b.tobytes()


numbers = st.one_of(
    st.integers(-999, 999).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=12).map(str),
    st.from_regex(r"[+-]?[0-9]{1,40}[.]?[0-9]{0,40}(e[+-]?[0-9]{1,3})?", fullmatch=True),
)
blanks = st.text(" \t\n\r\v\f", min_size=1, max_size=3)
tables = st.lists(st.tuples(numbers, blanks), max_size=40).map(lambda pairs: "".join(map("".join, pairs)).encode())
# pieces that numbers are made of, and are not
pieces = st.sampled_from([*"0123456789", *"+-.eExXpP", " ", "\n", "nan", "inf", "inity", "0x", "af", "1e", ",", "(2)"])
scraps = st.lists(pieces, max_size=40).map(lambda parts: "".join(parts).encode())


@given(tables)
def test_plain_numbers_come_four_at_a_time(text):
    found = [float(word) for word in text.split()]
    expected = np.array(found[: len(found) // 4 * 4]).reshape(-1, 4)
    assert same_bits(scanned(text), expected)


@given(tables)
def test_second_reading_takes_whole_numbers_for_indices(text):
    rows, row, pos = [], [], 0
    found = INTEGER.match(text)
    while found:
        # an index saturates as a long and wraps as an int
        row.append(float(wrap_int(min(max(int(found[1]), LONG_MIN), LONG_MAX)) if len(row) < 3 else found[1]))
        pos = found.end()
        if len(row) == 4:
            rows.append(row)
            row = []
        found = (INTEGER if len(row) < 3 else DECIMAL).match(text, pos)
    assert same_bits(scanned(text, whole_indices=True), np.array(rows, float).reshape(-1, 4))


@glibc_only
@given(scraps)
@example(b"1e 1e+ 0x1p 5")
@example(b"1 2 3 0x1.8p1 0x 0 0 0")
@example(b"infinity inf -nan +NaN infinit 1 2 3")
@example(b"-1-2-3 5 6.7.8.9")
def test_scraps_read_as_the_c_library_reads_them(text):
    assert same_bits(scanned(text), scanned_by_libc(text))


@glibc_only
@given(scraps)
@example(b"99999999999999999999 -99999999999999999999 4294967298 1")
@example(b"9223372036854775800 -9223372036854775801 9223372036854775807 1 9223372036854775808 -9223372036854775808 9 1")
@example(b"1 2 3.5 4")
def test_scraps_read_with_whole_indices_as_the_c_library_reads_them(text):
    assert same_bits(scanned(text, True), scanned_by_libc(text, True))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_to_some_end(text):
    assert scanned(text).shape[1] == scanned(text, True).shape[1] == 4
