"""`nbport view`: a picture of any image, with what its geometry says."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError, OptionError, OutputError
from ...flat_detector import FlatDetector
from ...formats.images import Frame, read_image
from ...system.files import check_place, write_file
from ...view.annotate import Sheet, automatic_rings, draw_beam, draw_rings, draw_spots
from ...view.geometry import Facts, by_header
from ...view.picture import COLOURS, REDUCTIONS, SCALES, Style, load_pillow, paint, to_png

if TYPE_CHECKING:
    from ...run import Run

OPTIONS = {"pixel_size": "--pixel", "distance": "--distance", "wavelength": "--wavelength", "beam_centre": "--beam"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `nbport view`."""
    parser.usage = "nbport view FILE [option ...] [-- NANOBRAGG-OPTIONS]"
    parser.epilog = (
        "Behind -- can stand the nanoBragg options that made the image: they give its shape and geometry, and where"
        " spots are. Without them, the header of the image gives the geometry, or that of an SMV image of its size"
        " beside it. Exit status: 0, or 2 with one line on standard error."
    )
    parser.add_argument(
        "file", metavar="FILE", help="an image: raw floats (.bin), SMV, PGM, CBF, TIFF, EDF, .npy, NeXus, ..."
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", help="the picture (default: that of the image with .png instead of its suffix)"
    )
    parser.add_argument("--show", action="store_true", help="open the picture")
    look = parser.add_argument_group("look")
    look.add_argument("--scale", choices=SCALES, default="log", help="default: log")
    look.add_argument("--low", type=float, metavar="X", help="value at the lower end of the scale")
    look.add_argument("--high", type=float, metavar="X", help="value at the upper end")
    look.add_argument("--colours", choices=COLOURS, default="grey", help="grey is dark on white (default: grey)")
    look.add_argument(
        "--size", type=int, default=Style.size, metavar="N", help=f"most pixels of a side (default: {Style.size})"
    )
    look.add_argument(
        "--reduce", choices=REDUCTIONS, default="max", help="pixels that share one of the picture (default: max)"
    )
    look.add_argument(
        "--roi", nargs=4, type=int, metavar=("XMIN", "XMAX", "YMIN", "YMAX"), help="as for nanoBragg; bounds are inside"
    )
    marks = parser.add_argument_group("marks")
    marks.add_argument(
        "--rings",
        default="auto",
        metavar="D,D,...",
        help="resolutions in Angstrom, auto (the default), or none: no beam centre either",
    )
    marks.add_argument(
        "--spots",
        type=int,
        default=0,
        metavar="N",
        help="label the N brightest predicted spots; needs options behind --",
    )
    geometry = parser.add_argument_group("geometry, instead of what a header says")
    geometry.add_argument("--shape", nargs=2, type=int, metavar=("SLOW", "FAST"), help="of raw floats")
    geometry.add_argument("--pixel", type=float, metavar="MM", help="edge of a pixel, mm")
    geometry.add_argument("--distance", type=float, metavar="MM", help="from the sample to the detector, mm")
    geometry.add_argument("--wavelength", type=float, metavar="A", help="Angstrom")
    geometry.add_argument(
        "--beam", nargs=2, type=float, metavar=("FAST", "SLOW"), help="beam centre in pixels; the first one is 0 to 1"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the picture."""
    load_pillow()
    style = Style(arguments.scale, arguments.low, arguments.high, arguments.colours, arguments.size, arguments.reduce)
    if style.size < 16:
        raise OptionError(f"--size: found {style.size}, expected 16 or more")
    source = Path(arguments.file)
    simulated = _set_up(arguments.behind) if arguments.behind else None
    if arguments.spots and simulated is None:
        raise OptionError("--spots: needs the nanoBragg options of the image behind --")
    frame = _read(source, arguments, simulated)
    target = _target(arguments.out, source)
    flat = FlatDetector.of(simulated) if simulated else _geometry(source, frame, arguments)
    xmin, xmax, ymin, ymax = _roi(arguments.roi, frame)
    cut = frame.pixels[ymin : ymax + 1, xmin : xmax + 1]
    picture = paint(cut, style)
    sheet = Sheet(picture, style.colours, (xmin, ymin))
    notes = []
    if flat is not None and arguments.rings != "none":
        rings = draw_rings(sheet, flat, automatic_rings(flat) if arguments.rings == "auto" else _rings(arguments.rings))
        notes.append("rings at " + (", ".join(f"{ring:g}" for ring in rings) + " Angstrom" if rings else "none"))
        draw_beam(sheet, flat)
    if arguments.spots:
        from ...view.spots import brightest, predict

        spots = predict(simulated)
        inside = (spots.fast >= xmin) & (spots.fast <= xmax) & (spots.slow >= ymin) & (spots.slow <= ymax)
        labelled = draw_spots(sheet, brightest(spots.take(inside), frame.pixels, arguments.spots))
        notes.append(f"{labelled} of {inside.sum()} predicted spots labelled")
    write_file(target, [to_png(picture.image)])
    print(
        f"{target}: {cut.shape[1]} x {cut.shape[0]} pixels, {style.scale} from {picture.low:.4g} to {picture.high:.4g}"
    )
    for note in notes:
        print(f"  {note}")
    if arguments.show and not webbrowser.open(target.resolve().as_uri()):
        raise OutputError(f"{target}: written, but no program was found that shows it")
    return 0


def _set_up(options: list[str]) -> Run:
    """The run that nanoBragg options ask for, set up but not rendered."""
    from ...api import set_up_run

    return set_up_run(options)


def _target(out: str | None, source: Path) -> Path:
    target = Path(out) if out else source.with_suffix(".png")
    check_place(target)
    if target.resolve() == source.resolve():
        raise OptionError(f"{target}: that is the image itself; choose another name with -o")
    if target.suffix.lower() not in (".png", ""):
        raise OptionError(f"--out: found {out!r}, expected a name that ends with .png")
    return target


def _read(source: Path, arguments: argparse.Namespace, simulated: Run | None) -> Frame:
    shape = tuple(arguments.shape) if arguments.shape else None
    if simulated is None:
        return read_image(source, shape, square=True)
    expected = FlatDetector.of(simulated).shape
    frame = read_image(source, shape or expected)
    if frame.pixels.shape != expected:
        found = " x ".join(map(str, frame.pixels.shape))
        raise InputError(
            f"{source}: found {found} pixels, expected {expected[0]} x {expected[1]} by the options behind --"
        )
    return frame


def _geometry(source: Path, frame: Frame, arguments: argparse.Namespace) -> FlatDetector | None:
    """From the header, or the options; None, with a word if rings were not refused, if something is not known."""
    for option in ("pixel", "distance", "wavelength"):
        value = getattr(arguments, option)
        if value is not None and not 0.0 < value < np.inf:
            raise OptionError(f"--{option}: found {value:g}, expected a positive number")
    known = by_header(source, frame)
    given = Facts(
        arguments.pixel and 1e-3 * arguments.pixel,
        arguments.distance and 1e-3 * arguments.distance,
        arguments.wavelength and 1e-10 * arguments.wavelength,
        tuple(arguments.beam) if arguments.beam else None,
    )
    if isinstance(known, FlatDetector):
        if given == Facts():
            return known
        raise OptionError("--pixel, --distance, --wavelength, --beam: NeXus files say it all themselves")
    facts = known.updated(given)
    missing = [OPTIONS[name] for name in facts.missing()]
    if not missing:
        return facts.detector(frame.pixels.shape)
    text = f"{source}: the header has no geometry: give {' '.join(missing)}, or the nanoBragg options behind --"
    if arguments.rings not in ("none", "auto"):
        raise InputError(text)
    if arguments.rings != "none":
        print(f"nbport view: no rings: {text}", file=sys.stderr)
    return None


def _roi(roi: list[int] | None, frame: Frame) -> tuple[int, int, int, int]:
    spixels, fpixels = frame.pixels.shape
    xmin, xmax, ymin, ymax = roi or (0, fpixels - 1, 0, spixels - 1)
    if not (0 <= xmin <= xmax < fpixels and 0 <= ymin <= ymax < spixels):
        raise InputError(
            f"--roi: found {xmin} {xmax} {ymin} {ymax}, expected within 0 {fpixels - 1} 0 {spixels - 1} (fast, slow)"
        )
    return xmin, xmax, ymin, ymax


def _rings(given: str) -> list[float]:
    """Resolutions, Angstrom."""
    try:
        rings = [float(text) for text in given.split(",")]
    except ValueError:
        rings = [np.nan]
    if not all(0.0 < ring < np.inf for ring in rings):
        raise OptionError(f"--rings: found {given!r}, expected positive numbers with commas between, auto or none")
    return rings
