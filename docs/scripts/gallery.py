"""The gallery: images that nbport renders while the documentation is built, and the page that shows them."""

from __future__ import annotations

import io
import re
import shlex
import tempfile
import textwrap
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import nbport
from nbport.cli import nbport_command

INPUTS = Path(__file__).resolve().parents[2] / "c_reference" / "inputs"
PROTEIN = "-hkl 1orc_P1.hkl -cell 34.77 39.17 48.31 90 90 90 -misset 28 6 -5"
NEAR = "-lambda 1 -distance 100 -detpixels 256 -pixel 0.4 -oversample 1"
SLICE = "-phi 30 -osc 1 -phisteps 10"


@dataclass(frozen=True)
class Exhibit:
    """Images that belong together.

    Attributes
    ----------
    name : str
        Of its files.
    title, text : str
        What is to be seen.
    options : str
        Of all its images.
    variants : tuple of str
        More options, for each image.
    view : str
        How `nbport view` shows them.
    image : str
        The file that is shown.
    """

    name: str
    title: str
    text: str
    options: str
    variants: tuple[str, ...]
    view: str = ""
    image: str = "floatimage.bin"


EXHIBITS = (
    Exhibit(
        "shapes",
        "Shapes of the crystal",
        "One spot of a crystal of 8 x 8 x 8 cells, enlarged. A parallelepiped has fringes along the directions of its"
        " edges, an ellipsoid has rings, and the other two are spots without fringes.",
        "-cell 50 -default_F 100 -N 8 -lambda 1 -distance 1000 -detpixels 256 -pixel 0.1 -oversample 1",
        ("-square_xtal", "-round_xtal", "-gauss_xtal", "-tophat_spots"),
    ),
    Exhibit(
        "rotation",
        "Still and oscillation",
        "A still has the reflections that happen to touch the Ewald sphere. Turning the crystal about the spindle"
        " brings in more of them.",
        f"{PROTEIN} -N 12 {NEAR}",
        ("-phi 30", "-phi 30 -osc 1 -phisteps 10", "-phi 30 -osc 5 -phisteps 50"),
    ),
    Exhibit(
        "mosaic",
        "Mosaic spread",
        "Domains that are tilted against each other: spots become arcs about the beam centre, and more reflections are"
        " excited at once. Few domains show as separate spots.",
        f"{PROTEIN} -N 20 {NEAR}",
        ("-mosaic 0", "-mosaic 0.5 -mosaic_domains 20", "-mosaic 2 -mosaic_domains 100"),
    ),
    Exhibit(
        "beam",
        "Divergence and spectrum",
        "A divergent beam smears the excitation of all spots alike; a spectrum draws them out along the radius, the"
        " more the further out.",
        f"{PROTEIN} -N 20 {NEAR}",
        ("-divergence 0", "-divergence 10 -divsteps 9", "-dispersion 5 -dispsteps 40"),
    ),
    Exhibit(
        "polarization",
        "Polarization",
        "Background of water on a detector near the sample. A polarized beam scatters little along its E vector, which"
        " is horizontal here; what is left without polarization, the decrease towards the corners, is the solid angle.",
        "-cell 50 -default_F 1e-6 -N 1 -water 100 -lambda 1 -distance 60 -detpixels 256 -pixel 0.8 -oversample 1",
        ("-nopolar", "-polar 0", "-polar 0.99"),
        "--scale linear --low 0",
    ),
    Exhibit(
        "detector",
        "Flat, tilted and curved detectors",
        "The same crystal on a flat detector, on one that is swung by 30 degrees, and on one that is bent so that every"
        " pixel is at the same distance. The last one is turned, because it has"
        " [axes of its own](quirks.md#curved-detector-axes).",
        f"{PROTEIN} -N 12 {SLICE} -distance 60 -detpixels 256 -pixel 0.4 -oversample 1",
        ("-twotheta 0", "-twotheta 30", "-curved_det -lambda 1"),
    ),
    Exhibit(
        "water",
        "Water",
        "The background of the water around the crystal, by the size of the drop.",
        f"{PROTEIN} -N 12 {SLICE} {NEAR}",
        ("-water 0", "-water 0.05", "-water 0.2"),
        "--low 1 --high 1e5",
    ),
    Exhibit(
        "noise",
        "Photon noise",
        "Counts of photons, with fewer and fewer of them in the beam.",
        f"{PROTEIN} -N 12 {SLICE} {NEAR} -water 0.3 -scale 1 -adc 0 -seed 1",
        ("-fluence 1e28", "-fluence 1e27", "-fluence 1e26"),
        "--scale sqrt --low 0",
        "noiseimage.img",
    ),
    Exhibit(
        "interpolation",
        "Interpolation of structure factors",
        "Between the spots of a crystal of very few cells. The nearest structure factor jumps halfway between two"
        " reflections; tricubic interpolation does not.",
        f"{PROTEIN} -N 3 -lambda 1 -distance 400 -detpixels 256 -pixel 0.2 -Xbeam -5 -Ybeam -5 -oversample 1",
        ("-nointerpolate", "-interpolate"),
    ),
)
HELD = "\N{NO-BREAK SPACE}"
VIEW = "--rings none --size 256"


def picture(exhibit: Exhibit, own: str) -> bytes:
    """Render one image of an exhibit, and make a PNG of it, as the page says."""
    options = shlex.split(f"{exhibit.options} {own}")
    options = [str(INPUTS / option) if (INPUTS / option).is_file() else option for option in options]
    with tempfile.TemporaryDirectory() as folder:
        nbport.render(options).write(folder)
        target = Path(folder, "picture.png")
        command = ["view", f"{folder}/{exhibit.image}", "-o", str(target), *VIEW.split(), *exhibit.view.split()]
        with redirect_stdout(io.StringIO()):
            status = nbport_command.main(command)
        if status:
            raise RuntimeError(f"no picture of {exhibit.name} with {own}")
        return target.read_bytes()


def pictures() -> dict[str, bytes]:
    """All PNGs, by the path that the page knows them by."""
    return {_path(exhibit, i): picture(exhibit, own) for exhibit in EXHIBITS for i, own in enumerate(exhibit.variants)}


def gallery_page() -> str:
    """The page as Markdown."""
    introduction = (
        "Rendered by nbport when these pages were built. Dark is bright, on a logarithmic scale unless the command says"
        " otherwise. The options of a picture stand below it, those of all pictures of a row after it; the files are in"
        " `c_reference/inputs`."
    )
    return "\n\n".join(["---\nhide:\n  - toc\n---\n\n# Gallery", introduction, *map(_section, EXHIBITS)]) + "\n"


def _section(exhibit: Exhibit) -> str:
    figures = "\n".join(
        f'<figure markdown="span">![{exhibit.title}, {own}]({_path(exhibit, i)})'
        f"<figcaption>`{own}`</figcaption></figure>"
        for i, own in enumerate(exhibit.variants)
    )
    # lines are broken before options only
    held = re.sub(r" (?!--?[a-zA-Z])", HELD, f"nanoBragg {exhibit.options} ...")
    render = textwrap.wrap(held, 90, break_on_hyphens=False, subsequent_indent="    ")
    view = f"nbport view {exhibit.image} {VIEW} {exhibit.view}".strip()
    commands = textwrap.indent(" \\\n".join(render).replace(HELD, " ") + f"\n{view}", "    ")
    return f'## {exhibit.title}\n\n{exhibit.text}\n\n<div class="gallery" markdown>\n{figures}\n</div>\n\n{commands}'


def _path(exhibit: Exhibit, number: int) -> str:
    return f"gallery/{exhibit.name}{number}.png"
