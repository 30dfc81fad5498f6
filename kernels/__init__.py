"""Numerical kernels: the pixel loop and the scalar functions it is made of.

Imports math, numpy, numba and its own modules only. Start at `reference.py`.
"""
