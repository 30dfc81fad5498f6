"""Tables of numbers: what the reference takes for a missing value."""

import math

import pytest

from nbport.formats.text_table import LINE_LIMIT, read_text_table


def same(row, expected):
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(row, expected, strict=True))


NAN = math.nan


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"1 2 3\n", [[1, 2, 3]]),
        (b"1,2;3\n", [[1, 2, 3]]),
        (b"1 2\n", [[1, 2, NAN]]),
        (b"1 2 \n", [[1, 2, NAN]]),
        (b"1 2", [[1, 2, 0]]),
        (b"1 2\r\n", [[1, 2, 0]]),
        (b"1 2 word\n", [[1, 2, 0]]),
        (b"# comment\n", [[0, 0, 0]]),
        (b"1 2 3 4 5\n", [[1, 2, 3]]),
        (b" \t\n1 2 3\n", [[1, 2, 3]]),
        (b"\r\n", [[0, 0, 0]]),
        (b"", []),
        (b"1\0 2 3\n4 5 6\n", [[1, 0, 0], [4, 5, 6]]),
    ],
)
def test_row_is_read_as_the_reference_reads_it(data, expected):
    rows = read_text_table(data, 3)
    assert len(rows) == len(expected)
    assert all(same(row, want) for row, want in zip(rows, expected, strict=True)), rows


def test_line_beyond_the_limit_is_split_into_two_rows():
    first = b"1 2 " + b" " * (LINE_LIMIT - 4)
    rows = read_text_table(first + b"3 4 5\n", 3)
    assert len(rows) == 2
    assert rows[1] == [3, 4, 5]
