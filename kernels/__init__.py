"""Numerical kernels: the pixel loop and the scalar functions it is made of.

Imports math, numpy, numba and its own modules only. Start at `reference.py`.
"""

if __name__ != "nbport.kernels":
    raise ImportError(f"found the name {__name__}, expected nbport.kernels, the only one that this package has")
