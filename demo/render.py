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
from PIL import Image

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


def render() -> float:
    """Run the installed `nanoBragg` in the output folder; its log goes beside the images. Returns seconds."""
    command = [str(Path(sys.executable).with_name("nanoBragg")), "-hkl", str(HKL), *OPTIONS.split()]
    print("nanoBragg", shlex.join(command[1:]), flush=True)
    start = time.perf_counter()
    with open(OUTPUT / "nanoBragg.log", "w") as log:
        subprocess.run(command, cwd=OUTPUT, stdout=log, check=True)
    return time.perf_counter() - start


def picture(counts: np.ndarray, binning: int, darkest: float) -> Image.Image:
    """Photons as a picture, black on white, grey as the square root of the photons above the background.

    Parameters
    ----------
    counts : [spixels, fpixels]
    binning : int
        Pixels that become one, along each axis.
    darkest : float
        Photons above the background that are black.
    """
    spixels, fpixels = counts.shape
    binned = counts.reshape(spixels // binning, binning, fpixels // binning, binning).mean(axis=(1, 3))
    grey = np.sqrt(np.clip((binned - np.percentile(binned, 2)) / darkest, 0, 1))
    return Image.fromarray((255 * (1 - grey)).astype(np.uint8))


def main() -> None:
    OUTPUT.mkdir(exist_ok=True)
    seconds = render()
    counts = fabio.open(str(OUTPUT / "noiseimage.img")).data.astype(float) - ADC_OFFSET
    picture(counts, binning=2, darkest=100).save(OUTPUT / "demo.png")
    print(f"rendered in {seconds:.0f} s; the images are in {OUTPUT}")
    print(f"the picture: {OUTPUT / 'demo.png'}")


if __name__ == "__main__":
    main()
