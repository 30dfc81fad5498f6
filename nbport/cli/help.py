"""`--help` and the man page, made from the tables of options in `options/table.py`."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from ..options.scan import NANOBRAGG, OptionTable
from ..options.table import Flag

USAGE = "nanoBragg {-cell A [B C ALPHA BETA GAMMA] | -mat FILE} {-hkl FILE | -default_F F} [option ...]"
DESCRIPTION = (
    "Simulates the X-ray diffraction image of a small crystal, on an absolute scale. A port of the C program"
    " nanoBragg to Numba: it takes the same arguments and writes the same files, byte for byte."
)
EPILOG = (
    "Writes to the current folder: the float image (photons per pixel, 4-byte floats, row by row), the integer image"
    " and the noise image (SMV), a preview (PGM), and the structure factors in a form that is read faster the next"
    " time. Exit status: 0, or 9 with one line on standard error that says what is wrong; 130 or 143 if SIGINT (Ctrl-C)"
    " or SIGTERM ended the run, which leaves no half-written file. Options are recognised as"
    " in the C program: anything that begins with a dash and contains the name of an option counts as that"
    " option, and anything else is ignored with a warning."
)

OWN_SECTION = "options of nbport"
SECTIONS = {
    "crystal": "-mat -cell -misset -misset_seed -N -Na -Nb -Nc -samplesize -sample_x -sample_y -sample_z -xtalsize"
    " -xtal_x -xtal_y -xtal_z -square_xtal -round_xtal -gauss_xtal -tophat_spots -fudge -mosaic -mosaic_domains"
    " -mosaic_seed",
    "structure factors": "-hkl -default_F -dump -interpolate -nointerpolate -dmin -water",
    "beam": "-lambda -energy -dispersion -dispsteps -fluence -flux -exposure -beamsize -polar -nopolar -divergence"
    " -divsteps -hdivrange -hdivstep -hdivsteps -vdivrange -vdivstep -vdivsteps -round_div -square_div -sourcefile",
    "detector": "-distance -close_distance -pixel -detpixels -detpixels_x -detpixels_y -detsize -detsize_f -detsize_s"
    " -Xbeam -Ybeam -Xclose -Yclose -ORGX -ORGY -twotheta -detector_rotx -detector_roty -detector_rotz"
    " -detector_abs -detector_thick -detector_thicksteps -thicksteps -curved_det -point_pixel -img -mask",
    "axes": "-mosflm -xds -adxv -denzo -dials -pivot -fdet_vector -sdet_vector -odet_vector -beam_vector"
    " -polar_vector -spindle_axis -twotheta_axis -pix0_vector",
    "spindle": "-phi -osc -phistep -phisteps",
    "sampling": "-oversample -oversample_thick -oversample_polar -oversample_omega -roi",
    "output": "-floatfile -intfile -scale -adc -pgmfile -pgmscale -nopgm -noisefile -nonoise -seed -progress"
    " -noprogress -printout -printout_pixel",
    "accepted without effect": "-density -MW -coherent -stolout -stol -4stol -Q",
}


class Page(NamedTuple):
    """What `--help` and the man page of a command say."""

    prog: str
    usage: str
    description: str
    epilog: str
    sections: dict[str, str]  # title: options, separated by blanks
    table: OptionTable


def help_text() -> str:
    """What `nanoBragg --help` shows."""
    return build_parser().format_help()


def build_parser() -> argparse.ArgumentParser:
    """The parser of `nanoBragg`, see `parser_of`."""
    return parser_of(Page("nanoBragg", USAGE, DESCRIPTION, EPILOG, SECTIONS, NANOBRAGG))


def parser_of(page: Page) -> argparse.ArgumentParser:
    """All options as an argparse parser, for its texts only: `options.scan` does the parsing."""
    parser = argparse.ArgumentParser(
        page.prog,
        usage=page.usage,
        description=page.description,
        epilog=page.epilog,
        add_help=False,
        allow_abbrev=False,
    )
    own = parser.add_argument_group(OWN_SECTION)
    for flag in page.table.own:
        _add(own, flag.option, flag.metavar, flag.help)
    flags = {flag.option: flag for flag in page.table.flags}
    for section, options in page.sections.items():
        group = parser.add_argument_group(section)
        for option in options.split():
            _add(group, option, flags[option].values, describe(flags[option]))
    return parser


def describe(flag: Flag) -> str:
    """Help text of an option with its unit, default and other names."""
    facts = [flag.unit] if flag.unit else []
    if flag.default:
        facts.append(f"default {flag.default}")
    names = other_names(flag)
    if names:
        facts.append("also " + ", ".join(names))
    return flag.help + (f" [{'; '.join(facts)}]" if facts else "")


def other_names(flag: Flag) -> list[str]:
    """Spellings of an option besides the one that is documented."""
    return [name for name in flag.patterns if name.startswith("-") and name not in flag.option]


def _add(group, option: str, metavars: str, help: str) -> None:
    help = help.replace("%", "%%")
    names = metavars.split()
    if names:
        metavar = names[0] if len(names) == 1 else tuple(names)
        group.add_argument(option, nargs=None if len(names) == 1 else len(names), metavar=metavar, help=help)
    else:
        group.add_argument(option, action="store_true", help=help)
