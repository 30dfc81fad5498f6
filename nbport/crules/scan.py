"""`fscanf` conversions of the C library on a block of bytes, compiled: %lg and %d.

A scanner accepts what looks like the beginning of a number, which is more than what `strtod`
converts: "1e" is consumed whole and gives 1, "1e+" too, "0x" and "." fail.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from ..errors import InputError
from ..system.files import InputStream
from .decimals import OK, SLOW, jitted, powers_of_ten, times_power_of_ten
from .text import atof

FAIL = 2  # beside OK and SLOW of a number that was accepted

FULL, ENDED, SHORT = 0, 1, 2  # why scan_rows returns: no more room, the scan failed, no more text
LONGEST_ROW = 2**26  # bytes
LOOKAHEAD = 16  # more bytes than decide about a number beyond its last one

cached = njit(error_model="numpy", nogil=True, _nrt=False, cache=True)


@jitted
def skip_space(text, pos):
    """First position that holds no blank."""
    while pos < text.size and (text[pos] == 32 or 9 <= text[pos] <= 13):
        pos += 1
    return pos


@jitted
def is_digit(c):
    return 48 <= c <= 57


@jitted
def follows(text, pos, word):
    """Does a lower-case word stand at pos, in any case?"""
    if pos + len(word) > text.size:
        return False
    for i in range(len(word)):
        if (text[pos + i] | 32) != word[i]:
            return False
    return True


@jitted
def scan_special(text, pos):
    """Skip `nan`, `inf` or `infinity`: (status, position after it)."""
    if follows(text, pos, (110, 97, 110)):
        return SLOW, pos + 3
    if follows(text, pos, (105, 110, 102)):
        if pos + 3 < text.size and (text[pos + 3] | 32) == 105:
            # an i after "inf" must begin "infinity"
            return (SLOW, pos + 8) if follows(text, pos + 3, (105, 110, 105, 116, 121)) else (FAIL, pos)
        return SLOW, pos + 3
    return FAIL, pos


@jitted
def scan_hex(text, pos):
    """Skip the digits of a hexadecimal number: (status, position after it)."""
    start = pos
    got_digit = got_dot = got_exp = False
    while pos < text.size:
        c = text[pos]
        if is_digit(c) or (not got_exp and 97 <= (c | 32) <= 102):
            got_digit = True
        elif got_exp and (text[pos - 1] | 32) == 112 and (c == 43 or c == 45):
            pass
        elif got_digit and not got_exp and (c | 32) == 112:
            got_exp = got_dot = True
        elif c == 46 and not got_dot:
            got_dot = True
        else:
            break
        pos += 1
    return (SLOW if pos > start else FAIL), pos


@jitted
def scan_decimal(text, pos, powers):
    """Convert a decimal number without sign: (status, value, position after it)."""
    mantissa = np.int64(0)
    digits = cut_off = 0  # `digits` without leading zeros
    decimals = np.int64(0)  # of the mantissa; below zero where digits before the point were cut off
    got_digit = got_dot = False
    start = pos
    while pos < text.size:
        c = text[pos]
        if is_digit(c):
            got_digit = True
            if digits < 18:
                mantissa = mantissa * 10 + (c - 48)
                digits += 1 if mantissa > 0 else 0
                decimals += 1 if got_dot else 0
            else:
                cut_off += 1
                decimals -= 0 if got_dot else 1
        elif c == 46 and not got_dot:
            got_dot = True
        else:
            break
        pos += 1
    if not got_digit:
        return FAIL, 0.0, start
    exponent = np.int64(0)
    if pos < text.size and (text[pos] | 32) == 101:
        pos += 1
        negative = False
        if pos < text.size and (text[pos] == 43 or text[pos] == 45):
            negative = text[pos] == 45
            pos += 1
        while pos < text.size and is_digit(text[pos]):
            # more than there can be decimals
            exponent = min(exponent * 10 + (text[pos] - 48), 10**15)
            pos += 1
        exponent = -exponent if negative else exponent
    status, value = times_power_of_ten(mantissa, cut_off > 0, exponent - decimals, powers)
    return status, value, pos


@jitted
def scan_float(text, pos, powers):
    """One %lg: (status, value, start of the number, position after it). C: 2152-2152"""
    pos = skip_space(text, pos)
    start = pos
    if pos >= text.size:
        return FAIL, 0.0, start, pos
    negative = text[pos] == 45
    if negative or text[pos] == 43:
        pos += 1
        if pos >= text.size:
            return FAIL, 0.0, start, pos
    letter = text[pos] | 32
    if letter == 110 or letter == 105:
        status, pos = scan_special(text, pos)
        return status, 0.0, start, pos
    if text[pos] == 48 and pos + 1 < text.size and (text[pos + 1] | 32) == 120:
        status, pos = scan_hex(text, pos + 2)
        return status, 0.0, start, pos
    status, value, pos = scan_decimal(text, pos, powers)
    return status, (-value if negative else value), start, pos


@jitted
def scan_int(text, pos):
    """One %d: (status, value, position after it); saturates as a long, then wraps to 32 bits."""
    pos = skip_space(text, pos)
    if pos >= text.size:
        return FAIL, np.int64(0), pos
    negative = text[pos] == 45
    if negative or text[pos] == 43:
        pos += 1
    start = pos
    value = np.int64(0)
    saturated = False
    while pos < text.size and is_digit(text[pos]):
        digit = np.int64(text[pos]) - 48
        # LONG_MAX is 9223372036854775807
        saturated = saturated or value > 922337203685477580 or (value == 922337203685477580 and digit > 7)
        value = value if saturated else value * 10 + digit
        pos += 1
    if pos == start:
        return FAIL, np.int64(0), pos
    if saturated:
        # LONG_MAX and LONG_MIN as ints
        return OK, np.int64(0 if negative else -1), pos
    value = -value if negative else value
    return OK, ((value + 2147483648) & 4294967295) - 2147483648, pos


@cached
def scan_rows(text, pos, at_end, whole_indices, powers, values, slow):
    """Scan rows of three indices and a number until one fails, or `values` is full, or the text ends.

    Parameters
    ----------
    text : uint8 [n]
    pos : int
        Where to begin.
    at_end : bool
        Nothing follows the text.
    whole_indices : bool
        Scan the indices with %d instead of %lg.
    powers : float64 array
        From `powers_of_ten`.
    values : float64 [rows, 4]
        Filled.
    slow : int64 [rows * 4, 3]
        Filled with (flat index into values, start, end) of numbers still to be converted.

    Returns
    -------
    (complete rows, number of slow entries, position after the last complete row, FULL, ENDED or SHORT)
    """
    slows = 0
    for row in range(values.shape[0]):
        at = pos
        slows_before = slows
        for column in range(4):
            if whole_indices and column < 3:
                status, whole, at = scan_int(text, at)
                values[row, column] = np.float64(whole)
            else:
                status, value, start, at = scan_float(text, at, powers)
                values[row, column] = value
                if status == SLOW:
                    slow[slows, 0] = 4 * row + column
                    slow[slows, 1] = start
                    slow[slows, 2] = at
                    slows += 1
            if at + LOOKAHEAD > text.size and not at_end:
                # blanks are not kept, however many
                return row, slows_before, skip_space(text, pos), SHORT
            if status == FAIL:
                return row, slows_before, pos, ENDED
        pos = at
    return values.shape[0], slows, pos, FULL


def rows_of_numbers(
    stream: InputStream, whole_indices: bool, rows: int = 8192, block: int = 2**20
) -> Iterator[np.ndarray]:
    """Yield the rows `h k l F` of a file, as a loop of fscanf reads them.

    Parameters
    ----------
    stream : InputStream
    whole_indices : bool
        Scan the indices with %d instead of %lg.
    rows : int
        At most so many at once.
    block : int
        Bytes read at once.

    Yields
    ------
    float64 [n, 4], n > 0; the memory is used again for the next.
    """
    powers = powers_of_ten()
    values = np.empty((rows, 4))
    slow = np.empty((4 * rows, 3), np.int64)
    text = np.empty(block, np.uint8)
    pos = filled = 0
    reason, at_end = SHORT, False
    while reason != ENDED:
        if reason == SHORT:
            rest = text[pos:filled].copy()
            if rest.size > LONGEST_ROW:
                raise InputError(f"{stream.path}: found a row of more than {LONGEST_ROW} bytes, expected: h k l F")
            if rest.size == text.size:
                text = np.empty(2 * text.size, np.uint8)  # a row that is longer than a block
            text[: rest.size] = rest
            more = stream.read_into(memoryview(text)[rest.size :])
            pos, filled, at_end = 0, rest.size + more, more == 0
        complete, slows, pos, reason = scan_rows(text[:filled], pos, at_end, whole_indices, powers, values, slow)
        for index, start, end in slow[:slows].tolist():
            values.flat[index] = atof(text[start:end].tobytes().decode("latin-1"))
        if complete:
            yield values[:complete]
