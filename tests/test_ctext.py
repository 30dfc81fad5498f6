"""Numbers to text and back by the C library's rules."""

import ctypes
import math
import platform
import struct

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nbport.crules.text import INT_MIN, atof, atoi, ceiling, divide, printf, to_int, wrap_int

finite = st.floats(allow_nan=False, allow_infinity=False)
any_double = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


def bits(x):
    return struct.pack(">d", x).hex()


@given(finite)
def test_plain_number_is_the_nearest_double(x):
    for text in (repr(x), f"{x:.25e}", f"  \t{x!r}", f"{x!r} tail", f"{x!r},5"):
        assert bits(atof(text)) == bits(float(text.split(",")[0].split()[0]))


@given(st.from_regex(r"[ ]?[+-]?[0-9]{0,25}[.]?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_decimal_text_is_what_python_makes_of_it(text):
    try:
        expected = float(text)
    except ValueError:
        assume(False)
    assert bits(atof(text)) == bits(expected)


@given(finite)
def test_hexadecimal_number_is_exact(x):
    assert bits(atof(x.hex())) == bits(x)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0.0), ("abc", 0.0), (".", 0.0), ("-", 0.0), ("--1", 0.0), ("e5", 0.0), ("+.5", 0.5), ("5.", 5.0),
        ("1e", 1.0), ("1e+", 1.0), ("1d3", 1.0), ("1_0", 1.0), ("1,5", 1.0), ("1e400", math.inf), ("-1e400", -math.inf),
        ("1e-400", 0.0), ("0x", 0.0), ("0xg", 0.0), ("0x1p0", 1.0), ("0x.8p1", 1.0), ("0x1p99999", math.inf),
        ("0X1.8", 1.5), ("inf", math.inf), ("-INFinity", -math.inf), ("infinit", math.inf), ("\v\f\r2", 2.0),
        ("\u00a03", 0.0), ("\u0663", 0.0), ("0.1000000000000000055511151231257827", 0.1),
    ],
)  # fmt: skip
def test_longest_beginning_that_is_a_number_counts(text, value):
    assert bits(atof(text)) == bits(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nan", "7ff8000000000000"), ("-NaN", "fff8000000000000"), ("+nan()", "7ff8000000000000"),
        ("nan(12)", "7ff800000000000c"), ("-nan(0x10)", "fff8000000000010"), ("nan(010)", "7ff8000000000008"),
        ("nan(08)", "7ff8000000000000"), ("nan(word)", "7ff8000000000000"), ("nan(12", "7ff8000000000000"),
        ("nan(99999999999999999999999)", "7fffffffffffffff"),
    ],
)  # fmt: skip
def test_nan_keeps_its_sign_and_its_number(text, expected):
    assert bits(atof(text)) == expected


pieces = st.sampled_from([*"0123456789", *"+-.eExXpP _()", "nan", "inf", "inity", "0x", "af", "1e", ",", "\t"])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="compares with glibc's atof and atoi")
@given(st.lists(pieces, max_size=15).map("".join))
@example("0x.")
@example("-nan(0x_)")
def test_scraps_of_numbers_are_what_the_c_library_makes_of_them(text):
    libc = ctypes.CDLL(None)
    libc.atof.restype = ctypes.c_double
    assert bits(atof(text)) == bits(libc.atof(text.encode()))
    assert atoi(text) == libc.atoi(text.encode())


@given(st.text(max_size=12))
def test_any_text_is_some_number(text):
    assert isinstance(atof(text), float)
    assert INT_MIN <= atoi(text) < 2**31


@given(st.integers(-(2**80), 2**80))
def test_integer_saturates_as_a_long_and_wraps_as_an_int(n):
    expected = wrap_int(min(max(n, -(2**63)), 2**63 - 1))
    assert atoi(str(n)) == atoi(f"\n {n}.9") == atoi(f"{n}x") == expected
    assert (expected - n) % 2**32 == 0 or abs(n) >= 2**63


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1), ("2.7", 2), ("0x10", 0), ("007", 7), ("1_0", 1), ("\u0663", 0), ("- 3", 0), ("--3", 0), ("+2", 2),
        ("3000000000", -1294967296), ("99999999999999999999", -1), ("-99999999999999999999", 0), ("9" * 5000, -1),
        ("0" * 5000 + "5", 5), ("-" + "0" * 5000 + "5", -5), ("9223372036854775800", -8), ("-9223372036854775801", 7),
    ],
)  # fmt: skip
def test_longest_beginning_that_is_an_integer_counts(text, value):
    assert atoi(text) == value


@given(any_double)
def test_conversion_to_int_is_the_hardware_s(x):
    inside = not math.isnan(x) and -(2**31) - 1 < x < 2**31
    assert to_int(x) == (math.trunc(x) if inside else INT_MIN)


@given(finite)
def test_ceiling_is_the_next_whole_number(x):
    assert ceiling(x) - 1 < x <= ceiling(x) or abs(x) >= 2**53
    assert ceiling(math.inf) == math.inf


@given(finite, finite)
def test_division_is_python_s_where_python_divides(x, y):
    if y != 0.0:
        assert bits(divide(x, y)) == bits(x / y)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (1.0, 0.0, "7ff0000000000000"), (-1.0, 0.0, "fff0000000000000"), (1.0, -0.0, "fff0000000000000"),
        (0.0, 0.0, "fff8000000000000"), (-0.0, 0.0, "fff8000000000000"), (math.nan, 0.0, "7ff8000000000000"),
        (math.inf, 0.0, "7ff0000000000000"), (0, 0, "fff8000000000000"),
    ],
)  # fmt: skip
def test_division_by_zero_is_ieee_s(x, y, expected):
    assert bits(divide(x, y)) == expected


@given(st.sampled_from(("%g", "%f", "%15.10g", "%11.8f", "%.25g", "%lg", "%-12g|")), finite)
def test_numbers_print_as_python_prints_them(template, x):
    assert printf(template, x) == template % x


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("%g %g", (math.nan, -math.nan), "nan -nan"), ("%15.10g|", (-math.nan,), "           -nan|"),
        ("%-8f|", (-math.nan,), "-nan    |"), ("%d%% %g%%", (3, -math.nan), "3% -nan%"),
        ("%s %11.8f", ("%g", -math.nan), "%g        -nan"), ("%.0f %g", (-math.inf, -0.0), "-inf -0"),
    ],
)  # fmt: skip
def test_sign_of_a_nan_is_printed(template, values, text):
    assert printf(template, *values) == text
