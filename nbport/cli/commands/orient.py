"""`nbport orient`: a cell and angles, a matrix, or a DIALS experiment, as all of these."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from ...errors import OptionError
from ...formats.matrix import mosflm_text
from ...orientation.orientation import Orientation, orientation_of
from ...system.files import write_file

DIGITS = 12
CHANGED = "as it does where more than one is not 90 (docs/quirks.md, triclinic-cell)"
OFF_AXIS = 1e-5  # of a spindle, still taken for z


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport orient`."""
    parser.epilog = (
        "The frame is that of MOSFLM and of nanoBragg by default: x along the beam, z along the spindle, at spindle"
        " angle 0. Exit status: 0, or 2 with one line on standard error."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--cell", nargs="+", type=float, metavar="X", help="a [b c [alpha beta gamma]], Angstrom and degrees"
    )
    source.add_argument("--mat", metavar="FILE", help="MOSFLM matrix: columns a*, b*, c* times the wavelength")
    source.add_argument("--expt", metavar="FILE", help="DIALS experiment list")
    parser.add_argument("--experiment", type=int, default=0, metavar="N", help="of the list, from 0; default 0")
    parser.add_argument(
        "--misset",
        nargs="+",
        metavar="ANGLE",
        help="X Y Z: turn about x, y and z in turn, degrees; or random, as nanoBragg -misset random does",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the random angles: nanoBragg's -misset_seed")
    parser.add_argument("--wavelength", type=float, metavar="A", help="default 1, or that of the experiment")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the matrix, for nanoBragg -mat and MOSFLM")
    parser.add_argument(
        "--digits",
        type=int,
        default=DIGITS,
        metavar="N",
        help=f"decimals of the matrix; default {DIGITS}, MOSFLM has 8",
    )


def run(arguments: argparse.Namespace) -> int:
    """Find the orientation, print it, and write the matrix if wanted."""
    keywords, remarks = _keywords(arguments)
    found = orientation_of(**keywords)
    if arguments.cell and is_oblique(found.cell):
        remarks.append(f"nanoBragg changes the angles of this -cell, {CHANGED}")
    for remark in (*found.remarks, *remarks):
        print(f"nbport orient: {remark}", file=sys.stderr)
    for line in lines(found, arguments.digits):
        print(line)
    if arguments.output:
        text = mosflm_text(found.matrix, found.U, found.cell, arguments.digits)
        write_file(arguments.output, [text])
        print(f"written: {arguments.output}; nanoBragg -mat {arguments.output} -lambda {found.wavelength!r}")
    return 0


def _keywords(arguments: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    """Keywords of `orientation_of`, and what is to be said about them."""
    if not 1 <= arguments.digits <= 17:
        raise OptionError(f"--digits: found {arguments.digits}, expected 1 to 17")
    wavelength = arguments.wavelength
    if wavelength is not None and not 0.0 < wavelength < float("inf"):
        raise OptionError(f"--wavelength: found {wavelength:g}, expected a number above 0")
    if arguments.cell and not all(0.0 < value < float("inf") for value in arguments.cell):
        raise OptionError(f"--cell: found {_row(arguments.cell, 2)}, expected numbers above 0")
    keywords: dict[str, object] = {"cell": arguments.cell, "matrix": arguments.mat, "misset_seed": arguments.seed}
    remarks = []
    if arguments.expt:
        from ...orientation.experiments import read_experiment

        crystal = read_experiment(arguments.expt, arguments.experiment)
        wavelength = crystal.wavelength if wavelength is None else wavelength
        keywords["matrix"] = crystal.stars * wavelength
        if abs(crystal.spindle - (0.0, 0.0, 1.0)).max() > OFF_AXIS:
            remarks.append(f"the spindle is not at a right angle to the beam: {_row(crystal.spindle, 6)}")
    keywords["wavelength_A"] = 1.0 if wavelength is None else wavelength
    keywords["misset_deg"] = _misset(arguments)
    return keywords, remarks


def _misset(arguments: argparse.Namespace) -> str | tuple[float, ...] | None:
    values = arguments.misset
    if arguments.seed is not None and values != ["random"]:
        raise OptionError("--seed is for --misset random")
    if values is None or values == ["random"]:
        return values and "random"
    try:
        angles = tuple(map(float, values))
    except ValueError:
        angles = ()
    if len(angles) != 3:
        raise OptionError(f"--misset: found {' '.join(values)!r}, expected three angles or random")
    return angles


def lines(found: Orientation, digits: int) -> list[str]:
    """What is printed of an orientation."""
    cell, misset = _row(found.cell, 4), _row(found.misset, 6)
    options = f"none, for nanoBragg would change the angles, {CHANGED}"
    if not is_oblique(found.cell):
        options = f"-cell {cell} -misset {misset}"
    return [
        f"cell: {cell} A, deg; volume {found.volume:.2f} A^3",
        f"reciprocal cell: {_row(found.star_cell[:3], 8)} {_row(found.star_cell[3:], 4)} 1/A, deg",
        f"misset: {misset} deg",
        f"wavelength: {found.wavelength:g} A",
        "matrix, a* b* c* times the wavelength:",
        *(_row(row, digits, digits + 4) for row in found.matrix),
        f"as options: {options}",
    ]


def is_oblique(cell: tuple[float, ...]) -> bool:
    """Has a cell more than one angle that is printed as another one than 90 degrees?"""
    return sum(round(angle, 4) != 90.0 for angle in cell[3:]) > 1


def _row(values: tuple[float, ...] | np.ndarray, digits: int, width: int = 0) -> str:
    # + 0.0: no minus in front of a zero
    return " ".join(f"{round(float(value), digits) + 0.0:{width}.{digits}f}" for value in values)
