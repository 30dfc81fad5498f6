"""Arrays without owners, for inner loops.

Numba counts references to the owner of an array whenever an array changes hands, even between
variables of one function. Threads that share the array then wait for each other's counts.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def borrowed(typingctx, value):
    """The same array, or tuple with arrays in it, without counting references.

    The caller has to keep the value alive until the function that borrows it has returned.
    """

    def codegen(context, builder, signature, args):
        return _without_owner(context, builder, value, args[0])

    return value(value), codegen


def _without_owner(context, builder, kind, value):
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value=value)
        array.meminfo = ir.Constant(array.meminfo.type, None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        for i, part in enumerate(kind):
            item = _without_owner(context, builder, part, builder.extract_value(value, i))
            value = builder.insert_value(value, item, i)
    return value
