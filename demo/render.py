"""The demo: one image of a Cro repressor crystal, 20 x 20 x 20 cells in a drop of water, and its picture.

Run it with the Python that nbport is installed in; `make demo` does. Everything goes to demo/output/.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

import fabio
import numpy as np

from nbport.view.picture import Style, paint, reduced, to_png

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "output"
# structure factors of PDB entry 1ORC to 1.6 Angstrom, expanded to P1
HKL = HERE.parent / "c_reference" / "inputs" / "1orc_P1.hkl"
OPTIONS = """
    -cell 34.77 39.17 48.31 90 90 90  -misset 28 6 -5  -N 20  -mosaic 0.2 -mosaic_domains 4
    -lambda 1  -fluence 4e27  -phi 0 -osc 2 -phisteps 20  -water 2.5
    -distance 200  -pixel 0.1  -detpixels 2048  -oversample 1
    -scale 1  -pgmscale 2.5  -seed 1  -noprogress
"""
ADC_OFFSET = 40
BINNING = 2  # pixels of the image that become one of the picture, along each axis
DARKEST = 100  # photons above the background that are black


def render() -> float:
    """Run the installed `nanoBragg` in the output folder; its log goes beside the images. Returns seconds."""
    command = [str(Path(sys.executable).with_name("nanoBragg")), "-hkl", str(HKL), *OPTIONS.split()]
    print("nanoBragg", shlex.join(command[1:]), flush=True)
    start = time.perf_counter()
    with open(OUTPUT / "nanoBragg.log", "w") as log:
        subprocess.run(command, cwd=OUTPUT, stdout=log, check=True)
    return time.perf_counter() - start


def picture(counts: np.ndarray) -> bytes:
    """Photons as a PNG, black on white, grey as the square root of the photons above the background.

    Parameters
    ----------
    counts : [spixels, fpixels]
    """
    background = float(np.percentile(reduced(counts, BINNING, "mean"), 2))
    style = Style("sqrt", background, background + DARKEST, size=max(counts.shape) // BINNING, reduction="mean")
    return to_png(paint(counts, style).image)


def main() -> None:
    """Render the demo and make its picture."""
    OUTPUT.mkdir(exist_ok=True)
    seconds = render()
    counts = fabio.open(str(OUTPUT / "noiseimage.img")).data.astype(float) - ADC_OFFSET
    (OUTPUT / "demo.png").write_bytes(picture(counts))
    print(f"rendered in {seconds:.0f} s; the images are in {OUTPUT}")
    print(f"the picture: {OUTPUT / 'demo.png'}")


if __name__ == "__main__":
    main()
