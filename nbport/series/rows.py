"""One row an image: the arguments of the `nanoBragg` command that gives the same bytes."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

from ..errors import OptionError
from ..options.scan import OwnOptions, image_files, matching, scan, split_own
from ..options.table import Flag
from ..parameters import Parameters

# kind of image -> (option that names its file, ending)
KINDS: dict[str, tuple[str, str]] = {
    "float": ("-floatimage", ".bin"),
    "int": ("-intimage", ".img"),
    "noise": ("-noiseimage", ".img"),
    "cbf": ("--cbf", ".cbf"),
    "tiff": ("--tiff", ".tif"),
    "edf": ("--edf", ".edf"),
    "nexus": ("--nexus", ".nxs"),
}
NAMED = {"floatfile": "float", "intfile": "int", "pgmfile": "image", "noisefile": "noise"}
READ_FILES = ("hkl", "dump", "matrix", "sourcefile", "stol", "img", "mask")
OWN_OPTIONS = ("fixes", "kernel", "device", "precision")  # that a row may have


@dataclass(frozen=True, slots=True)
class Row:
    """An image that is to be made.

    Parameters
    ----------
    number : int
        From 1.
    arguments : tuple of str
        Of the `nanoBragg` command; names of images are without a folder, names of other files absolute.
    kinds : tuple of str
        Of KINDS.
    varied : dict
        What differs from image to image, by keyword.
    inputs : tuple of str
        Files that it reads.
    warnings : tuple of str
    """

    number: int
    arguments: tuple[str, ...]
    kinds: tuple[str, ...]
    varied: dict[str, object] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """As a shell takes it."""
        return shlex.join(("nanoBragg", *self.arguments))

    @property
    def files(self) -> dict[str, str]:
        """Name of the file of each kind of image."""
        return {kind: file_name(kind, self.number) for kind in self.kinds}


def file_name(kind: str, number: int) -> str:
    """Name of the file of an image."""
    return f"{kind}_{number:05d}{KINDS[kind][1]}"


def make_row(number: int, options: Iterable[str], kinds: tuple[str, ...], varied: dict, folder: Path) -> Row:
    """Complete the options of an image.

    Parameters
    ----------
    number : int
    options : iterable of str
    kinds : tuple of str
    varied : dict
    folder : Path
        What names of files in the options are relative to.

    Raises
    ------
    OptionError
        If options are given that the series sets itself.
    """
    options = _absolute(list(options), folder)
    own, arguments = split_own(options)
    for f in fields(OwnOptions):
        if f.name not in OWN_OPTIONS and getattr(own, f.name) != getattr(OwnOptions(), f.name):
            raise OptionError(f"--{f.name.replace('_', '-')}: not for the images of a series")
    p = Parameters()
    p.img, p.mask = image_files(arguments)
    warnings = tuple(dict.fromkeys(scan(arguments, p)))
    for name, kind in NAMED.items():
        if getattr(p, name) != getattr(Parameters(), name):
            raise OptionError(f"name of the {kind} image: found {getattr(p, name)!r}, but a series names its images")
    if "noise" in kinds and not p.calculate_noise:
        raise OptionError("-nonoise: given, but the noise image is to be written")
    # In front, where they undo nothing and cannot become the angles of a last -misset_seed.
    # What the clock would decide gets the number of the image.
    ours = [token for kind in kinds for token in (KINDS[kind][0], file_name(kind, number))]
    ours += ["-nopgm"] if p.write_pgm else []
    ours += ["-nonoise"] if "noise" not in kinds and p.calculate_noise else []
    ours += ["-seed", str(number)] if "noise" in kinds and p.seed is None else []
    ours += ["-misset_seed", str(number)] if p.misset_random and p.misset_seed is None else []
    # most arguments are those of all images: one text in memory serves a long series
    return Row(number, tuple(map(sys.intern, (*ours, *options))), kinds, varied, _inputs(p), warnings)


def _inputs(p: Parameters) -> tuple[str, ...]:
    names = [getattr(p, name) for name in READ_FILES if name != "dump" or reads_dump(p)]
    return tuple(name for name in names if name is not None)


def reads_dump(p: Parameters) -> bool:
    """Does -dump name a file to be read? The default's name is nobody's wish."""
    return p.hkl is None and p.dump != Parameters().dump


def _absolute(options: list[str], folder: Path) -> list[str]:
    """The same with names of files that are read made absolute."""
    result = list(options)
    for i, token in enumerate(options[:-1]):
        if token.startswith("-") and options[i + 1][:1] not in ("", "-") and any(map(_reads_file, matching(token))):
            result[i + 1] = os.path.abspath(folder / options[i + 1])
    return result


def _reads_file(flag: Flag) -> bool:
    return flag.option in ("-img", "-mask") or not set(READ_FILES).isdisjoint(flag.sets)
