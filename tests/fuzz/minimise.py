"""Makes a command line that shows a difference as short and plain as it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.fuzz.draw import Draft, Group

Item = TypeVar("Item")


def minimise(draft: Draft, differs: Callable[[Draft], bool]) -> Draft:
    """Remove and simplify as long as the difference stays.

    Parameters
    ----------
    draft : Draft
        Shows a difference.
    differs : callable
        Whether a draft does.

    Returns
    -------
    Draft
        Shows a difference, maybe another one; no single group or token of it can be left out,
        apart from pinned ones.
    """
    alone = [replace(draft, steps=(step,)) for step in draft.steps]
    draft = next(filter(differs, alone), draft) if len(alone) > 1 else draft
    draft = _without_groups(draft, differs)
    draft = _without_groups(replace(draft, groups=tuple(_tokens(draft.groups))), differs)
    return _with_plain_values(draft, differs)


def smallest(items: Sequence[Item], holds: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Delta debugging: a part of the items, in order, for which it holds, and for no part of it less one.

    Parameters
    ----------
    items : sequence
        It holds for all of them.
    holds : callable
        Takes a list of items.

    Returns
    -------
    list
        What remains.
    """
    items, size = list(items), max(1, len(items) // 2)
    while items:
        for start in range(0, len(items), size):
            fewer = items[:start] + items[start + size :]
            if holds(fewer):
                items = fewer
                size = min(size, max(1, len(items) // 2))
                break
        else:
            if size == 1:
                break
            size //= 2
    return items


def _without_groups(draft: Draft, differs: Callable[[Draft], bool]) -> Draft:
    def kept(free: Sequence[int]) -> Draft:
        chosen = set(free)
        return replace(draft, groups=tuple(g for k, g in enumerate(draft.groups) if g.pinned or k in chosen))

    free = [k for k, group in enumerate(draft.groups) if not group.pinned]
    return kept(smallest(free, lambda part: differs(kept(part))))


def _tokens(groups: Sequence[Group]) -> Iterator[Group]:
    """Every group that may be taken apart, token by token."""
    for group in groups:
        if group.pinned:
            yield group
        else:
            yield from (replace(group, tokens=(token,)) for token in group.tokens)


def _with_plain_values(draft: Draft, differs: Callable[[Draft], bool]) -> Draft:
    """Replace each value by the plainest that will do."""
    for k, group in enumerate(draft.groups):
        if group.pinned:
            continue
        for value in plainer(group.tokens[0]):
            changed = draft.groups[:k] + (replace(group, tokens=(value,)),) + draft.groups[k + 1 :]
            if differs(replace(draft, groups=changed)):
                draft = replace(draft, groups=changed)
                break
    return draft


def plainer(token: str) -> list[str]:
    """Values to try instead of this one, the plainest first; none for a word."""
    try:
        number = float(token)
    except ValueError:
        return []
    values = ["0", "1", "10", *(f"{number:.{digits}g}" for digits in (1, 2, 3))]
    return values[: values.index(token)] if token in values else values
