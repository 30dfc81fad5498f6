"""nbport: the diffraction simulator nanoBragg on Numba, byte for byte.

Importing the package loads no compiler; the parts that need Numba import it when they are used.
"""

from pathlib import Path

__version__ = "0.1.0"

# In a clone the kernels are a top-level folder; installed they are a sub-package.
_kernels = Path(__file__).resolve().parent.parent / "kernels"
if (_kernels / "scene.py").is_file():
    __path__.append(str(_kernels.parent))
