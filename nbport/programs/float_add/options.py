"""Options of float_add: one row an option, in the order in which the C program tests them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field

from ...cli.help import Page, parser_of
from ...crules.text import atof, single, to_int
from ...errors import OptionError
from ...options.scan import OptionTable
from ...options.table import Flag
from ...system.files import readable
from ..console import COMPLETION, HELP, JSON, VERSION

ENDINGS = (".bin", ".map")


@dataclass
class Parameters:
    """What the arguments ask for. C: float_add.c 39-66"""

    infile1: str | None = None
    infile2: str | None = None
    outfile: str = "output.bin"
    scale1: float = 1.0  # as are all of these, rounded to 32 bits
    scale2: float = 1.0
    outscale: float = 1.0
    offset: float = 0.0
    outoffset: float = 0.0
    header: int = 0  # bytes
    normalize: bool = False
    histogram: bool = False
    binsize: float = 1.0
    reject: bool = False
    ignore: tuple[float, ...] = ()
    names: tuple[tuple[str, str], ...] = field(default=())  # every file named, and what it was taken for


def take_file(p: Parameters, token: str) -> bool:
    """Every word with such an ending is a file, values too (quirk: files-by-ending). C: float_add.c 75-110"""
    if len(token.encode("utf-8", "surrogateescape")) > 4 and token.endswith(ENDINGS):
        role = ""
        if p.infile1 is None or p.infile2 is None:
            name = "infile1" if p.infile1 is None else "infile2"
            if readable(token):
                setattr(p, name, token)
                role = name.replace("infile", "input")
        else:
            p.outfile, role = token, "output"
        p.names = (*p.names, (token, role))
    return False


def value(name: str, convert: Callable[[str], object]) -> Callable[[Parameters, list[str]], None]:
    """These read the next word without looking whether there is one (quirk: float-add-last-word)."""

    def apply(p: Parameters, following: list[str]) -> None:
        if not following:
            raise OptionError(f"-{name} is the last argument, but needs a value")
        setattr(p, name, convert(following[0]))

    return apply


def real(text: str) -> float:
    """A number as the C program keeps it."""
    return single(atof(text))


def whole(text: str) -> int:
    """A whole number, read as a real one and cut off."""
    return to_int(atof(text))


def set_offset(p: Parameters, following: list[str]) -> None:
    """Both offsets at once."""
    value("offset", real)(p, following)
    p.outoffset = p.offset


def add_ignored(p: Parameters, following: list[str]) -> None:
    """One more value that is no measurement."""
    if not following:
        raise OptionError("-ignore is the last argument, but needs a value")
    p.ignore = (*p.ignore, real(following[0]))


def check_epsilon(p: Parameters, following: list[str]) -> None:
    """Reads a value as the others do, and drops it."""
    if not following:
        raise OptionError("-epsilon is the last argument, but needs a value")


# fmt: off
FLAGS: tuple[Flag, ...] = (
    Flag("-scale1", "115-118", "S", "scale of the first file", needs=0, apply=value("scale1", real), default="1"),
    Flag("-scale2", "119-122", "S", "scale of the second file", needs=0, apply=value("scale2", real), default="1"),
    Flag("-outscale", "123-126", "S", "scale of the result", needs=0, apply=value("outscale", real), default="1"),
    Flag("-outfile", "127-132", "FILE", "name of the result, whatever its ending", needs=0, stops=True, swallows=True,
         apply=value("outfile", str), default="output.bin"),
    Flag("-output", "133-138", "FILE", "the same as -outfile", needs=0, stops=True, swallows=True,
         apply=value("outfile", str)),
    Flag("-normalize", "139-142", "", "relative difference of the two instead of their sum", also={"normalize": True}),
    Flag("-histogram", "143-146", "", "print a histogram of the result", also={"histogram": True}),
    Flag("-binsize", "147-150", "SIZE", "width of a bin of the histogram; 0 or less: a third of the deviation",
         ("-bin",), needs=0, apply=value("binsize", real), default="1"),
    Flag("-reject", "151-154", "", "print statistics without outliers too", also={"reject": True}),
    Flag("-offset", "155-159", "X", "subtracted from both files before they are scaled, and added to the result",
         needs=0, apply=set_offset, default="0"),
    Flag("-ignore", "160-164", "VALUE", "pixels that have this value in a file keep it and do not count; repeatable",
         needs=0, apply=add_ignored),
    Flag("-epsilon", "165-168", "X", "largest difference of equal values", needs=0, apply=check_epsilon,
         no_effect="values are not compared"),
    Flag("-outoffset", "169-172", "X", "added to the result", needs=0, apply=value("outoffset", real), default="0"),
    Flag("-header", "173-176", "BYTES", "bytes before the pixels of each file; those of the first file are copied",
         needs=0, apply=value("header", whole), default="0"),
)
# fmt: on

PAGE = Page(
    "float_add",
    "float_add FILE1.bin [FILE2.bin [OUTPUT.bin]] [option ...]",
    "Adds two files of 4-byte floats, pixel by pixel: outscale*(scale1*(a - offset) + scale2*(b - offset)) + outoffset."
    " A port of the C program of that name: the same arguments, the same bytes.",
    "Words that end with .bin or .map are files: the first that can be read is the first image, the next one the"
    " second, those after it the name of the result. Exit status: 0, or 9 with one line on standard error that says"
    " what is wrong.",
    {
        "result": "-scale1 -scale2 -outscale -offset -outoffset -normalize -ignore",
        "files": "-outfile -output -header",
        "statistics": "-histogram -binsize -reject",
        "accepted without effect": "-epsilon",
    },
    OptionTable(FLAGS, (HELP, VERSION, JSON, COMPLETION), word=take_file),
)


def missing(p: Parameters) -> str | None:
    """What was expected and not given, if anything. C: float_add.c 180-196"""
    if p.infile1 is not None:
        return None
    unreadable = [token for token, _ in p.names]
    found = f"found {unreadable[0]}, which cannot be read; " if unreadable else ""
    return f"{found}expected a file that ends with .bin or .map"


def build_parser() -> argparse.ArgumentParser:
    """All options, for the man page."""
    return parser_of(PAGE)
