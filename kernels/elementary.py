"""Elementary functions without libm, free of branches, so that loops over pixels vectorize.

They take the same rounded arguments as the reference's libm calls and differ from the true
value by a proved bound; `docs/kernels.md` has reductions, polynomials and bounds in full. The
rounding test of `certified.py` catches every pixel for which the difference could matter.
"""

import platform
from typing import NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from .bounds import SIN_LIMIT_FMA, SIN_LIMIT_PLAIN

inlined = njit(error_model="numpy", inline="always")

# all of these and the coefficients are made by docs/scripts/polynomials.py
INV_PI = 0.3183098861837907
# 1.5 * 2**52: adding it rounds to a whole number, which then stands in the low bits
ROUNDER = 6755399441055744.0
# pi in two doubles, 107 bits
PI_A, PI_B = 3.141592653589793, 1.2246467991473532e-16
# pi in two parts of 33 bits and a double: products with whole numbers below 2**20 are exact
PI_1, PI_2, PI_3 = 3.1415926534682512, 1.2154201012607932e-10, 4.044532497591901e-21
# logarithm of 2 in 40 bits and a double
LN2_HI, LN2_LO, INV_LN2 = 0.6931471805592082, 7.371002565167799e-13, 1.4426950408889634


class Polynomials(NamedTuple):
    """Coefficients, lowest power first; docs/scripts/polynomials.py makes them, `bounds.py` has their errors."""

    sin_short: tuple[float, ...] = (
        -0.16666666666658467, 0.008333333330940343, -0.00019841268709047569, 2.755712317326084e-06,
        -2.5036744950479975e-08, 1.5502507984399832e-10,
    )  # fmt: skip
    sin_long: tuple[float, ...] = (
        -0.1666666666666665, 0.008333333333325933, -0.0001984126983646898, 2.7557318055676923e-06,
        -2.5051972920776287e-08, 1.6050972213657388e-10, -7.40805444043985e-13,
    )  # fmt: skip
    cos_long: tuple[float, ...] = (
        -0.49999999999999684, 0.04166666666654123, -0.0013888888880751239, 2.480158532108049e-05,
        -2.755708954935871e-07, 2.0863067994367043e-09, -1.1064989757075887e-11,
    )  # fmt: skip
    exp: tuple[float, ...] = (
        1.0, 0.49999999999797934, 0.16666666666648303, 0.041666666890958284, 0.008333333353717274,
        0.0013888821677373743, 0.00019841208756759125, 2.4876164165064054e-05, 2.7625102134822924e-06,
    )  # fmt: skip


def _has_fma() -> bool:
    """Whether a fused multiply-add is one instruction here, and not a call."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return True
    from numba import config

    features = config.CPU_FEATURES
    if config.CPU_NAME == "generic":
        return False
    if features is not None:
        return "+fma" in features.split(",")
    return bool(llvm.get_host_cpu_features().get("fma"))


HAS_FMA = _has_fma()
# |argument| up to which the reduction holds
SIN_LIMIT = SIN_LIMIT_FMA if HAS_FMA else SIN_LIMIT_PLAIN


@intrinsic
def fma(typingctx, a, b, c):
    """a*b + c, rounded once."""

    def codegen(context, builder, signature, args):
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), codegen


@intrinsic
def fmuladd(typingctx, a, b, c):
    """a*b + c, rounded once or twice, whichever is faster: for polynomials only."""

    def codegen(context, builder, signature, args):
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double] * 3)
        return builder.call(builder.module.declare_intrinsic("llvm.fmuladd", [double], kind), args)

    return types.float64(types.float64, types.float64, types.float64), codegen


@intrinsic
def times_power_of_two(typingctx, x, rounded):
    """x * 2**k, where `rounded` is ROUNDER + k and the result is a normal number."""

    def codegen(context, builder, signature, args):
        integer, double = ir.IntType(64), ir.DoubleType()
        k = builder.shl(builder.bitcast(args[1], integer), ir.Constant(integer, 52))
        return builder.bitcast(builder.add(builder.bitcast(args[0], integer), k), double)

    return types.float64(types.float64, types.float64), codegen


if HAS_FMA:

    @inlined
    def two_part_reciprocal(divisor):
        """1/divisor as an unevaluated sum of two doubles, the second within 2**-51 of itself."""
        high = 1.0 / divisor
        return high, fma(-divisor, high, 1.0) * high

    @inlined
    def quotient(x, divisor, reciprocal):
        """x / divisor, correctly rounded (Markstein): a quotient within 1 ulp, corrected by its exact remainder.

        For normal results far from over- and underflow, or x = 0.
        """
        q = fma(x, reciprocal[0], x * reciprocal[1])
        return fma(fma(-divisor, q, x), reciprocal[0], q)

    @inlined
    def reduced(y, k):
        """y - k*pi for a whole number k near y/pi.

        The first product is exact and so is the difference (Sterbenz); then one rounding. Leaving out
        the third part of pi costs at most 2**29 * 3e-33, no more than REDUCTION_ERROR of a result above TINY.
        """
        return fma(-k, PI_B, fma(-k, PI_A, y))

else:

    @inlined
    def two_part_reciprocal(divisor):
        """Not used by this `quotient`."""
        return 0.0, 0.0

    @inlined
    def quotient(x, divisor, reciprocal):
        """x / divisor; without a fused multiply-add nothing is faster."""
        return x / divisor

    @inlined
    def reduced(y, k):
        """y - k*pi for a whole number k near y/pi; two exact products, then REDUCTION_ERROR above TINY."""
        return ((y - k * PI_1) - k * PI_2) - k * PI_3


@inlined
def nearest_multiple(y):
    """The whole number nearest to y/pi, for |y| up to SIN_LIMIT."""
    return fmuladd(y, INV_PI, ROUNDER) - ROUNDER


@inlined
def nearest_whole(h):
    """The whole number nearest to h; for a tie, either of the two."""
    return (h + ROUNDER) - ROUNDER


@inlined
def lesser(a, b):
    """The smaller of two numbers, as one instruction."""
    return a if a < b else b


@inlined
def sin_reduced(r, s):
    """sin(r) for |r| <= pi/2; s: `Polynomials.sin_short`. Relative error SIN_ERROR, reduction included."""
    t = r * r
    p = fmuladd(t, s[5], s[4])
    p = fmuladd(t, p, s[3])
    p = fmuladd(t, p, s[2])
    p = fmuladd(t, p, s[1])
    p = fmuladd(t, p, s[0])
    return fmuladd(r * t, p, r)


@inlined
def abs_sin_cos(y, s, c):
    """sin(y) and cos(y) up to one common sign; s, c: `sin_long` and `cos_long`."""
    return sin_cos_of_reduced(reduced(y, nearest_multiple(y)), s, c)


@inlined
def sin_cos_of_reduced(r, s, c):
    """sin(r) and cos(r) for |r| <= pi/2, by `sin_long` and `cos_long`: r + r t P(t) and 1 + t Q(t) with t = r^2."""
    t = r * r
    p = fmuladd(t, s[6], s[5])
    p = fmuladd(t, p, s[4])
    p = fmuladd(t, p, s[3])
    p = fmuladd(t, p, s[2])
    p = fmuladd(t, p, s[1])
    p = fmuladd(t, p, s[0])
    q = fmuladd(t, c[6], c[5])
    q = fmuladd(t, q, c[4])
    q = fmuladd(t, q, c[3])
    q = fmuladd(t, q, c[2])
    q = fmuladd(t, q, c[1])
    q = fmuladd(t, q, c[0])
    return fmuladd(r * t, p, r), fmuladd(t, q, 1.0)


@inlined
def exp_of(z, e):
    """exp(z) for EXP_UNDERFLOW <= z <= EXP_LIMIT; e: `Polynomials.exp`. Relative error EXP_ERROR."""
    rounded = fmuladd(z, INV_LN2, ROUNDER)
    k = rounded - ROUNDER
    r = (z - k * LN2_HI) - k * LN2_LO
    p = fmuladd(r, e[8], e[7])
    p = fmuladd(r, p, e[6])
    p = fmuladd(r, p, e[5])
    p = fmuladd(r, p, e[4])
    p = fmuladd(r, p, e[3])
    p = fmuladd(r, p, e[2])
    p = fmuladd(r, p, e[1])
    p = fmuladd(r, p, e[0])
    return times_power_of_two(fmuladd(r, p, 1.0), rounded)


@inlined
def weighted_cubic(w0, w1, w2, w3, y0, y1, y2, y3):
    """The sum of `scalar.polint` from products w of differences; divisions by 2 are exact products."""
    sixth = two_part_reciprocal(6.0)
    return (
        -quotient(w0 * y0, 6.0, sixth) + w1 * y1 * 0.5 + w2 * y2 * -0.5 + quotient(w3 * y3, 6.0, sixth)
    )  # fmt: skip
