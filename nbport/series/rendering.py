"""Rows to images, one after another in one process: what does not change is loaded once."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ..compilation.loading import compiled
from ..errors import DeviceError, InputError, OptionError, OutputError
from ..gpu.choice import open_device
from ..options.scan import OwnOptions, split_own
from ..parameters import RTD
from ..prepare import missing_input, read_options, set_up
from ..run import Timing
from ..system.files import file_digest
from .rows import Row, reads_dump

if TYPE_CHECKING:
    from ..gpu.device import Device
    from ..kernels.scene import Fgrid
    from ..parameters import Parameters
    from ..run import Image, Run
    from ..system.stopping import Stop

KEPT_GRIDS = 4
FILE_FIELDS = {"float": "floatfile", "int": "intfile", "noise": "noisefile"}  # of Parameters
EXPECTED_ERRORS = (InputError, OptionError, OutputError, DeviceError)


@dataclass(frozen=True)
class FactorOptions:
    """All that structure factors may depend on; whoever reads another parameter gets an error, not a stale grid."""

    hkl: str | None
    dump: str
    default_F: float
    write_dump: bool
    # whether there is enough memory, not what the grid is
    pixels: int = field(compare=False)
    write_pgm: bool = field(compare=False)
    mask_pixels: object = field(compare=False)

    @classmethod
    def of(cls, p: Parameters) -> FactorOptions:
        """Those of a run."""
        return cls(**{f.name: getattr(p, f.name) for f in fields(cls)})


class KeptFactors:
    """Structure factors that stay in memory as long as their file is unchanged."""

    def __init__(self) -> None:
        self._grids: OrderedDict[tuple, Fgrid] = OrderedDict()
        self._lock = Lock()

    def load(self, p: Parameters, say, stop: Stop) -> Fgrid:
        """As `setup.structure_factors.load_structure_factors`, which says nothing if it is not needed."""
        options = FactorOptions.of(p)
        key = (replace(options, mask_pixels=None), _state(p.dump if p.hkl is None else p.hkl))
        with self._lock:
            if key not in self._grids:
                load = compiled("setup.structure_factors").load_structure_factors
                while len(self._grids) >= KEPT_GRIDS:
                    self._grids.popitem(last=False)
                self._grids[key] = load(options, say, stop)
            self._grids.move_to_end(key)
            return self._grids[key]


def _state(path: str) -> tuple[int, ...] | None:
    try:
        s = os.stat(path)
    except OSError:
        return None
    return s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns


class Renderer:
    """Makes images of rows in a folder.

    Parameters
    ----------
    folder : path
        Where images are written.
    threads : int
        The bytes do not depend on it.
    """

    def __init__(self, folder: str | os.PathLike, threads: int):
        self.folder = Path(folder)
        self.threads = threads
        self._simulation, self._writing = compiled("rendering.image"), compiled("output.reference_files")
        self._formats = compiled("output.registry")
        self._factors = KeptFactors()
        self._devices: dict[tuple[str, str], Device | None] = {}

    def render(self, row: Row, warn: Callable[[str], None]) -> dict[str, object]:
        """Make an image and write its files.

        Parameters
        ----------
        row : Row
        warn : callable
            Gets the warnings of the device, and of large counts.

        Returns
        -------
        What is to be known of it: `files` (name -> `bytes`, `sha256`), `pixels` (slow, fast) and `true` parameters.

        Raises
        ------
        OptionError, InputError, OutputError, DeviceError
        """
        own, arguments = split_own(list(row.arguments))
        p = read_options(own, arguments, _silent, _silent)
        self._place_files(p, own, row)
        missing = missing_input(p)
        if missing:
            raise InputError(missing)
        timing = Timing()
        run = set_up(p, _silent, timing, self._factors.load, warn)
        self._formats.check(own, run, warn)
        device = self._device(own.device, own.precision, warn)
        image = self._simulation.render(run, own.kernel, self.threads, _silent, timing, device, warn)
        self._writing.write_images(run, image, _silent, timing)
        self._formats.write_formats(own, run, image.pixels)
        files = {name: _described(self.folder / name) for name in row.files.values()}
        return {"files": files, "pixels": [p.spixels, p.fpixels], "true": true_parameters(run, image)}

    def _place_files(self, p: Parameters, own: OwnOptions, row: Row) -> None:
        """Images into the folder; nothing else is written, and no structure factors found by chance are read."""
        paths = {kind: str(self.folder / name) for kind, name in row.files.items()}
        for kind, name in FILE_FIELDS.items():
            setattr(p, name, paths.pop(kind, None))
        own.formats |= paths
        p.write_pgm = False
        p.calculate_noise = "noise" in row.kinds
        p.write_dump = False
        if p.hkl is None and not reads_dump(p):
            p.dump = str(self.folder / "none" / p.dump)

    def _device(self, name: str, precision: str, warn: Callable[[str], None]) -> Device | None:
        if (name, precision) not in self._devices:
            self._devices[name, precision] = open_device(name, warn, precision)
        return self._devices[name, precision]


def _described(path: Path) -> dict[str, object]:
    return {"bytes": path.stat().st_size, "sha256": file_digest(path, "an image")}


def true_parameters(run: Run, image: Image) -> dict[str, object]:
    """What an analysis should find: the values that the image was made with, and its brightness."""
    p, d, plan = run.parameters, run.detector, run.plan
    # at a spindle angle of zero, laboratory frame
    axes = {
        f"{axis}_{along}_A": 1e10 * x
        for axis, vector in zip("abc", run.scene.crystal[:3], strict=True)
        for along, x in zip("xyz", vector, strict=True)
    }
    s = image.statistics
    return {
        **axes,
        "wavelength_A": 1e10 * p.lambda0,
        "fluence_photons_per_m2": p.fluence,
        "distance_mm": 1e3 * d.distance,
        "beam_fast_mm": 1e3 * d.Fbeam,
        "beam_slow_mm": 1e3 * d.Sbeam,
        "phi_deg": RTD * p.phi0,
        "osc_deg": RTD * plan.phi.range,
        "mosaic_spread_deg": RTD * plan.mosaic_spread,
        "max_photons": float(s.max_I),
        "mean_photons": float(s.mean),
    }


@dataclass(frozen=True)
class Outcome:
    """An image that is finished, or why it is not."""

    number: int
    record: dict[str, object] | None = None
    error: str = ""
    warnings: tuple[str, ...] = ()


def attempt(renderer: Renderer, row: Row) -> Outcome:
    """Make an image; whatever goes wrong concerns this image alone."""
    warnings: list[str] = []
    try:
        record = renderer.render(row, warnings.append)
        return Outcome(row.number, record, warnings=tuple(warnings))
    except EXPECTED_ERRORS as error:
        return Outcome(row.number, error=str(error))
    except MemoryError as error:
        return Outcome(row.number, error=f"not enough memory: {error}")
    except Exception as error:
        return Outcome(row.number, error=f"unexpected {type(error).__name__}: {error}")


def _silent(*_: object) -> None:
    pass
