"""Numerical kernels: the pixel loop, and the scalar functions that it is made of.

They import only math, numpy, numba and each other. Start at `reference.py`.
"""

if __name__ != "nbport.kernels":
    raise ImportError(f"found the name {__name__}, expected nbport.kernels, the only one that this package has")
