"""Bytes that a run adds to the interpreter and its kernels at its peak. `docs/log.md` says how good it is."""

from __future__ import annotations

import math

from ..formats.fdump import of_grid
from ..parameters import Parameters
from ..run import Run, SamplingPlan

ORIENTATION = 9 * 8  # a matrix or three vectors of doubles
# a row of five numbers in lists, and the arrays that are made of all rows
SOURCE = 480
LOG_LINE = 144  # a text of 60 characters or so, in a list
MASK_PIXEL = 2 + 2 + 2  # of the file, of its pixels, and as the kernels see them


def of_images(p: Parameters) -> int:
    """Bytes of the float, the integer and the 8-bit image, and the mask."""
    pixel = 4 + 2 + (1 if p.write_pgm else 0) + (MASK_PIXEL if p.mask_pixels is not None else 0)
    return pixel * max(p.pixels, 0)


def of_orientations(plan: SamplingPlan, has_sourcefile: bool) -> int:
    """Bytes of the tables of spindle positions, mosaic domains and sources.

    Kernels on the CPU make no table of all combinations of spindle positions and domains.
    """
    sources = 0 if has_sourcefile else math.prod(max(axis.steps, 0) for axis in (plan.hdiv, plan.vdiv, plan.dispersion))
    # at most that many: divergence may be cut to an ellipse
    return ORIENTATION * (max(plan.phi.steps, 0) + max(plan.mosaic_domains, 0)) + SOURCE * sources


def memory_needed(run: Run) -> int:
    """Estimate of the bytes that a run adds to the interpreter and its kernels at its peak."""
    p = run.parameters
    orientations = of_orientations(run.plan, p.sourcefile is not None)
    return of_images(p) + orientations + of_grid(run.scene.fgrid.Fhkl.shape)
