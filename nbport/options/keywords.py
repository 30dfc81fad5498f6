"""Options of a run from Python: a list as on the command line, or keywords with units in their names.

The list is the primary form. A keyword is translated to its option, so it means what the option means, and
numbers are written with all their digits. Arrays become files that an option names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path

from ..errors import OptionError
from ..system.files import write_file
from .array_files import ARRAY_FILES
from .given import few, number_alone, refuse, shown
from .table import FIXES, FLAGS, Flag, atoi, count, negated

SUFFIXES = {
    "": "", "mm": "_mm", "um": "_um", "Angstrom": "_A", "deg": "_deg", "mrad": "_mrad", "percent": "_percent",
    "eV": "_eV", "s": "_s", "photons/s": "_photons_per_s", "photons/m^2": "_photons_per_m2", "pixels": "_pixels",
}  # fmt: skip
NAMES = {  # keywords that are not the option's name and its unit
    "-lambda": "wavelength_A", "-cell": "cell", "-default_F": "default_F", "-roi": "roi",
    "-mat": "matrix", "-sourcefile": "sources",
}  # fmt: skip
KEYWORDS: dict[str, Flag] = {
    NAMES.get(flag.option) or flag.option[1:] + SUFFIXES[flag.unit]: flag for flag in FLAGS if not flag.no_effect
}
OPPOSITES = {"-interpolate": "-nointerpolate", "-progress": "-noprogress", "-round_div": "-square_div"}
OPPOSITES |= {no: yes for yes, no in OPPOSITES.items()}

# Options that also act on what others set go before those (quirk: option-collisions), or behind them.
FIRST = ("-curved_det", "-N", "-divsteps", "-misset_seed")
LAST = ("-nopgm", "-pivot")
# converted by functions of their own
WHOLE = ("-roi", "-printout_pixel", "-detector_thicksteps", "-thicksteps")


@dataclass(frozen=True, init=False)
class Parameters:
    """What a run is asked for.

    Parameters
    ----------
    fix : str or sequence of str
        Bugs of the reference to switch off: "phi0", "oversample", "curved_det", or "upstream" for all.
    **keywords
        An option each, see `KEYWORDS`: names without the dash and with the unit, as `distance_mm=100.0`,
        `wavelength_A=1.0`, `misset_deg=(10, 20, 30)`, `N=5`, `nonoise=True`. None means that it is not given.
        `hkl` (rows of h k l F), `matrix` (3 x 3, columns a*, b*, c* times the wavelength), `sources`
        (rows of x y z weight wavelength in m) and `mask` ([spixel, fpixel], 0 is skipped) can be arrays or files.

    Attributes
    ----------
    options : tuple of str
        As on the command line.
    files : dict
        Option -> content, for what was given as an array.

    Raises
    ------
    OptionError
        If a keyword is unknown or its value is none that the option takes.
    """

    options: tuple[str, ...]
    files: dict[str, bytes]

    def __init__(self, *, fix: str | Sequence[str] = (), **keywords: object):
        self._become((), fix, keywords)

    @classmethod
    def from_options(
        cls, options: Iterable[object], *, fix: str | Sequence[str] = (), **keywords: object
    ) -> Parameters:
        """From a list of arguments as the command takes it; keywords are added behind it."""
        if isinstance(options, str | bytes | Mapping | Set) or not _can_be_listed(options):
            what = "the text " if isinstance(options, str) else ""
            raise OptionError(f"options: found {what}{shown(options)}, expected a list of arguments")
        made = cls.__new__(cls)
        try:
            given = list(options)
        except Exception:  # somebody else's class
            raise refuse("options", options, "a list of arguments") from None
        made._become(tuple(map(_text, given)), fix, keywords)
        return made

    def extended(self, *, fix: str | Sequence[str] = (), **keywords: object) -> Parameters:
        """The same with more keywords, which are added behind the options."""
        made = Parameters.from_options(self.options, fix=fix, **keywords)
        object.__setattr__(made, "files", self.files | made.files)
        return made

    def _become(self, options: tuple[str, ...], fix: str | Sequence[str], keywords: dict[str, object]) -> None:
        files: dict[str, bytes] = {}
        added: dict[str, list[str]] = {}
        for keyword, value in keywords.items():
            flag = _flag(keyword)
            if value is None:
                continue
            if flag.option in ARRAY_FILES and not isinstance(value, str | os.PathLike):
                files[flag.option] = ARRAY_FILES[flag.option].content(value, keyword)
            else:
                added |= _tokens(keyword, flag, value)
        if "-twotheta_axis" in added:
            added.setdefault("-twotheta", ["-twotheta", "0"])
        names = _fixes(fix)
        tokens = [token for option in sorted(added, key=_place(added)) for token in added[option]]
        object.__setattr__(self, "options", (*options, *(["--fix", names] if names else []), *tokens))
        object.__setattr__(self, "files", files)

    def to_options(self) -> list[str]:
        """The list of arguments that gives the same bytes.

        Raises
        ------
        OptionError
            If there are arrays, which are no arguments.
        """
        if self.files:
            raise OptionError(f"{', '.join(self.files)}: given as arrays; save() makes files of them")
        return list(self.options)

    def save(self, folder: str | os.PathLike) -> Parameters:
        """The same parameters, with files in a folder instead of arrays.

        Raises
        ------
        OutputError
            If a file cannot be written.
        """
        tokens = []
        for option, content in self.files.items():
            path = Path(folder, ARRAY_FILES[option].name)
            write_file(path, [content])
            tokens += [option, str(path)]
        # in front, where it cannot become an angle of a last -misset_seed
        return Parameters.from_options((*tokens, *self.options))


def _can_be_listed(value: object) -> bool:
    # arrays without axes have the method, and cannot
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) > 0


def _fixes(fix: object) -> str:
    """The value of --fix."""
    names = fix.split(",") if isinstance(fix, str) and fix else [] if fix is None or isinstance(fix, str) else fix
    names = few(names, len(FIXES) + 1)
    if names is None or not all(isinstance(name, str) and (name in FIXES or name == "upstream") for name in names):
        raise refuse("fix", fix, f"upstream or some of: {', '.join(sorted(FIXES))}")
    return ",".join(sorted(FIXES) if "upstream" in names and len(names) > 1 else names)


def _flag(keyword: str) -> Flag:
    if keyword not in KEYWORDS:
        near = get_close_matches(keyword, [*KEYWORDS, "fix"], n=1)
        raise OptionError(f"{keyword}: no such keyword" + (f"; did you mean {near[0]}?" if near else ""))
    return KEYWORDS[keyword]


def _place(added: dict[str, list[str]]):
    """Where an option goes, so that none undoes or completes what another one sets."""
    table = [flag.option for flag in FLAGS]

    def place(option: str) -> tuple[int, int]:
        if option == "-misset_seed" and "-misset" not in added:
            return 3, 0  # the last one, or else it takes what follows for angles
        return 0 if option in FIRST else 2 if option in LAST else 1, table.index(option)

    return place


def _tokens(keyword: str, flag: Flag, value: object) -> dict[str, list[str]]:
    """Arguments of a keyword, by option; none where a switch without an opposite is off."""
    if not flag.values:
        value = number_alone(value)  # NumPy has bools of its own
        if not isinstance(value, bool):
            raise refuse(keyword, value, "True or False")
        option = flag.option if value else OPPOSITES.get(flag.option)
        return {option: [option]} if option else {}
    return {flag.option: [flag.option, *_values(keyword, flag, value)]}


def _expected(flag: Flag) -> str:
    wanted = len(flag.values.split())
    numbers = "a number" if wanted == 1 else f"{wanted} numbers: {flag.values}"
    if flag.option == "-pivot":
        return "'sample' or 'beam'"
    if _takes_text(flag) and flag.option != "-misset":
        return "the name of a file"
    return f"{numbers}; or 'random'" if flag.option == "-misset" else numbers


def _takes_text(flag: Flag) -> bool:
    return flag.option in ("-misset", "-pivot") or bool(flag.sets and flag.convert is str)


def _values(keyword: str, flag: Flag, value: object) -> list[str]:
    wanted = len(flag.values.split())
    if isinstance(value, str | os.PathLike):
        if not _takes_text(flag):
            raise OptionError(f"{keyword}: found the text {shown(value)}, expected {_expected(flag)}")
        text = os.fsdecode(value)
        if not text or "\0" in text:
            raise refuse(keyword, value, _expected(flag))
        if text.startswith("-"):
            raise refuse(keyword, value, "nothing that begins with a dash")
        if flag.option == "-misset" and "rand" not in text:
            raise refuse(keyword, value, _expected(flag))
        return [text]
    value = number_alone(value)
    numbers = [value] if isinstance(value, Real) else value
    numbers = None if _takes_text(flag) and flag.option != "-misset" else few(numbers, wanted)
    if numbers is None:
        raise refuse(keyword, value, _expected(flag))
    numbers = [number_alone(x) for x in numbers]
    right_number = 1 <= len(numbers) <= wanted if flag.option == "-cell" else len(numbers) == wanted
    if not right_number or not all(isinstance(x, Real) and not isinstance(x, bool) for x in numbers):
        raise refuse(keyword, value, _expected(flag))
    try:
        floats = [float(x) for x in numbers]
    except OverflowError:
        most = f"{sys.float_info.max:.3g}"
        raise OptionError(f"{keyword}: found a number beyond {most}, expected at most that") from None
    if any(x != x for x in floats):
        raise refuse(keyword, value, f"{_expected(flag)}, which nan is not; an option list takes it")
    whole = flag.convert in (atoi, count, negated) or flag.option in WHOLE
    if whole and not all(isinstance(x, Integral) or float(x).is_integer() for x in numbers):
        raise refuse(keyword, value, "a whole number" if wanted == 1 else "whole numbers")
    texts = [str(int(x)) for x in numbers] if whole else list(map(repr, floats))
    if flag.option == "-cell" and any(text.startswith("-") for text in texts):
        raise refuse(keyword, value, "no negative number")
    return texts


def _text(argument: object) -> str:
    if isinstance(argument, str | os.PathLike):
        return os.fsdecode(argument)
    argument = number_alone(argument)
    if not isinstance(argument, Real) or isinstance(argument, bool):
        raise refuse("options", argument, "texts, paths and numbers only")
    return str(argument)
