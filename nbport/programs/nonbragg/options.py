"""Options of nonBragg: one row an option, in the order in which the C program tests them.

Rows that nanoBragg has, too, are its rows. -img is read before any other option counts.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from ... import parameters
from ...cli.help import Page, parser_of
from ...crules.text import atof, to_int
from ...options.scan import OptionTable
from ...options.table import Flag, mm
from ..console import USUAL
from ..shared_options import same, vector


@dataclass
class Parameters(parameters.Parameters):
    """What the arguments ask for; SI units and radians. C: nonBragg.c 133-296"""

    sample_x: float = 1e-4  # m
    sample_y: float = 1e-4
    sample_z: float = 1e-4
    density: float = 1.0e6  # g/m^3
    molecules: float = 0.0  # 0: from the density
    molecular_weight: float = 18.0  # g/mol
    source_distance: float = 10.0  # m
    Fmap: bool = False
    stol_file_mult: float = 1.0e10  # from the table's abscissa to 1/m
    stolout: str = "output.stol"
    quantum_gain: float = 1.0
    ignore: tuple[int, ...] = ()


def table(factor: float):
    """A table of scattering with its kind of abscissa; of several the last one counts."""

    def apply(p: Parameters, following: list[str]) -> None:
        p.stol, p.stol_file_mult = following[0], factor

    return apply


def add_ignored(p: Parameters, following: list[str]) -> None:
    """One more value of bad pixels, cut to 16 bits."""
    p.ignore = (*p.ignore, to_int(atof(following[0])) & 0xFFFF)


def set_curved(p: Parameters, following: list[str]) -> None:
    """Counts only if a word follows (quirk: curved-det-last)."""
    p.curved_detector = True


NO_VECTOR = "the normal of the detector is that of its axes"
SAMPLE_SIZE = "side of the sample, a cube"

# fmt: off
FLAGS: tuple[Flag, ...] = (
    same("-samplesize", "366-371", help=SAMPLE_SIZE, default="0.1"),
    Flag("-thick", "372-375", "SIZE", "thickness of the sample, along the beam",
         ("-sample_thick", "-sample_x", "-thick"), "mm", sets=("sample_x",), convert=mm, default="0.1"),
    same("-sample_y", "376-379", help="height of the sample; cut to the beam", default="0.1"),
    same("-sample_z", "380-383", help="width of the sample; cut to the beam", default="0.1"),
    Flag("-density", "384-387", "D", "density of the sample", ("-density", "-sample_den"), "g/cm^3", sets=("density",),
         convert=lambda text: atof(text) * 1e6, default="1"),
    Flag("-molecules", "388-391", "N", "molecules in the beam, instead of -density",
         ("-molecules", "-sample_molecules"), sets=("molecules",), convert=atof),
    Flag("-MW", "392-395", "MW", "molecular weight", ("=-MW", "-molecular"), "g/mol", sets=("molecular_weight",),
         convert=atof, default="18"),
    same("-Xbeam", "396-400", help="direct beam along the fast axis", default="the near point"),
    same("-Ybeam", "401-405", help="direct beam along the slow axis", default="the near point"),
    same("-Xclose", "406-410", default="half a pixel below the middle"),
    same("-Yclose", "411-415", default="half a pixel above the middle"),
    same("-ORGX", "416-420", help="detector point nearest to the sample, fast axis"),
    same("-ORGY", "421-425", help="detector point nearest to the sample, slow axis"),
    same("-pivot", "426-430", help="what stays in place when the detector turns"),
    vector("-fdet_vector", "431-436"),
    vector("-sdet_vector", "437-442"),
    vector("-odet_vector", "443-448", no_effect=NO_VECTOR),
    vector("-beam_vector", "449-454"),
    vector("-polar_vector", "455-460"),
    vector("-spindle_axis", "461-466", no_effect="nothing turns"),
    vector("-twotheta_axis", "467-472"),
    Flag("-pix0_vector", "473-479", "X Y Z", "corner of the first pixel", no_effect="it is worked out from the beam",
         apply=lambda p, v: None),
    same("-distance", "480-484"),
    same("-close_distance", "485-489"),
    Flag("-source_distance", "490-493", "D", "sample to sources", unit="mm", sets=("source_distance",), convert=mm,
         default="10000"),
    same("-twotheta", "494-498"),
    same("-detector_rotx", "499-502"),
    same("-detector_roty", "503-506"),
    same("-detector_rotz", "507-510"),
    same("-detsize", "511-515"),
    Flag("-detsize_x", "516-519", "SIZE", "detector size along the fast axis", unit="mm", sets=("detsize_f",),
         convert=mm),
    Flag("-detsize_y", "520-523", "SIZE", "detector size along the slow axis", unit="mm", sets=("detsize_s",),
         convert=mm),
    same("-detpixels", "524-527"),
    same("-detpixels_x", "528-531"),
    same("-detpixels_y", "532-535"),
    same("-curved_det", "536-539", help="every pixel at the same distance; ignored as the last argument",
         apply=set_curved, needs=1),
    same("-pixel", "540-543"),
    same("-point_pixel", "544-547"),
    Flag("-Fmap", "548-551", "", "plot the structure factor instead of photons", also={"Fmap": True}),
    same("-polar", "552-556"),
    same("-nopolar", "557-560"),
    same("-oversample", "561-564", default="1"),
    same("-roi", "565-571"),
    same("-lambda", "572-575"),
    same("-energy", "576-579"),
    same("-fluence", "580-583"),
    same("-flux", "584-587"),
    same("-exposure", "588-591"),
    same("-beamsize", "592-595", help="side of the square beam; also cuts the sample"),
    same("-dispersion", "596-599"),
    same("-dispsteps", "600-603"),
    same("-divergence", "604-607"),
    same("-hdivrange", "608-611"),
    same("-vdivrange", "612-615"),
    same("-hdivstep", "616-619"),
    same("-hdivsteps", "620-623"),
    same("-vdivstep", "624-627"),
    same("-vdivsteps", "628-631"),
    same("-divsteps", "632-635"),
    same("-round_div", "636-640"),
    same("-square_div", "641-645"),
    same("-adc", "646-649"),
    Flag("-gain", "650-653", "G", "ADU a photon in the image of -img", sets=("quantum_gain",), convert=atof,
         default="1"),
    same("-phi", "654-657", help="spindle angle, for the header"),
    same("-osc", "658-661", help="oscillation range, for the header"),
    same("-phistep", "662-665", help="step of the spindle, for the header"),
    same("-phisteps", "666-669", help="steps of the spindle, for the header", default=""),
    Flag("-img", "682-685", "FILE", "SMV image that sets the geometry and is turned into a table", sets=("img",)),
    Flag("-ignore", "686-690", "VALUE", "value of bad pixels in the image of -img; repeatable", apply=add_ignored),
    Flag("-stolout", "691-694", "FILE", "table that is made of the image of -img", sets=("stolout",),
         default="output.stol"),
    Flag("-stol", "695-699", "FILE", "table of the structure factor of a molecule: sin(theta)/lambda in 1/Angstrom, F",
         ("=-stol",), apply=table(1e10)),
    Flag("-4stol", "700-704", "FILE", "the same against 4 sin(theta)/lambda", ("=-4stol",), apply=table(1e10 / 4)),
    Flag("-Q", "705-709", "FILE", "the same against 4 pi sin(theta)/lambda", ("=-Q",),
         apply=table(1e10 / math.pi / 4)),
    same("-sourcefile", "710-713"),
    same("-floatfile", "714-717"),
    same("-intfile", "718-721"),
    same("-pgmfile", "722-725", also={}),
    same("-noisefile", "726-730"),
    same("-nonoise", "731-735"),
    Flag("-nopgm", "736-740", "", "no preview", no_effect="the preview is always written"),
    Flag("-noreject", "741-745", "", "keep outliers", no_effect="none are rejected"),
    same("-scale", "746-750"),
    same("-pgmscale", "751-755", also={}),
    same("-coherent", "756-760"),
    same("-printout", "761-765", help="print figures of each pixel, instead of progress"),
    same("-noprogress", "766-770"),
    same("-progress", "771-775"),
    same("-printout_pixel", "776-780"),
    same("-seed", "781-784"),
)
# fmt: on

PAGE = Page(
    "nonBragg",
    "nonBragg -stol FILE [option ...]",
    "Simulates the X-ray scattering of amorphous material, on an absolute scale, from a table of its structure factor."
    " A port of the C program of that name: the same arguments, the same bytes.",
    "Written to the current folder: the float image (photons a pixel, 4-byte floats, row by row), the integer image and"
    " the noise image (SMV), a preview (PGM). Options are recognised as the C program does it: anything that begins"
    " with a dash and contains the name of an option counts as that option. Exit status: 0, or 9 with one line on"
    " standard error that says what is wrong.",
    {
        "material": "-stol -4stol -Q -thick -samplesize -sample_y -sample_z -density -MW -molecules",
        "beam": "-lambda -energy -dispersion -dispsteps -fluence -flux -exposure -beamsize -polar -nopolar -divergence"
        " -divsteps -hdivrange -hdivstep -hdivsteps -vdivrange -vdivstep -vdivsteps -round_div -square_div -sourcefile"
        " -source_distance",
        "detector": "-distance -close_distance -pixel -detpixels -detpixels_x -detpixels_y -detsize -detsize_x"
        " -detsize_y -Xbeam -Ybeam -Xclose -Yclose -ORGX -ORGY -pivot -twotheta -detector_rotx -detector_roty"
        " -detector_rotz -curved_det -point_pixel",
        "axes": "-fdet_vector -sdet_vector -beam_vector -polar_vector -twotheta_axis",
        "spindle": "-phi -osc -phistep -phisteps",
        "sampling": "-oversample -roi",
        "from an image to a table": "-img -ignore -gain -stolout",
        "output": "-floatfile -intfile -scale -adc -pgmfile -pgmscale -noisefile -nonoise -seed -Fmap -progress"
        " -noprogress -printout -printout_pixel",
        "accepted without effect": "-odet_vector -pix0_vector -spindle_axis -nopgm -noreject -coherent",
    },
    OptionTable(FLAGS, USUAL),
)


def missing(p: Parameters) -> str | None:
    """What was expected and not given, if anything. C: nonBragg.c 791-824"""
    return None if p.stol is not None else "expected a table of scattering: -stol FILE"


def build_parser() -> argparse.ArgumentParser:
    """All options, for the man page."""
    return parser_of(PAGE)
