"""Numbers scanned from text: values as a correctly rounding parser has them, rows wherever blocks end."""

import math
import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbport.crules.decimals import LARGEST_POWER, OK, SLOW, powers_of_ten
from nbport.crules.scan import rows_of_numbers, scan_float
from nbport.formats.hkl import read_hkl
from nbport.system.files import InputStream


class Text:
    """A stream over bytes."""

    def __init__(self, data):
        self.data = data

    def read_into(self, buffer):
        piece, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def scanned(text):
    """Status and value of a number."""
    data = np.frombuffer(text.encode() + b" ", np.uint8)
    status, value, start, end = scan_float(data, 0, powers_of_ten())
    assert (start, end) == (0, len(text))
    return status, value


def rows(text, **sizes):
    found = [chunk.copy() for chunk in rows_of_numbers(Text(text), False, **sizes)]
    return np.concatenate(found) if found else np.empty((0, 4))


def middle(x):
    """The decimal text of the number half-way between x and the next double, all digits of it."""
    half = (Fraction(x) + Fraction(math.nextafter(x, math.inf))) / 2
    digits, decimals = half.numerator, 0
    while half.denominator != 1:
        half, decimals = half * 10, decimals + 1
        digits = half.numerator
    return f"{digits}e-{decimals}"


def is_half_way(text):
    x = float(text)
    return any(2 * Fraction(text) == Fraction(x) + Fraction(math.nextafter(x, end)) for end in (0.0, math.inf))


@given(st.floats(1e-250, 1e250), st.integers(1, 17))
def test_numbers_as_programs_print_them_are_converted_at_once(x, digits):
    for text in (f"{x:.{digits - 1}e}", repr(x)):
        status, value = scanned(text)
        assert status == (SLOW if is_half_way(text) else OK)
        assert status == SLOW or value == float(text)


@given(st.text("0123456789", min_size=1, max_size=40), st.text("0123456789", max_size=40), st.integers(-400, 400))
def test_any_decimal_number_is_rounded_correctly_or_left_to_python(whole, decimals, exponent):
    text = f"{whole}.{decimals}e{exponent}"
    status, value = scanned(text)
    assert status == SLOW or value == float(text)
    assert rows(f"1 1 1 {text}".encode())[0, 3] == float(text)


@given(st.floats(1e-20, 2.0**52))
def test_half_way_between_two_doubles_is_not_guessed(x):
    assert scanned(middle(x))[0] == SLOW
    assert rows(f"1 1 1 {middle(x)}".encode())[0, 3] == float(middle(x))


def test_whole_number_half_way_between_two_doubles():
    assert scanned("9007199254740993") == (OK, 9007199254740992.0)
    assert scanned("9007199254740993.0")[0] == SLOW


def test_powers_of_ten_are_within_their_bound():
    for exponent in range(-LARGEST_POWER, LARGEST_POWER + 1):
        high, low = powers_of_ten()[LARGEST_POWER + exponent].tolist()
        power = Fraction(10) ** exponent
        assert abs(Fraction(high) + Fraction(low) - power) <= power / 2**106
        assert high == float(power)


@given(
    st.lists(st.sampled_from(["1", "-2", "3.5e1", " ", "\n", "\r\n\t", " " * 50, "infinity", "nan", "0x1p3", "x"])),
    st.integers(1, 40),
    st.integers(1, 3),
)
def test_rows_do_not_depend_on_where_blocks_end(tokens, block, count):
    text = " ".join(tokens).encode()
    np.testing.assert_array_equal(rows(text, block=block, rows=count), rows(text, block=10**5))


def test_a_pipe_is_read_once_as_in_the_reference(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"0 0 0 5\n1 0 0 6\n")
    os.close(writing)
    grid, hkls, last_F = read_hkl(f"/dev/fd/{reading}", 0.0, lambda *_: None)
    os.close(reading)
    assert (hkls, last_F, grid.Fhkl.max()) == (2, 6.0, 0.0)


def test_a_stream_gives_less_than_asked_only_at_its_end(tmp_path):
    (tmp_path / "x").write_bytes(bytes(range(100)))
    with InputStream(tmp_path / "x", "x") as stream:
        buffer = bytearray(64)
        assert [stream.read_into(memoryview(buffer)) for _ in range(3)] == [64, 36, 0]
        stream.rewind()
        assert stream.read_into(memoryview(buffer)) == 64
        assert buffer == bytes(range(64))


@pytest.mark.parametrize("text", ["1e", "1e+", "+.5", "007", "1.e-2", "0"])
def test_what_scanf_takes_for_a_number(text):
    digits = text.rstrip("+").rstrip("e")
    assert scanned(text) == (OK, float(digits))
