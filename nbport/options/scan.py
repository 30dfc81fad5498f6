"""The reference's scan of the command line, left to right, driven by the table of flags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from ..crules.text import long_int
from ..errors import OptionError
from .device_names import DOUBLE, check_name, check_precision
from .output_formats import FORMAT_NAMES
from .table import FIXES, FLAGS, OWN_FLAGS, Flag, OwnFlag

KERNELS = ("certified", "reference")


@dataclass(frozen=True, eq=False)
class OptionTable:
    """What the scan of one command's arguments goes by."""

    flags: tuple[Flag, ...]
    own: tuple[OwnFlag, ...]
    fixes: frozenset[str] = frozenset()
    all_fixes: str = ""  # the name that means all of them
    # word(parameters, token) -> True if the token is a file's name and no option
    word: Callable[[object, str], bool] | None = None


NANOBRAGG = OptionTable(FLAGS, OWN_FLAGS, FIXES, "upstream")


@dataclass
class OwnOptions:
    """Values of nbport's own options."""

    help: bool = False
    version: bool = False
    threads: int = 0  # 0: all processors
    kernel: str = KERNELS[0]
    fixes: frozenset[str] = field(default_factory=frozenset)
    timing: str | None = None
    kernel_report: bool = False
    json: str | None = None
    explain: bool = False
    completion: str | None = None
    device: str = "cpu"
    precision: str = DOUBLE
    formats: dict[str, str] = field(default_factory=dict)  # name of an output format -> file


def split_own(argv: list[str], table: OptionTable = NANOBRAGG) -> tuple[OwnOptions, list[str]]:
    """Take nbport's double-dash options out of the arguments, before the reference's scan.

    What the reference takes for the value of an option stays: `-floatfile --help` names a file.

    Raises
    ------
    OptionError
        If a value is missing or is none that the option takes.
    """
    own = OwnOptions()
    with_value = {flag.option: bool(flag.metavar) for flag in table.own}
    rest: list[str] = []
    values_until = 0  # tokens before this index are values of an option of the reference
    tokens = iter(enumerate(argv))
    for i, token in tokens:
        option, equals, value = token.partition("=")
        if i < values_until or option not in with_value or (equals and not with_value[option]):
            rest.append(token)
            # the reference looks at values too, as if they were options
            values_until = max(values_until, i + 1 + _values_taken(token, argv[i + 1 : i + 7], table))
            continue
        if with_value[option] and not equals:
            _, value = next(tokens, (i, ""))
        if with_value[option] and not value:
            raise OptionError(f"{option} needs a value")
        _set_own(own, option, value, table)
    return own, rest


def _values_taken(token: str, following: list[str], table: OptionTable) -> int:
    """How many of the tokens behind a token the reference takes for its values."""
    taken = 0
    for flag in matching(token, table) if token.startswith("-") else ():
        if len(following) >= flag.arity:
            taken = max(taken, flag.taken(token, following))
            if flag.stops:
                break
    return taken


def _set_own(own: OwnOptions, option: str, value: str, table: OptionTable) -> None:
    if option in ("--help", "--version", "--kernel-report", "--explain"):
        setattr(own, option[2:].replace("-", "_"), True)
    elif option == "--threads":
        if not value.isascii() or not value.isdigit() or not 0 < long_int(value) < 100000:
            raise OptionError(f"--threads: found {value!r}, expected a whole number from 1 to 99999")
        own.threads = long_int(value)
    elif option == "--kernel":
        if value not in KERNELS:
            raise OptionError(f"--kernel: found {value!r}, expected one of: {', '.join(KERNELS)}")
        own.kernel = value
    elif option == "--fix":
        names = table.fixes if value == table.all_fixes else frozenset(value.split(","))
        if not names <= table.fixes:
            unknown, known = (", ".join(sorted(some)) for some in (names - table.fixes, table.fixes))
            raise OptionError(f"--fix: found {unknown!r}, expected {table.all_fixes} or some of: {known}")
        own.fixes |= names
    elif option == "--device":
        check_name(value)
        own.device = value
    elif option == "--completion":
        if value not in SHELLS:
            raise OptionError(f"--completion: found {value!r}, expected one of: {', '.join(SHELLS)}")
        own.completion = value
    elif option == "--precision":
        check_precision(value)
        own.precision = value
    elif option[2:] in FORMAT_NAMES:
        own.formats[option[2:]] = value
    elif option in ("--timing", "--json"):
        setattr(own, option[2:], value)


def image_files(argv: list[str]) -> tuple[str | None, str | None]:
    """The -img and -mask files, which are read before any option counts (quirk: headers-first). C: 400-414"""
    img = mask = None
    for i, token in enumerate(argv[:-1]):
        if token.startswith("-"):
            if "-img" in token:
                img = argv[i + 1]
            if "-mask" in token:
                mask = argv[i + 1]
    return img, mask


def scan(argv: list[str], parameters: object, table: OptionTable = NANOBRAGG) -> list[str]:
    """Let every option token act on the parameters; return warnings. C: 506-1116

    Every token is looked at, values of other options included unless the row says otherwise; only those
    that begin with `-` can match.

    Raises
    ------
    OptionError
        Where the reference would read past the end of its arguments.
    """
    warnings = []
    own = {flag.option for flag in table.own}
    values_until, taker = 0, ""  # tokens before this index are values of an option
    skip_until = 0  # those before this one are not looked at
    for i, token in enumerate(argv):
        if i < skip_until or (table.word and table.word(parameters, token)) or not token.startswith("-"):
            continue
        following = argv[i + 1 :]
        flags = matching(token, table)
        if i < values_until and token.partition("=")[0] in own:
            warnings.append(f"{token} is a value of {taker} here, and no option of ours")
        for flag in flags:
            values_until, taker = max(values_until, i + 1 + len(flag.values.split())), token
            if len(following) < flag.arity:
                expected = "1 value" if flag.arity == 1 else f"{flag.arity} values"
                warnings.append(f"{token} is ignored: {expected} expected, {len(following)} found")
            else:
                if flag.no_effect:
                    warnings.append(f"{token} has no effect: {flag.no_effect}")
                skip_until = i + 2 if flag.swallows else skip_until
                if flag.set(parameters, following):
                    break
        if not flags and i >= values_until:
            warnings.append(_unknown(token, table))
    return warnings


@lru_cache(maxsize=1000)
def matching(token: str, table: OptionTable = NANOBRAGG) -> tuple[Flag, ...]:
    """Rows of the table that act on a token; remembered, since one process may scan thousands of command lines."""
    return tuple(flag for flag in table.flags if flag.matches(token))


def _unknown(token: str, table: OptionTable) -> str:
    options = [name for flag in table.flags for name in (flag.option, *flag.patterns) if name.startswith("-")]
    options += [flag.option for flag in table.own]
    name = token.partition("=")[0] if token.startswith("--") else token
    # a switch of ours that was given a value is known, and yet no option as it stands
    near = _nearest(name, options)
    return f"{token} is not an option and is ignored" + (f"; did you mean {near}?" if near else "")


def _nearest(name: str, options: list[str]) -> str | None:
    """The option that was meant: equal but for case and dashes, else the longest one at its end, else a similar one."""
    wanted = name.lstrip("-").lower()
    bare = {option.lstrip("-").lower(): option for option in options}
    if wanted in bare:
        return bare[wanted]
    ends = [end for end in bare if len(end) > 3 and wanted.endswith(end)]
    if ends:
        return bare[max(ends, key=len)]
    lower = {option.lower(): option for option in options}
    near = get_close_matches(name.lower(), lower, n=1) if len(wanted) > 1 else []
    return lower[near[0]] if near else None


SHELLS = ("bash", "zsh")
