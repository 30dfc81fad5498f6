"""The arithmetic of a GPU, operation by operation, none of which a compiler contracts or replaces.

A compiler for CUDA makes one fused operation of `a*b + c`. The intrinsics here with `rn` in their names are
rounded each on its own, by definition; only `fma` is fused. In CUDA's simulator plain Python does the same.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import config, njit, types

from ..kernels import elementary

DOUBLE = ir.DoubleType()


def _declared(builder: ir.IRBuilder, name: str, arguments: list) -> ir.CallInstr:
    """Call one of the compiler's functions of doubles."""
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(DOUBLE, [DOUBLE] * len(arguments)), name)
    return builder.call(function, arguments)


def _of_doubles(build: Callable, plain: Callable | None = None):
    """An intrinsic of doubles; of whole numbers alone, or of float32 alone, it is the plain operator.

    Parameters
    ----------
    build : callable
        Takes an LLVM builder and doubles.
    plain : callable, optional
        From the module `operator`.
    """
    from numba.cuda.extending import intrinsic

    def typed(typingctx, *arguments):
        if plain is not None and _are_others(plain, arguments):
            other = typingctx.resolve_function_type(plain, arguments, {})
            return other, lambda context, builder, _, values: context.get_function(plain, other)(builder, values)
        doubles = types.float64(*[types.float64] * len(arguments))
        return doubles, lambda context, builder, _, values: build(builder, *values)

    if build.__code__.co_argcount == 2:
        return intrinsic(lambda typingctx, x: typed(typingctx, x))
    if build.__code__.co_argcount == 3:
        return intrinsic(lambda typingctx, x, y: typed(typingctx, x, y))
    return intrinsic(lambda typingctx, x, y, z: typed(typingctx, x, y, z))


def _are_others(plain: Callable, arguments: tuple) -> bool:
    """Whether these are whole numbers, whose quotient would be a double, or float32."""
    whole = plain is not operator.truediv and all(isinstance(kind, types.Integer) for kind in arguments)
    return whole or all(kind == types.float32 for kind in arguments)


def _minus(builder: ir.IRBuilder, x):
    return builder.fsub(ir.Constant(DOUBLE, -0.0), x)


def _times_power_of_two(builder: ir.IRBuilder, x, rounded):
    integer = ir.IntType(64)
    k = builder.shl(builder.bitcast(rounded, integer), ir.Constant(integer, 52))
    return builder.bitcast(builder.add(builder.bitcast(x, integer), k), DOUBLE)


def on_device() -> tuple[dict[str, Callable], dict[Callable, Callable]]:
    """Operations by name as `spelling.respelled` wants them, and what stands in for functions of `elementary`."""
    fma = _of_doubles(lambda b, x, y, z: _declared(b, "llvm.nvvm.fma.rn.d", [x, y, z]))
    operations = {
        "+": _of_doubles(lambda b, x, y: _declared(b, "llvm.nvvm.add.rn.d", [x, y]), operator.add),
        "-": _of_doubles(lambda b, x, y: _declared(b, "llvm.nvvm.add.rn.d", [x, _minus(b, y)]), operator.sub),
        "*": _of_doubles(lambda b, x, y: _declared(b, "llvm.nvvm.mul.rn.d", [x, y]), operator.mul),
        "/": _of_doubles(lambda b, x, y: _declared(b, "llvm.nvvm.div.rn.d", [x, y]), operator.truediv),
        "negative": _of_doubles(_minus, operator.neg),
        "math.sqrt": _of_doubles(lambda b, x: _declared(b, "llvm.nvvm.sqrt.rn.d", [x])),
        "math.fabs": _of_doubles(lambda b, x: _declared(b, "llvm.nvvm.fabs.d", [x])),
        "np.ceil": _of_doubles(lambda b, x: _declared(b, "llvm.nvvm.ceil.d", [x])),
        "np.floor": _of_doubles(lambda b, x: _declared(b, "llvm.nvvm.floor.d", [x])),
    }
    return operations, {
        elementary.fma: fma,
        elementary.fmuladd: fma,
        elementary.times_power_of_two: _of_doubles(_times_power_of_two),
    }


@njit
def _fma(x, y, z):
    return elementary.fma(x, y, z)


@njit
def _ldexp_by_bits(x, rounded):
    return elementary.times_power_of_two(x, rounded)


def _quiet(function: Callable) -> Callable:
    """An operation on doubles that, like hardware, only gives inf or NaN where Python complains."""

    def operation(*arguments):
        with np.errstate(all="ignore"):
            return function(*map(np.float64, arguments))

    return operation


def in_simulator() -> tuple[dict[str, Callable], dict[Callable, Callable]]:
    """The same in plain Python; whole numbers stay whole numbers there, and float32 stays float32, too."""

    def for_others_too(plain: Callable) -> Callable:
        quiet = _quiet(plain)
        others = np.float32 if plain is operator.truediv else (int, np.float32)
        return lambda *arguments: (plain if all(isinstance(x, others) for x in arguments) else quiet)(*arguments)

    operations = {
        "+": for_others_too(operator.add),
        "-": for_others_too(operator.sub),
        "*": for_others_too(operator.mul),
        "/": for_others_too(operator.truediv),
        "negative": for_others_too(operator.neg),
        "math.sqrt": _quiet(np.sqrt),
        "math.fabs": math.fabs,
        "np.ceil": np.ceil,
        "np.floor": np.floor,
    }
    return operations, {
        elementary.fma: _fma,
        elementary.fmuladd: _fma,
        elementary.times_power_of_two: _ldexp_by_bits,
    }


def operations() -> tuple[dict[str, Callable], dict[Callable, Callable]]:
    """Those of this process: of a GPU, or of the simulator (NUMBA_ENABLE_CUDASIM)."""
    return in_simulator() if config.ENABLE_CUDASIM else on_device()
