"""A fault: what it changes, how it is put in."""

from __future__ import annotations

import ast
import difflib
import hashlib
from functools import lru_cache
from typing import NamedTuple

Span = tuple[int, int]


class NotThere(Exception):
    """The source no longer has what a fault changes."""


class Fault(NamedTuple):
    """A text in a function that becomes another one."""

    module: str  # of MODULES
    function: str  # name, with those of the classes and functions around it; "" for the whole module
    before: str
    after: str
    kind: str  # of change, or in words what is wrong
    occurrence: int = 0  # of the text in the function, from 0

    @property
    def key(self) -> str:
        """A short name that stays while the text is there."""
        text = "\0".join((self.module, self.function, self.before, self.after, str(self.occurrence)))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def title(self) -> str:
        """One line of it."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.key} {self.module}.{self.function}: {self.kind}: {before[:60]} -> {after[:60]}"

    def put_into(self, source: str) -> str:
        """The source with the fault.

        Raises
        ------
        NotThere
            If the function, or the text in it, is not there, or if it is no Python any more.
        """
        start, end = self._span(source)
        for _ in range(self.occurrence + 1):
            at = source.find(self.before, start, end)
            if at < 0:
                raise NotThere(f"{self.title}: not found, or not so many times")
            start = at + 1
        if self.occurrence == 0 and self.kind not in KINDS and source.find(self.before, start, end) >= 0:
            raise NotThere(f"{self.title}: found more than once")
        changed = source[:at] + self.after + source[at + len(self.before) :]
        try:
            compile(changed, self.module, "exec")
        except SyntaxError as error:
            raise NotThere(f"{self.title}: no Python with it: {error}") from None
        return changed

    def difference(self, source: str) -> str:
        """What it changes, as `diff -u` has it."""
        lines = (text.splitlines(keepends=True) for text in (source, self.put_into(source)))
        return "".join(difflib.unified_diff(*lines, self.module, self.title, n=1))

    def _span(self, source: str) -> Span:
        if not self.function:
            return 0, len(source)
        spans = scopes(source)
        if self.function not in spans:
            raise NotThere(f"{self.title}: no such function")
        return spans[self.function]


# of changes that the generator makes
KINDS = ("operator", "comparison", "constant", "condition", "statement", "arguments", "sign")


@lru_cache
def scopes(source: str) -> dict[str, Span]:
    """Functions and classes by name, and where their texts are; of several of one name the later ones get a number."""
    starts = line_starts(source)
    spans: dict[str, Span] = {}

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}.{child.name}" if prefix else child.name
                same = [other for other in spans if other.partition("#")[0] == name]
                name += f"#{len(same) + 1}" if same else ""
                spans[name] = span_of(source, starts, child)
            walk(child, name)

    walk(ast.parse(source), "")
    return spans


def line_starts(source: str) -> list[int]:
    """Where each line begins."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def span_of(source: str, starts: list[int], node: ast.AST) -> Span:
    """Where the text of a node begins and ends; ast counts bytes within a line."""

    def place(line: int, column: int) -> int:
        start = starts[line - 1]
        return start + len(source[start : starts[line]].encode()[:column].decode())

    return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)
