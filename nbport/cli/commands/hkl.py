"""`nbport hkl`: structure factors from MTZ, mmCIF or PDB as the text that nanoBragg reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...reflections.convert import Settings, convert
from ...system.files import write_file
from ..arguments import not_negative, positive


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport hkl`."""
    parser.epilog = (
        "The result is in P1 with both Friedel mates, systematic absences as 0, one row h k l F a reflection. It is"
        " what nanoBragg -hkl INPUT reads too, if no option is given here. Exit status: 0, or 2 with one line on"
        " standard error."
    )
    parser.add_argument("input", metavar="INPUT", help="MTZ, mmCIF reflections, or a model as mmCIF or PDB; also .gz")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: the name of the input with _P1.hkl")
    parser.add_argument("--dmin", type=positive, metavar="A", help="resolution limit; default: that of the file, or 2")
    data = parser.add_argument_group("measured data")
    data.add_argument(
        "--columns",
        metavar="LABEL[,LABEL]",
        help="amplitudes or intensities, or those of h k l and -h -k -l; default: the first of amplitudes, their"
        " anomalous pairs, intensities, and theirs",
    )
    data.add_argument(
        "--fill", type=filling, metavar="shell|F", help="gaps get the mean of their resolution shell, or a number"
    )
    data.add_argument("--F000", type=positive, metavar="F", help="electrons in the unit cell; default: no row 0 0 0")
    data.add_argument("--scale", type=positive, default=1.0, metavar="X", help="factor of all amplitudes; default 1")
    model = parser.add_argument_group("models")
    model.add_argument("--wavelength", type=positive, metavar="A", help="for f' and f''; default: without")
    model.add_argument("--no-solvent", action="store_true", help="vacuum between the molecules")
    model.add_argument("--k-sol", type=not_negative, metavar="K", help="bulk solvent, electrons/A^3; default 0.35")
    model.add_argument("--B-sol", type=not_negative, metavar="B", help="B factor of its edge, A^2; default 46")


def filling(text: str) -> str | float:
    """`shell` or a number."""
    return text if text == "shell" else not_negative(text)


def run(arguments: argparse.Namespace) -> int:
    """Convert, write, and say what was found."""
    settings = Settings(
        dmin=arguments.dmin,
        columns=arguments.columns,
        fill=arguments.fill,
        F000=arguments.F000,
        scale=arguments.scale,
        wavelength=arguments.wavelength,
        solvent=not arguments.no_solvent,
        k_sol=arguments.k_sol,
        B_sol=arguments.B_sol,
    )
    converted = convert(arguments.input, settings)
    output = arguments.output or f"{Path(arguments.input).name.removesuffix('.gz').rsplit('.', 1)[0]}_P1.hkl"
    write_file(output, converted.text())
    for note in converted.notes:
        print(note)
    cell = " ".join(map(repr, converted.cell))
    print(f"written: {output}; nanoBragg -hkl {output} -cell {cell}")
    return 0
