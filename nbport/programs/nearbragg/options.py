"""Options of nearBragg: one row an option, in the order in which the C program tests them.

Rows that nanoBragg has, too, are its rows.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from ... import parameters
from ...cli.help import Page, parser_of
from ...crules.text import atof, atoi
from ...options.scan import OptionTable
from ...options.table import Flag, mm
from ...parameters import Vector
from ...system.files import readable
from ..console import USUAL
from ..shared_options import same, vector

PI = 3.14159265358979  # as many digits as the C program has (quirk: nearbragg-pi)
TWO_PI = 6.28318530717959
RTD = 180.0 / PI
NOT_GIVEN = -1e99  # as a beam centre or an angle


@dataclass
class Parameters(parameters.Parameters):
    """What the arguments ask for; SI units and radians. C: nearBragg.c 63-143"""

    atomfile: str | None = None
    atomfile_opens: bool = False
    Xbeam: float = NOT_GIVEN
    Ybeam: float = NOT_GIVEN
    detector_twotheta: float = NOT_GIVEN
    fluence: float = 1.25932015286227e29
    pix0_vector: Vector | None = None  # m
    source_distance: float = 10.0  # m
    source_depth: float = 0.0
    depthsteps: int = -1
    far_source: bool = False
    coherent: bool = False
    accumulate: bool = False
    debug: bool = False
    sinfile: str = "sinimage.bin"
    cosfile: str = "cosimage.bin"


def degrees(text: str) -> float:
    """Radians of a text in degrees."""
    return atof(text) / RTD


def set_atomfile(p: Parameters, following: list[str]) -> None:
    """The last name counts, also if it cannot be opened."""
    p.atomfile, p.atomfile_opens = following[0], readable(following[0])


def set_source_distance(p: Parameters, following: list[str]) -> None:
    """A distance, or `far`, which no later option takes back (quirk: nearbragg-far)."""
    if "far" in following[0]:
        p.far_source, p.source_distance, p.source_depth = True, 0.0, 0.0
    else:
        p.source_distance = mm(following[0])


def set_curved(p: Parameters, following: list[str]) -> None:
    """Counts only if a word follows (quirk: curved-det-last)."""
    p.curved_detector = True


# fmt: off
FLAGS: tuple[Flag, ...] = (
    Flag("-atoms", "156-159", "N", "number of atoms", apply=lambda p, v: None, no_effect="atoms are counted"),
    same("-Xbeam", "160-163", help="direct beam along the fast axis", also={}, default="half a pixel below the middle"),
    same("-Ybeam", "164-167", help="direct beam along the slow axis", also={}, default="half a pixel above the middle"),
    vector("-fdet_vector", "168-173", help="fast axis of the detector, used at the length given"),
    vector("-sdet_vector", "174-179", help="slow axis of the detector, used at the length given"),
    vector("-odet_vector", "180-185", help="normal of the detector, used for its place only"),
    vector("-beam_vector", "186-191", no_effect="the beam is along x"),
    vector("-polar_vector", "192-197", no_effect="there is no polarization"),
    vector("-spindle_axis", "198-203", help="axis of -twotheta, used at the length given"),
    Flag("-pix0_vector", "204-210", "X Y Z", "corner of the first pixel, instead of the beam centre", unit="m",
         sets=("pix0_vector",), convert=atof),
    same("-divergence", "211-214"),
    same("-hdivrange", "215-218"),
    same("-vdivrange", "219-222"),
    same("-hdivstep", "223-226"),
    same("-hdivsteps", "227-230"),
    same("-vdivstep", "231-234"),
    same("-vdivsteps", "235-238"),
    same("-divsteps", "239-242"),
    same("-distance", "243-246", also={}),
    same("-twotheta", "247-250", help="swing of the detector about -spindle_axis", also={}, convert=degrees),
    Flag("-source_distance", "251-260", "D", "origin to source, or `far`: a plane wave", ("-source_dist",), "mm",
         apply=set_source_distance, default="10000"),
    Flag("-source_depth", "261-264", "D", "from the front of the source to its back", unit="Angstrom",
         sets=("source_depth",), convert=lambda text: atof(text) * 1e-10, default="0"),
    Flag("-depthsteps", "265-268", "N", "points of the source along the beam", sets=("depthsteps",), convert=atoi,
         default="2 if there is a depth"),
    same("-detsize", "269-273"),
    Flag("-detsize_x", "274-277", "SIZE", "detector size along the fast axis", unit="mm", sets=("detsize_f",),
         convert=mm),
    Flag("-detsize_y", "278-281", "SIZE", "detector size along the slow axis", unit="mm", sets=("detsize_s",),
         convert=mm),
    same("-detpixels", "282-285"),
    same("-detpixels_x", "286-289", patterns=("-detpixels_x",)),
    same("-detpixels_y", "290-293", patterns=("-detpixels_y",)),
    same("-curved_det", "294-297", help="every pixel at the same distance; ignored as the last argument",
         apply=set_curved, needs=1),
    same("-pixel", "298-301"),
    same("-point_pixel", "302-305", help="no solid angle: photons a steradian at the origin"),
    same("-nopolar", "306-309", also={}, no_effect="there is no polarization"),
    same("-oversample", "310-313", default="by the extent of the atoms"),
    same("-roi", "314-320"),
    same("-lambda", "321-324"),
    same("-energy", "325-328"),
    same("-fluence", "329-332"),
    same("-dispersion", "333-336"),
    same("-dispsteps", "337-340"),
    same("-phi", "341-344", help="spindle angle, for the header", convert=degrees),
    Flag("-file", "345-349", "FILE", "atoms, a line each: x y z (Angstrom), occupancy, B (Angstrom^2), phase (degrees)",
         apply=set_atomfile),
    same("-floatfile", "350-353", patterns=("-floatfile",)),
    Flag("-sinfile", "354-357", "FILE", "imaginary part of the amplitude, with -coherent", sets=("sinfile",),
         default="sinimage.bin"),
    Flag("-cosfile", "358-361", "FILE", "real part of the amplitude, with -coherent", sets=("cosfile",),
         default="cosimage.bin"),
    same("-intfile", "362-365", patterns=("-intfile",), help="integer image"),
    same("-scale", "366-369"),
    Flag("-coherent", "370-374", "", "add amplitudes of all sources, wavelengths and sub-pixels",
         also={"coherent": True}),
    same("-printout", "375-379", help="print figures of each pixel, instead of progress"),
    same("-noprogress", "380-384"),
    same("-progress", "385-389"),
    Flag("-debug", "390-394", "", "print every atom, and with -printout every wave", also={"debug": True}),
    same("-printout_pixel", "395-399"),
    Flag("-accumulate", "400-404", "", "add to the float image that is there, or with -coherent to the amplitudes",
         also={"accumulate": True}),
)
# fmt: on

PAGE = Page(
    "nearBragg",
    "nearBragg -file FILE [option ...]",
    "Simulates the X-ray scattering of a list of atoms by adding up spherical waves, on an absolute scale. A port of"
    " the C program of that name: the same arguments, the same bytes.",
    "Written to the current folder: the float image (photons a pixel, 4-byte floats, row by row) and the integer image"
    " (SMV), with -coherent the amplitudes too. Options are recognised as the C program does it: anything that begins"
    " with a dash and contains the name of an option counts as that option. Exit status: 0, or 9 with one line on"
    " standard error that says what is wrong.",
    {
        "atoms": "-file",
        "beam": "-lambda -energy -dispersion -dispsteps -fluence -divergence -divsteps -hdivrange -hdivstep -hdivsteps"
        " -vdivrange -vdivstep -vdivsteps -source_distance -source_depth -depthsteps -coherent",
        "detector": "-distance -pixel -detpixels -detpixels_x -detpixels_y -detsize -detsize_x -detsize_y -Xbeam -Ybeam"
        " -twotheta -curved_det -point_pixel",
        "axes": "-fdet_vector -sdet_vector -odet_vector -pix0_vector -spindle_axis",
        "spindle": "-phi",
        "sampling": "-oversample -roi",
        "output": "-floatfile -sinfile -cosfile -intfile -scale -accumulate -progress -noprogress -printout"
        " -printout_pixel -debug",
        "accepted without effect": "-atoms -beam_vector -polar_vector -nopolar",
    },
    OptionTable(FLAGS, USUAL),
)


def missing(p: Parameters) -> str | None:
    """What was expected and not given, if anything. C: nearBragg.c 409-456"""
    if p.atomfile_opens:
        return None
    found = f"found {p.atomfile}, which cannot be read; " if p.atomfile else ""
    return f"{found}expected a list of atoms: -file FILE"


def build_parser() -> argparse.ArgumentParser:
    """All options, for the man page."""
    return parser_of(PAGE)
