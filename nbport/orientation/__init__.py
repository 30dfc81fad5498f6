"""Orientations of crystals: cells, missetting angles, matrices, and DIALS experiments."""
