"""Twins of compiled functions in which operators and functions of libraries are calls of functions of ours.

Compilers may swap operands, move minus signs, or contract a product and a sum into one operation. Where
that must not be, the function's source is compiled once more with every operation spelled out, so one
text serves both.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from types import FunctionType

from numba.core.dispatcher import Dispatcher

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
NEGATIVE = "negative"


class _Speller(ast.NodeTransformer):
    """Replaces operations by calls of aliases."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._call(BINARY.get(type(node.op)), node, node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return self._call(NEGATIVE if isinstance(node.op, ast.USub) else None, node, node.operand)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        value = ast.parse(ast.unparse(node.target), mode="eval").body
        return self.visit(ast.Assign([node.target], ast.BinOp(value, node.op, node.value)))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = ast.unparse(node.func) if isinstance(node.func, ast.Attribute) else None
        return self._call(name, node, *node.args)

    def _call(self, operation: str | None, node: ast.expr, *arguments: ast.expr) -> ast.expr:
        if operation not in self._aliases:
            return node
        return ast.Call(ast.Name(self._aliases[operation], ast.Load()), list(arguments), [])


def respelled(
    function: Dispatcher, operations: Mapping[str, Callable], twin_of: Callable[[Dispatcher], Callable]
) -> Callable:
    """A plain Python function with the body of a compiled one, operations spelled out.

    Parameters
    ----------
    function : Numba dispatcher
    operations : mapping of str to callable
        What to call for "+", "-", "*", "/", "negative", and for dotted names such as "math.sqrt"; what is
        not there stays.
    twin_of : callable
        Gives the twin of a compiled function that this one calls.
    """
    python = function.py_func
    tree = ast.parse(textwrap.dedent(inspect.getsource(python)))
    tree.body[0].decorator_list.clear()
    aliases = {operation: f"spelled_{i}" for i, operation in enumerate(operations)}
    tree = ast.fix_missing_locations(_Speller(aliases).visit(tree))
    ast.increment_lineno(tree, python.__code__.co_firstlineno - 1)
    namespace = dict(python.__globals__)
    namespace.update((aliases[operation], called) for operation, called in operations.items())
    for name in python.__code__.co_names:
        if isinstance(namespace.get(name), Dispatcher):
            namespace[name] = twin_of(namespace[name])
    exec(compile(tree, python.__code__.co_filename, "exec"), namespace)
    return namespace[python.__name__]


def rebound(function: Dispatcher, name: str, **replaced: Callable) -> Callable:
    """A plain Python function with the body of a compiled one, which calls others by some names.

    Parameters
    ----------
    function : Numba dispatcher
    name : str
        Tells the two apart, in a cache on disk above all: their bytecode is the same.
    **replaced : callable
        What these names stand for.
    """
    python = function.py_func
    unknown = set(replaced) - set(python.__code__.co_names)
    if unknown:
        raise NameError(f"{python.__name__} calls no {', '.join(sorted(unknown))}")
    twin = FunctionType(python.__code__, {**python.__globals__, **replaced}, python.__name__, python.__defaults__)
    twin.__module__, twin.__qualname__ = python.__module__, f"{python.__qualname__}_{name}"
    return twin
