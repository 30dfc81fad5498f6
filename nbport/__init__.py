"""nbport: the diffraction simulator nanoBragg on Numba, byte for byte.

    import nbport

    result = nbport.render(cell=(50, 60, 70), default_F=100, N=10, distance_mm=100, detpixels=512, pixel_mm=0.2)
    result.image  # photons, float32 [spixel, fpixel]
    result.write("folder")  # the files that the command would write

Importing the package loads no compiler; the parts that need Numba import it when they are used.
"""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

__version__ = "0.1.0"

# In a clone the kernels are a top-level folder; installed they are a sub-package.
_folder = Path(__file__).resolve().parent.parent / "kernels"
if (_folder / "scene.py").is_file():
    _spec = spec_from_file_location(
        f"{__name__}.kernels", _folder / "__init__.py", submodule_search_locations=[str(_folder)]
    )
    kernels = sys.modules[_spec.name] = module_from_spec(_spec)
    _spec.loader.exec_module(kernels)

# what this package offers, and the module that is imported when it is asked for
_PLACES = {
    "CancelledError": "errors",
    "Comparison": "oracle.compare",
    "DeviceError": "errors",
    "InputError": "errors",
    "OptionError": "errors",
    "OutputError": "errors",
    "Parameters": "options.keywords",
    "Result": "api",
    "Trace": "oracle.trace",
    "compare": "oracle.compare",
    "render": "api",
    "trace": "api",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
