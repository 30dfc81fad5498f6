"""Numbers as C has them: atof, atoi, printf, ints that wrap, and operations that Python refuses or blurs."""

import math
import re
import struct

INT_MIN = -(2**31)
NAN_OF_X86 = -math.nan  # what 0/0 and its like give: the sign bit is set
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_SPACE = r"[ \t\n\v\f\r]*"
_INT = re.compile(_SPACE + r"([+-]?[0-9]+)")
_FLOAT = re.compile(
    _SPACE + r"([+-]?)(?:"
    r"(?P<hex>0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)|"
    r"(?P<dec>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|"
    r"(?P<inf>[iI][nN][fF])|(?P<nan>[nN][aA][nN])(?:\((?P<payload>[0-9a-zA-Z_]*)\))?)"
)
_PAYLOAD = re.compile(r"0[xX](?P<hex>[0-9a-fA-F]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*)")
_CONVERSION = re.compile(r"%([-+ #0]*[0-9]*)(?:\.[0-9]+)?l?([a-zA-Z%])")


def atof(text: str) -> float:
    """Longest numeric prefix as a double, else 0: decimal, hexadecimal, inf or nan (quirk: number-prefixes)."""
    found = _FLOAT.match(text)
    if found is None:
        return 0.0
    if found["dec"]:
        value = float(found["dec"])
    elif found["hex"]:
        value = _hex_value(found["hex"])
    else:
        value = math.inf if found["inf"] else _nan_value(found["payload"] or "")
    return -value if found[1] == "-" else value


def _hex_value(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return math.inf


def _nan_value(payload: str) -> float:
    """NaN of `nan(number)`, which has the number in its mantissa; a dump of structure factors shows it."""
    found = _PAYLOAD.fullmatch(payload)
    bases = {"hex": 16, "octal": 8, "decimal": 10}
    number = int(found[found.lastgroup], bases[found.lastgroup]) if found else 0
    bits = 0x7FF8 << 48 | min(number, 2**64 - 1) & (2**51 - 1)
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def atoi(text: str) -> int:
    """Longest decimal prefix as a 32-bit int, else 0; saturates as a long, then wraps.

    (quirk: whole-number-prefixes)
    """
    found = _INT.match(text)
    return wrap_int(min(max(long_int(found[1]), LONG_MIN), LONG_MAX)) if found else 0


def long_int(digits: str) -> int:
    """A whole number with any number of digits, exact within 64 bits; beyond, another one beyond on the same side."""
    # more than 20 digits are out of any range, and int() refuses very long texts
    value = int(digits.lstrip("+-0")[:21] or "0")
    return -value if digits[0] == "-" else value


def wrap_int(value: int) -> int:
    """Reduce to 32 bits, two's complement."""
    return (value - INT_MIN) % 2**32 + INT_MIN


def to_int(value: float) -> int:
    """Convert a double to a 32-bit int as the hardware does: INT_MIN when out of range or NaN."""
    return int(value) if -2147483649.0 < value < 2147483648.0 else INT_MIN


def divide(x: float, y: float) -> float:
    """IEEE division: by zero it gives an infinity or NaN instead of an exception."""
    if y != 0.0:
        return x / y
    if x == 0.0 or math.isnan(x):
        return surviving(x, y)
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def surviving(x: float, y: float) -> float:
    """The NaN that an operation on x and y results in: the first operand that is one, or a new one as x86 makes it."""
    if x != x:
        return x
    if y != y:
        return y
    return NAN_OF_X86


def add(x: float, y: float) -> float:
    """x + y; of two NaNs Python keeps now the first, now the second."""
    result = x + y
    return result if result == result else surviving(x, y)


def multiply(x: float, y: float) -> float:
    """x * y; as for `add`."""
    result = x * y
    return result if result == result else surviving(x, y)


def ceiling(value: float) -> float:
    """`ceil` as a double; infinities and NaN stay."""
    return float(math.ceil(value)) if math.isfinite(value) else value


def printf(template: str, *values: object) -> str:
    """Format as C does. Python differs in one point: it never prints the sign of a NaN."""
    if not any(isinstance(v, float) and v != v and math.copysign(1.0, v) < 0 for v in values):
        return template % values
    waiting = list(values)

    def one(found: re.Match) -> str:
        if found[2] == "%":
            return "%"
        value = waiting.pop(0)
        if isinstance(value, float) and value != value and math.copysign(1.0, value) < 0:
            return ("%" + found[1] + "s") % "-nan"
        return found[0] % (value,)

    return _CONVERSION.sub(one, template)


DBL_MIN = 2.2250738585072014e-308


def single(value: float) -> float:
    """Round to a 32-bit float; beyond its range it is an infinity."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
