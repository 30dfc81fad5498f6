"""The formats of other programs that the float image can be written in too: one row each.

A new format is a row here, a module of its name in `output/`, and a section of `docs/formats.md`.
"""

from __future__ import annotations

from typing import NamedTuple


class OutputFormat(NamedTuple):
    """A format beside those of the reference."""

    name: str  # of the option behind its dashes, and of the module in `output/`
    ending: str  # of file names in a series
    help: str
    of_series: bool = True  # a series may have images in it


OUTPUT_FORMATS = (
    OutputFormat("png", ".png", "make a picture of the float image, with resolution rings", of_series=False),
    OutputFormat("cbf", ".cbf", "write whole photons, times -scale if it is given, as a mini-CBF too"),
    OutputFormat("tiff", ".tif", "write the float image as a TIFF too"),
    OutputFormat("edf", ".edf", "write the float image as an EDF too"),
    OutputFormat("nexus", ".nxs", "write the float image and its geometry as a NeXus file (NXmx, HDF5) too"),
)
FORMAT_NAMES = tuple(row.name for row in OUTPUT_FORMATS)
