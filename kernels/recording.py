"""What a trace records of a pixel: one row for every step of the pixel loop, in order of computation.

The reference kernel fills the rows while it computes. Without an array to record in, it is compiled
without any of this.
"""

import numpy as np

from .scalar import scalar

# kinds of rows
SUBPIXEL, PARALLAX, CAPTURE, SOURCE, POLAR, PHI, LATTICE, SUM = range(8)

# what a row of each kind holds after the kind, in order; (name, how many numbers)
FIELDS = {
    SUBPIXEL: (
        ("layer", 1), ("subpixel", 2),
        ("Fdet", 1), ("Sdet", 1), ("Odet", 1), ("pixel_pos", 3), ("airpath", 1), ("diffracted", 3),
        ("omega_pixel", 1),
    ),
    PARALLAX: (("parallax", 1),),  # only where the captured fraction is computed
    CAPTURE: (("capture_fraction", 1),),
    SOURCE: (("source", 1), ("incident", 3), ("lambda", 1), ("scattering", 3), ("stol", 1)),
    POLAR: (("polar", 1), ("diffracted", 3), ("polar_vector", 3)),  # unless the resolution is cut off
    PHI: (("phi_tic", 1), ("ap", 3), ("bp", 3), ("cp", 3)),
    LATTICE: (
        ("mos_tic", 1), ("a", 3), ("b", 3), ("c", 3), ("hkl", 3), ("hkl0", 3),
        ("F_latt_a", 1), ("F_latt_b", 1), ("F_latt_c", 1), ("F_latt", 1),
    ),
    SUM: (("F_cell", 1), ("interpolate", 1), ("term", 1), ("I", 1)),  # unless the term is skipped
}  # fmt: skip
ROW_SIZE = 1 + max(sum(size for _, size in fields) for fields in FIELDS.values())


def rows_needed(layers_and_subpixels, sources, phisteps, mosaic_domains):
    """How many rows a record of one pixel can have."""
    a_source = 2 + phisteps * (1 + 2 * mosaic_domains)
    return 1 + layers_and_subpixels * (3 + sources * a_source)


def new_record(layers_and_subpixels, sources, phisteps, mosaic_domains):
    """An empty record with room for one pixel, float64 [rows, ROW_SIZE]. Row 0 only counts the rows in use."""
    return np.zeros((rows_needed(layers_and_subpixels, sources, phisteps, mosaic_domains), ROW_SIZE))


@scalar
def record(rows, kind, numbers):
    """Append a row.

    Parameters
    ----------
    rows : float64 [rows, ROW_SIZE]
        From `new_record`.
    kind : int
    numbers : tuple of float
        As FIELDS has them.
    """
    n = int(rows[0, 0]) + 1
    rows[0, 0] = n
    rows[n, 0] = kind
    for i in range(len(numbers)):
        rows[n, 1 + i] = numbers[i]
