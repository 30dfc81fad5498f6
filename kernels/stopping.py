"""How a kernel learns that nobody waits for its result any more.

The scene holds the address of one byte, and every kernel looks at it once a sub-pixel and once a mosaic domain. If
the byte is not zero, the kernel returns at once; what it leaves behind is to be thrown away. Whoever called it sets
the byte from another thread, and keeps it in memory until the kernel is done: `nbport/system/stopping.py`.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .scalar import scalar

NOBODY = 0  # in place of an address: the kernel runs to its end


@intrinsic
def _byte_at(typingctx, address):
    """The byte at an address, read anew every time.

    LLVM moves a plain load in front of a loop in which it sees no write to that place, and then the loop would never
    see the byte change. It moves no load that is atomic with an order, be it the weakest one, "monotonic". On x86-64
    and ARM that is the same instruction as a plain load of a byte.
    """

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        return builder.load_atomic(pointer, "monotonic", 1)

    return types.uint8(types.int64), codegen


@scalar
def stopped(stop):
    """Has the byte at this address been set? Never, if there is none."""
    return stop != NOBODY and _byte_at(stop) != 0
