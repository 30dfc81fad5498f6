"""Numba for this project: its cache, twins of functions for devices, signs of NaNs."""
