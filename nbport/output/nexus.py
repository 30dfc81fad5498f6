"""Images as a NeXus file of the application definition NXmx, with the geometry that was simulated.

NeXus' laboratory frame is that of McStas: z along the beam from the source to the sample, x horizontal, y upwards.
nanoBragg's is whatever its options say, so everything is turned into that frame (`to_mcstas`): the beam becomes +z and
the polarization's E vector -x. With the MOSFLM convention rows of the image then run along -x and columns along -y, and
the spindle along -x, which DIALS calls +x, -y and +x. A rotation keeps the handedness: what was simulated as a mirror
image (the ADXV convention is one) stays one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..errors import OptionError
from ..flat_detector import FlatDetector
from ..formats.nexus_geometry import load_h5py
from ..parameters import RTD
from ..system.hdf5 import chunk_of, new_hdf5
from .exports import rendered

if TYPE_CHECKING:
    import h5py

    from ..run import Run

MASKED = 1 << 8  # NXmx's bit for pixels that the user masked
SURFACE = 1e-9  # m, a sensor without thickness: DIALS takes none of zero, and finds no parallax in this one
COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def write_nexus(
    run: Run, images: np.ndarray | Iterable[np.ndarray], path: str | os.PathLike, phi_deg: Sequence[float] | None = None
) -> None:
    """Write images that share one geometry as a NeXus file.

    Parameters
    ----------
    run : Run
        That is set up; its geometry and beam are described.
    images : float32 [images][spixels, fpixels], or one image of spixels * fpixels
        Photons.
    path : path
    phi_deg : sequence of float, optional
        Where the spindle is at the start of each image; default: one image at -phi.

    Raises
    ------
    OptionError
        If h5py is missing, or the detector is curved.
    OutputError
        If the file cannot be written. Nothing is left behind then.
    """
    load_h5py()
    if isinstance(images, np.ndarray) and images.ndim < 3:
        images = [images]
    with new_hdf5(path, libver="v108") as (file, medium):
        data = describe(file, run, phi_deg)
        for number, image in enumerate(images):
            data[number] = np.reshape(image, data.shape[1:])
            medium.check()


def describe(file: h5py.File, run: Run, phi_deg: Sequence[float] | None = None) -> h5py.Dataset:
    """Put everything but pixels into an empty file; returns the dataset for them, [images, spixels, fpixels].

    Parameters as for `write_nexus`. An image is stored by `dataset[number] = image`.
    """
    if run.parameters.curved_detector:
        raise OptionError("NeXus: -curved_det has no description in NXmx, expected a flat detector")
    phi = np.atleast_1d(np.array([run.parameters.phi0 * RTD] if phi_deg is None else phi_deg, float))
    turn = to_mcstas(run)
    entry = _group(file, "entry", "NXentry")
    file.attrs["default"] = "entry"
    entry.attrs["default"] = "data"
    entry["definition"] = "NXmx"
    entry["definition"].attrs["version"] = "1.0"
    entry["title"] = "simulated diffraction"
    entry["program_name"] = "nbport"
    entry["program_name"].attrs["version"] = __version__
    source = _group(entry, "source", "NXsource")
    source["name"] = "simulation"
    source["type"] = "Synchrotron X-ray Source"
    source["probe"] = "x-ray"
    instrument = _group(entry, "instrument", "NXinstrument")
    instrument["name"] = "nanoBragg"
    _beam(instrument, run)
    _detector(instrument, run, turn)
    _sample(entry, run, turn, phi)
    return _data(entry, run, len(phi))


def to_mcstas(run: Run) -> np.ndarray:
    """The rotation from nanoBragg's laboratory frame to that of NeXus, [3, 3]: `to_mcstas(run) @ vector`.

    Where the E vector lies along the beam, the fast axis of the detector takes its place.
    """
    p = run.parameters
    z = np.array(p.beam_vector)
    across = (np.array(v) - z * (z @ np.array(v)) for v in (p.polar_vector, run.detector.fdet_vector, (1.0, 2.0, 3.0)))
    x = -next(v for v in across if np.linalg.norm(v) > 1e-6)
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


def _beam(instrument: h5py.Group, run: Run) -> None:
    p, wavelengths = run.parameters, 1e10 * run.scene.beam.source_lambda
    beam = _group(instrument, "beam", "NXbeam")
    _quantity(beam, "incident_wavelength", 1e10 * FlatDetector.of(run).wavelength, "angstrom")
    if np.ptp(wavelengths) > 0.0:
        _quantity(beam, "incident_wavelength_spread", np.ptp(wavelengths), "angstrom")
    # photons of the whole exposure; what the image is scaled by
    _quantity(beam, "fluence", p.fluence, "1/m^2")
    if p.flux > 0.0:
        _quantity(beam, "total_flux", p.flux, "Hz")
        _quantity(beam, "incident_beam_size", [p.beamsize, p.beamsize], "m")
        beam["profile"] = "rectangular"
    if not p.nopolar:
        # the E vector is along x: I, Q, U, V
        beam["incident_polarization_stokes"] = [1.0, p.polarization, 0.0, 0.0]


def _detector(instrument: h5py.Group, run: Run, turn: np.ndarray) -> None:
    p, flat = run.parameters, FlatDetector.of(run)
    detector = _group(instrument, "detector", "NXdetector")
    detector["description"] = "simulated, photons as 32-bit floats"
    detector["type"] = "PIXEL"
    detector["sensor_material"] = "Si"
    _quantity(detector, "sensor_thickness", max(run.plan.thick.range, SURFACE), "m")
    # floats of any size are good; without these DIALS takes what is beyond 32 bits for overloads
    detector["underload_value"] = np.float32(0.0)
    detector["saturation_value"] = np.finfo(np.float32).max
    _quantity(detector, "distance", flat.beam_distance, "m")
    fast, slow = flat.beam_centre
    _quantity(detector, "beam_center_x", fast, "pixel")
    _quantity(detector, "beam_center_y", slow, "pixel")
    _quantity(detector, "x_pixel_size", p.pixel_size, "m")
    _quantity(detector, "y_pixel_size", p.pixel_size, "m")
    _quantity(detector, "count_time", p.exposure, "s")
    _quantity(detector, "frame_time", p.exposure, "s")
    mask = np.where(rendered(run), 0, MASKED).astype(np.uint32)
    detector.create_dataset("pixel_mask", data=mask, **(COMPRESSION if mask.size else {}))
    detector["depends_on"] = "/entry/instrument/detector/transformations/translation"
    origin = turn @ np.array(flat.origin)
    length = float(np.linalg.norm(origin))
    place = _group(detector, "transformations", "NXtransformations")
    direction = origin / length if length else np.array([0.0, 0.0, 1.0])
    _axis(place, "translation", [length], "translation", "m", direction, ".")
    module = _group(detector, "module", "NXdetector_module")
    module["data_origin"] = np.array([0, 0])
    module["data_size"] = np.array(flat.shape)
    for name, vector in (("fast_pixel_direction", flat.fast), ("slow_pixel_direction", flat.slow)):
        depends_on = detector["depends_on"].asstr()[()]
        _axis(module, name, p.pixel_size, "translation", "m", turn @ np.array(vector), depends_on)


def _sample(entry: h5py.Group, run: Run, turn: np.ndarray, phi: np.ndarray) -> None:
    sample = _group(entry, "sample", "NXsample")
    sample["name"] = "crystal"
    sample["depends_on"] = "/entry/sample/transformations/omega"
    place = _group(sample, "transformations", "NXtransformations")
    _axis(place, "omega", phi, "rotation", "deg", turn @ np.array(run.parameters.spindle_vector), ".")
    _quantity(place, "omega_end", phi + run.plan.phi.range * RTD, "deg")


def _data(entry: h5py.Group, run: Run, images: int) -> h5py.Dataset:
    shape = FlatDetector.of(run).shape
    group = _group(entry, "data", "NXdata")
    group.attrs["signal"] = "data"
    chunked = {"chunks": (1, *chunk_of(shape, np.float32)), **COMPRESSION} if images * shape[0] * shape[1] else {}
    data = group.create_dataset("data", (images, *shape), np.float32, **chunked)
    data.attrs["units"] = "photons"
    return data


def _group(parent: h5py.Group, name: str, kind: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group


def _quantity(group: h5py.Group, name: str, value: object, units: str) -> h5py.Dataset:
    group[name] = value
    group[name].attrs["units"] = units
    return group[name]


def _axis(group: h5py.Group, name: str, value, kind: str, units: str, vector: np.ndarray, depends_on: str) -> None:
    axis = _quantity(group, name, value, units)
    axis.attrs["transformation_type"] = kind
    axis.attrs["vector"] = vector
    axis.attrs["offset"] = np.zeros(3)
    axis.attrs["offset_units"] = "m"
    axis.attrs["depends_on"] = depends_on
