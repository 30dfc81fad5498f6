"""The description of a series, a TOML file, resolved to one row an image."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..errors import InputError, OptionError
from ..options.keywords import Parameters
from ..system.files import read_bytes
from .rows import KINDS, Row, make_row
from .stack import PIXEL_TYPES
from .varying import LARGEST_NUMBER, multiplied, varying, zipped

COMBINED = {"zip": zipped, "product": multiplied}
KEYS = ("images", "write", "hdf5", "combine", "draw_seed", "fix", "options", "vary")


@dataclass(frozen=True)
class Spec:
    """A series.

    Parameters
    ----------
    rows : list of Row
    hdf5 : bool
        Are the images to be put into one file?
    """

    rows: list[Row]
    hdf5: bool


def read_spec(path: str) -> Spec:
    """Read a description.

    Raises
    ------
    InputError, OptionError
        One line that names the file and what in it cannot be used.
    """
    try:
        return _resolve(_parse(path), Path(path).absolute().parent)
    except (InputError, OptionError) as error:
        raise type(error)(str(error) if str(error).startswith(path) else f"{path}: {error}") from None
    except OverflowError:
        raise InputError(f"{path}: found a number beyond {sys.float_info.max:.3g}") from None


def _parse(path: str) -> dict:
    toml = toml_reader()
    content = read_bytes(path, "the description of a series")
    try:
        return toml.loads(content.decode())
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, an endless number, or endlessly nested
        raise InputError(f"{path}: expected TOML: {error}") from None


def toml_reader():
    """Python's own module, or the package that it came from."""
    for name in ("tomllib", "tomli"):
        try:
            return import_module(name)
        except ModuleNotFoundError:
            pass
    raise InputError("reading TOML with this Python needs a package more: pip install 'nbport[series]'")


def _resolve(spec: dict, folder: Path) -> Spec:
    for key in spec:
        if key not in KEYS:
            raise InputError(f"{key}: no such key, expected one of: {', '.join(KEYS)}")
    images, seed = _whole(spec, "images", None), _whole(spec, "draw_seed", 1)
    kinds = _kinds(spec.get("write", ["noise"]))
    hdf5 = spec.get("hdf5", False)
    if not isinstance(hdf5, bool):
        raise InputError(f"hdf5: found {hdf5!r}, expected true or false")
    if hdf5 and not set(kinds) <= set(PIXEL_TYPES):
        raise InputError(f"write: found {', '.join(kinds)}, expected only {', '.join(PIXEL_TYPES)} with hdf5")
    combine = spec.get("combine", "zip")
    if combine not in COMBINED:
        raise InputError(f"combine: found {combine!r}, expected one of: {', '.join(COMBINED)}")
    arguments, keywords = _options(spec.get("options", {}))
    vary = spec.get("vary", {})
    if not isinstance(vary, dict):
        raise InputError(f"vary: found {vary!r}, expected a table")
    quantities = [varying(name, given, keywords.get(name), seed) for name, given in vary.items()]
    rows = []
    for number, values in enumerate(COMBINED[combine](quantities, images), 1):
        try:
            given = Parameters.from_options(arguments, fix=spec.get("fix", ()), **(keywords | values))
            if given.files:
                raise OptionError(f"{', '.join(given.files)}: found numbers, expected the name of a file")
            rows.append(make_row(number, given.options, kinds, values, folder))
        except OptionError as error:
            raise OptionError(f"image {number}: {error}") from None
    _check_inputs(rows)
    return Spec(rows, hdf5)


def _whole(spec: dict, key: str, default: int | None) -> int | None:
    value = spec.get(key, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(f"{key}: found {value!r}, expected a whole number from 1")
    if value is not None and value > LARGEST_NUMBER:
        raise InputError(f"{key}: found a number beyond {LARGEST_NUMBER}")
    return value


def _kinds(given: object) -> tuple[str, ...]:
    kinds = given if isinstance(given, list) else [given]
    if not kinds or not all(isinstance(kind, str) and kind in KINDS for kind in kinds):
        raise InputError(f"write: found {given!r}, expected a list of some of: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in kinds)


def _options(given: object) -> tuple[list[str], dict[str, object]]:
    """Common options: arguments, and keywords."""
    if isinstance(given, dict):
        return [], given
    if isinstance(given, str):
        try:
            return shlex.split(given), {}
        except ValueError as error:
            raise InputError(f"options: found {given!r}, expected arguments as in a shell: {error}") from None
    if isinstance(given, list) and all(isinstance(x, str | int | float) for x in given):
        return [str(x) for x in given], {}
    raise InputError(f"options: found {given!r}, expected a table of keywords, a text or a list of arguments")


def _check_inputs(rows: list[Row]) -> None:
    """A file that all images need must be there; one that some need lets those fail."""
    for path in set.intersection(*(set(row.inputs) for row in rows)) if rows else ():
        read_bytes(path, "an input file")
