"""The geometry that a NeXus file of the application definition NXmx describes."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from ..flat_detector import FlatDetector
from ..system import hdf5

if TYPE_CHECKING:
    import h5py

METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6}


def load_h5py() -> ModuleType:
    """The module h5py.

    Raises
    ------
    OptionError
        If it is not installed.
    """
    return hdf5.load_h5py("NeXus files need h5py", "nexus")


def is_hdf5(path: str | os.PathLike) -> bool:
    """Does a file begin like HDF5?"""
    with open(path, "rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def read_geometry(path: str | os.PathLike, shape: tuple[int, int]) -> FlatDetector | None:
    """The geometry of the first module of a file, in the frame of NeXus; None if this is no NXmx file of that shape.

    Modules that turn about something are not understood, and count as none.
    """
    h5py = load_h5py()
    try:
        with h5py.File(path, "r", locking=False) as file:
            module = file["/entry/instrument/detector/module"]
            fast, slow = module["fast_pixel_direction"], module["slow_pixel_direction"]
            if tuple(module["data_size"][()]) != shape:
                return None
            wavelength = float(np.squeeze(file["/entry/instrument/beam/incident_wavelength"][()]))
            axes = [tuple(axis.attrs["vector"].tolist()) for axis in (fast, slow)]
            pixel_size = float(np.squeeze(fast[()])) * METRES[_text(fast.attrs["units"])]
            origin = _translation(module, _text(fast.attrs["depends_on"]))
    except (OSError, KeyError, AttributeError, TypeError, ValueError):
        return None
    return FlatDetector(shape, pixel_size, *axes, tuple(origin.tolist()), (0.0, 0.0, 1.0), 1e-10 * wavelength)


def _translation(group: h5py.Group, path: str) -> np.ndarray:
    """Where a chain of translations leads, m."""
    total = np.zeros(3)
    while path != ".":
        axis = group[path]
        if _text(axis.attrs["transformation_type"]) != "translation":
            raise ValueError("not a translation")
        total += float(np.squeeze(axis[()])) * METRES[_text(axis.attrs["units"])] * axis.attrs["vector"]
        total += np.asarray(axis.attrs.get("offset", 0.0)) * METRES[_text(axis.attrs.get("offset_units", "m"))]
        group, path = axis.parent, _text(axis.attrs.get("depends_on", "."))
    return total


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
