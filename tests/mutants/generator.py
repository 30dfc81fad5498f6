"""Faults made from a module's syntax tree, and the choice among them."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from .fault import Fault, Span, line_starts, scopes, span_of
from .modules import MODULES

SEED = 11
OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "//", "**": "*", "<<": ">>", ">>": "<<", "&": "|",
             "|": "&"}  # fmt: skip
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "is": "is not", "is not": "is",
               "in": "not in", "not in": "in"}  # fmt: skip
SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in",
    ast.NotIn: "not in",
}  # fmt: skip
SYMMETRIC = ("max", "min", "fmuladd", "dot_product")  # their first two arguments may be swapped
# what tests must not be let loose with
DANGEROUS = ("kill", "rmtree")


def chosen(root: Path, name: str) -> list[Fault]:
    """The faults of a module that are run: by digest, so that a changed line changes no choice elsewhere."""
    module = MODULES[name]
    by_digest = sorted(
        candidates((root / module.path).read_text(), name), key=lambda fault: _digest(f"{SEED} {fault.key}")
    )
    taken: dict[tuple[str, str, int], Fault] = {}
    for fault in by_digest:
        taken.setdefault((fault.function, fault.before, fault.occurrence), fault)  # one for each place
    return list(taken.values())[: module.faults]


def candidates(source: str, module: str) -> list[Fault]:
    """All faults that can be made of a module."""
    tree = ast.parse(source)
    starts = line_starts(source)
    spans = scopes(source)
    faults = []
    for kind, node, (first, last), after in _changes(source, starts, tree):
        place, end = span_of(source, starts, node)
        inside = [(name, span) for name, span in spans.items() if span[0] <= place and end <= span[1]]
        name, (begin, _) = min(inside, key=lambda entry: entry[1][1] - entry[1][0], default=("", (0, len(source))))
        before = source[place:end]
        after = source[place:first] + after + source[last:end]
        # a text may stand in a function several times
        occurrence, at = 0, source.find(before, begin)
        while at < place:
            occurrence, at = occurrence + 1, source.find(before, at + 1)
        faults.append(Fault(module, name, before, after, kind, occurrence))
    return faults


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _changes(source: str, starts: list[int], tree: ast.AST) -> Iterator[tuple[str, ast.AST, Span, str]]:
    """Kind, node, the part of its text that changes, and what it becomes."""

    def span(node: ast.AST) -> Span:
        return span_of(source, starts, node)

    def between(left: ast.AST, right: ast.AST, symbol: str) -> Span:
        at = source.index(symbol, span(left)[1], span(right)[0])
        return at, at + len(symbol)

    for node in _code(source, starts, tree):
        match node:
            case ast.BinOp(left, operator, right) if type(operator) in SYMBOLS and not _is_text(left):
                symbol = SYMBOLS[type(operator)]
                yield "operator", node, between(left, right, symbol), OPERATORS[symbol]
            case ast.AugAssign(target, operator, value) if type(operator) in SYMBOLS:
                symbol = SYMBOLS[type(operator)]
                yield "operator", node, between(target, value, f"{symbol}="), f"{OPERATORS[symbol]}="
                yield "statement", node, span(node), "pass"
            case ast.Compare(left, operators, comparators):
                for left_of, operator, right_of in zip([left, *comparators], operators, comparators, strict=False):
                    symbol = SYMBOLS[type(operator)]
                    yield "comparison", node, between(left_of, right_of, symbol), COMPARISONS[symbol]
            case ast.Constant(bool() as value):
                yield "constant", node, span(node), str(not value)
            case ast.Constant(int() as value):
                yield "constant", node, span(node), str(value + 1)
                yield "constant", node, span(node), str(value - 1) if value else "2"
            case ast.Constant(float() as value):
                yield "constant", node, span(node), repr(value * 10.0 if value else 1.0)
            case ast.BoolOp(operator, [first, second, *_]):
                old, new = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
                yield "condition", node, between(first, second, old), new
            case ast.If(test) | ast.IfExp(test):
                yield "condition", test, span(test), f"not ({source[slice(*span(test))]})"
            case ast.UnaryOp(ast.USub() | ast.Not(), operand):
                yield "sign", node, span(node), source[slice(*span(operand))]
            case ast.Expr(ast.Call()) | ast.Raise():
                yield "statement", node, span(node), "pass"
            case ast.Continue() | ast.Break():
                yield "statement", node, span(node), "pass"
            case ast.Call(function, [first, second, *_]) if type(first) is type(second) is not ast.Starred:
                texts = [source[slice(*span(argument))] for argument in (first, second)]
                if texts[0] != texts[1] and not _is_text(first) and source[slice(*span(function))] not in SYMMETRIC:
                    gap = source[span(first)[1] : span(second)[0]]
                    yield "arguments", node, (span(first)[0], span(second)[1]), f"{texts[1]}{gap}{texts[0]}"


def _code(source: str, starts: list[int], node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of what is run, without texts for people, types and decorators."""
    for name, value in ast.iter_fields(node):
        if name in ("decorator_list", "annotation", "returns", "bases", "keywords" if _is_njit(node) else ""):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.JoinedStr | ast.Import | ast.ImportFrom) or not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.stmt) and _is_left_alone(source, starts, child):
                continue
            yield child
            if not isinstance(child, ast.Raise):  # its words are for people
                yield from _code(source, starts, child)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_njit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "njit"


def _is_left_alone(source: str, starts: list[int], node: ast.stmt) -> bool:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    first, last = span_of(source, starts, node)
    return not hasattr(node, "body") and any(word in source[first:last] for word in DANGEROUS)
