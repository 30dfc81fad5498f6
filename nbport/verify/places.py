"""Where the command lines of a case write: it may come from somebody else, so nowhere but in its own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..options.scan import matching
from ..options.table import OWN_FLAGS

IMAGE_NAMES = {"floatfile", "intfile", "pgmfile", "noisefile"}  # of Parameters
OWN_FILES = {flag.option for flag in OWN_FLAGS if flag.metavar == "FILE"}


def written_outside(step: Sequence[str]) -> tuple[str, str] | None:
    """An option that names a file outside of the current folder to be written, and the name; None if there is none.

    Every such option counts, not only the last one of its kind: the other implementation may read its arguments
    otherwise than nbport does. Names alone decide. No link can lead them elsewhere, since a case begins in an empty
    folder, and its input files are copies.
    """
    return next(((option, name) for option, name in _written(step) if not _is_inside(name)), None)


def _written(step: Sequence[str]) -> Iterator[tuple[str, str]]:
    has_hkl = any("hkl" in flag.sets for token in step if token.startswith("-") for flag in matching(token))
    for token, following in zip(step, [*step[1:], ""], strict=False):
        if not token.startswith("-"):
            continue
        option, equals, value = token.partition("=")
        writes = option in OWN_FILES or any(
            not IMAGE_NAMES.isdisjoint(flag.sets)
            or flag.option == "-stolout"
            or (flag.option == "-dump" and has_hkl)  # else it is read
            for flag in matching(token)
        )
        if writes:
            yield option, following
            if equals:
                yield option, value


def _is_inside(name: str) -> bool:
    return name == os.devnull or not (os.path.isabs(name) or os.path.normpath(name).split(os.sep)[0] == os.pardir)
