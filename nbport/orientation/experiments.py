"""The crystal of a DIALS experiment list (`.expt`), in the laboratory frame of nanoBragg and MOSFLM."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..system.files import read_bytes

STANDARD_AXIS = (1.0, 0.0, 0.0)  # of DIALS, for stills


class Crystal(NamedTuple):
    """A crystal at spindle angle 0; x is along the beam, and z the spindle as far as it is at a right angle."""

    stars: np.ndarray  # float64 [3, 3], columns a*, b*, c*, 1/Angstrom
    wavelength: float  # Angstrom
    spindle: np.ndarray  # float64 [3], unit vector


def read_experiment(path: str | os.PathLike, number: int = 0) -> Crystal:
    """Read one experiment of a list.

    The vectors of a scan-varying crystal are those that hold for the scan as a whole.

    Raises
    ------
    InputError
        If the file is no experiment list, or has no such experiment or no crystal in it.
    """
    what = "a DIALS experiment list"
    try:
        models = json.loads(read_bytes(path, what))
    except ValueError as error:
        raise InputError(f"{path}: cannot read {what}: {error}") from None
    experiments = models.get("experiment") if isinstance(models, dict) else None
    if not isinstance(experiments, list) or not experiments:
        raise InputError(f"{path}: found no experiments, expected {what}")
    if not 0 <= number < len(experiments):
        raise InputError(f"{path}: found experiments 0 to {len(experiments) - 1}, expected one with number {number}")
    crystal, beam = (_model(models, experiments[number], name, path) for name in ("crystal", "beam"))
    if crystal is None or beam is None:
        raise InputError(f"{path}: experiment {number} has no {'beam' if crystal else 'crystal'}")
    real = np.array([_numbers(crystal, f"real_space_{axis}", 3, path) for axis in "abc"])
    if np.linalg.det(real) < 1e-6:
        raise InputError(f"{path}: found axes of volume {np.linalg.det(real):g}, expected right-handed ones")
    axis, fixed, setting = _goniometer(_model(models, experiments[number], "goniometer", path), path)
    to_source = _unit(_numbers(beam, "direction", 3, path), "direction", path)
    [wavelength] = _numbers(beam, "wavelength", 1, path)
    if wavelength <= 0.0:
        raise InputError(f"{path}: found wavelength {wavelength:g}, expected a number above 0")
    spindle = setting @ axis
    frame = _frame(-to_source, spindle, path)
    return Crystal(frame @ setting @ fixed @ np.linalg.inv(real), wavelength, frame @ spindle)


def _model(models: dict, experiment: object, name: str, path: str | os.PathLike) -> dict | None:
    """What an experiment refers to by its number, or None."""
    number = experiment.get(name) if isinstance(experiment, dict) else None
    if number is None:
        return None
    try:
        model = models[name][number]
    except (KeyError, IndexError, TypeError):
        raise InputError(f"{path}: found no {name} with number {number!r}") from None
    return model if isinstance(model, dict) else None


def _numbers(model: dict, key: str, count: int, path: str | os.PathLike) -> np.ndarray:
    try:
        numbers = np.array(model[key], np.float64).ravel()
    except (KeyError, TypeError, ValueError):
        numbers = np.zeros(0)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise InputError(f"{path}: {key}: found {model.get(key)!r:.60}, expected {count} numbers")
    return numbers


def _unit(vector: np.ndarray, what: str, path: str | os.PathLike) -> np.ndarray:
    length = np.linalg.norm(vector)
    if length < 1e-6:
        raise InputError(f"{path}: found {what} of length {length:g}")
    return vector / length


def _goniometer(model: dict | None, path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spindle axis, the rotations that are applied before it, and those after it."""
    if model is None:
        return np.array(STANDARD_AXIS), np.eye(3), np.eye(3)
    if "axes" not in model:
        axis = _unit(_numbers(model, "rotation_axis", 3, path), "rotation_axis", path)
        fixed, setting = (
            _numbers(model, name, 9, path).reshape(3, 3) for name in ("fixed_rotation", "setting_rotation")
        )
        return axis, fixed, setting
    axes = model["axes"] if isinstance(model["axes"], list) else []
    angles = _numbers(model, "angles", len(axes), path)
    scan = model.get("scan_axis")
    if not isinstance(scan, int) or not 0 <= scan < len(axes):
        raise InputError(f"{path}: scan_axis: found {scan!r}, expected the number of one of {len(axes)} axes")
    units = [_unit(_numbers({"axes": axis}, "axes", 3, path), "axes", path) for axis in axes]
    fixed, setting = np.eye(3), np.eye(3)
    # from the crystal outwards
    for i, (axis, angle) in enumerate(zip(units, np.radians(angles), strict=True)):
        if i < scan:
            fixed = rotation(axis, angle) @ fixed
        elif i > scan:
            setting = rotation(axis, angle) @ setting
    return units[scan], fixed, setting


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """Matrix of a right-handed rotation about a unit vector (rad)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross


def _frame(beam: np.ndarray, spindle: np.ndarray, path: str | os.PathLike) -> np.ndarray:
    """Rotation that takes the beam to x, and the part of the spindle at a right angle to it to z."""
    z = spindle - (spindle @ beam) * beam
    if np.linalg.norm(z) < 1e-6:
        raise InputError(f"{path}: the spindle is parallel to the beam")
    z /= np.linalg.norm(z)
    return np.stack([beam, np.cross(z, beam), z])
