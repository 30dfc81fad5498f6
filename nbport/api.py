"""Simulations from Python: the image, everything that led to it, and the files that the command would write."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from .compilation.loading import announced, compiled
from .crules.text import printf
from .errors import InputError, OptionError
from .gpu.choice import open_device
from .options.device_names import check_name, check_precision
from .options.given import few, one_of, refuse, whole_number
from .options.keywords import Parameters
from .options.scan import KERNELS, OwnOptions, split_own
from .prepare import missing_input, read_options, set_up
from .run import Timing
from .system.machine import default_threads
from .system.stopping import Event, Stop

if TYPE_CHECKING:
    import numpy as np

    from .oracle.trace import Trace
    from .run import Cell, Detector, Image, Run, Statistics


class Log:
    """What the command would say: its lines on standard output, and our warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def say(self, template: str, *values: object) -> None:
        """One line, as printf makes it."""
        self.lines.append(printf(template, *values))


@dataclass
class Result:
    """A finished simulation.

    Attributes
    ----------
    image : float32 array [spixel, fpixel]
        Photons per pixel, as in the reference's float image.
    statistics : Statistics
        Brightest pixel, mean, rms and rms deviation, photons.
    options : tuple of str
        What was asked for.
    run : Run
        Everything that was derived: `run.parameters` (resolved, SI units and radians), `run.detector`,
        `run.cell`, `run.plan` (sampling), `run.scene` (what the kernel was told).
    log : list of str
        The lines that the command would print.
    warnings : list of str
        Ours, which it would print on standard error.
    """

    image: np.ndarray
    statistics: Statistics
    options: tuple[str, ...]
    run: Run
    log: list[str]
    warnings: list[str]
    rendered: Image

    @property
    def detector(self) -> Detector:
        """Where the detector is."""
        return self.run.detector

    @property
    def cell(self) -> Cell:
        """Cell vectors and volume, Angstrom."""
        return self.run.cell

    def write(self, folder: str | os.PathLike = ".", cancel: Event | None = None) -> list[Path]:
        """Write every file that the command would leave in a folder, with the same bytes. C: 3121-3285

        Parameters
        ----------
        folder : path
        cancel : threading.Event, optional
            Whoever sets it, in another thread, ends the writing between two files or within the photon noise.

        Returns
        -------
        Their paths: the float image, the integer image, and the preview, noise image and binary structure
        factors as far as the options ask for them.

        Raises
        ------
        OutputError
            At the first file that cannot be written; earlier ones stay.
        CancelledError
            If `cancel` was set; files that are there by then are whole.
        """
        from .formats.fdump import Grid, write_fdump
        from .run import Timing

        reference_files = compiled("output.reference_files")
        p = self.run.parameters
        paths = {name: Path(folder, getattr(p, name)) for name in reference_files.output_names(p)}
        # the noise advances the table of random numbers
        run = replace(
            self.run,
            parameters=replace(p, **{name: str(path) for name, path in paths.items()}),
            random_table=self.run.random_table.copy(),
        )
        reference_files.write_images(run, self.rendered, Log().say, Timing(), Stop(cancel))
        if p.hkl is not None:
            f = self.run.scene.fgrid
            paths["dump"] = Path(folder, p.dump)
            write_fdump(paths["dump"], Grid(f.h_min, f.h_max, f.k_min, f.k_max, f.l_min, f.l_max, f.Fhkl))
        return list(paths.values())


def render(
    parameters: Parameters | Sequence[str] | None = None,
    *,
    kernel: str | None = None,
    threads: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    cancel: Event | None = None,
    **keywords: object,
) -> Result:
    """Simulate an image; nothing is written.

    Parameters
    ----------
    parameters : Parameters or list of arguments, optional
        What to simulate; or the keywords of `Parameters`, alone or in addition. Names of files are relative to
        the current folder.
    kernel : str, optional
        "certified", the default, or "reference"; the bytes are the same.
    threads : int, optional
        Default: all processors; the bytes are the same.
    device : str, optional
        "cpu", the default, "cuda", "cuda:NUMBER" or "auto"; the bytes are the same.
    precision : str, optional
        On a GPU: "double", the default, or "mixed", whose pixels are within 1e-5 of the others.
    cancel : threading.Event, optional
        Whoever sets it, in another thread, ends the simulation. Ctrl-C does so without.

    Raises
    ------
    OptionError, InputError, DeviceError
        One line that says what cannot be used, what was found and what was expected.
    CancelledError
        If `cancel` was set before the image was finished.
    """
    if kernel is not None:
        one_of("kernel", kernel, KERNELS)
    if threads is not None:
        threads = whole_number("threads", threads, 1, 99999)
    if device is not None:
        check_name(device)
    if precision is not None:
        check_precision(precision)
    stop = Stop(cancel)
    with _running(parameters, keywords, stop) as (own, run, log, options):
        render_run = compiled("rendering.image").render
        name = kernel or own.kernel
        workers = threads or own.threads or default_threads()
        where = open_device(device or own.device, log.warnings.append, precision or own.precision)
        image = render_run(run, name, workers, log.say, Timing(), where, log.warnings.append, stop=stop)
    p = run.parameters
    pixels = image.pixels.reshape(max(p.spixels, 0), max(p.fpixels, 0))
    return Result(pixels, image.statistics, options, run, log.lines, log.warnings, image)


def trace(
    parameters: Parameters | Sequence[str] | None,
    *pixels: tuple[int, int],
    limit: int | None = None,
    **keywords: object,
) -> list[Trace]:
    """Every intermediate quantity of some pixels, with the values that they have in the whole image.

    Parameters
    ----------
    parameters : Parameters, list of arguments or None
        As for `render`.
    *pixels : pairs of int
        (spixel, fpixel), slow index first.
    limit : int, optional
        Most terms (sub-pixels times layers, sources, spindle steps and domains) of all pixels; default 100000.

    Raises
    ------
    OptionError, InputError
        As for `render`; or if a pixel is not rendered, or there are more terms than the limit.
    """
    for pixel in pixels:
        pair = few(pixel, 2)
        if pair is None or len(pair) != 2 or not all(isinstance(x, Integral) and not isinstance(x, bool) for x in pair):
            raise refuse("pixels", pixel, "pairs of whole numbers: spixel, fpixel")
    if limit is not None:
        limit = whole_number("limit", limit, 1, 2**63 - 1)
    with _running(parameters, keywords) as (_, run, log, options):
        compiled("oracle.raster")
        from .oracle.trace import LIMIT, trace_pixels

        traces = trace_pixels(run, pixels, LIMIT if limit is None else limit, options)
    for traced in traces:
        traced.warnings = log.warnings
    return traces


def set_up_run(parameters: Parameters | Sequence[str] | None = None, **keywords: object) -> Run:
    """Everything before the pixel loop: geometry, cell, sources, structure factors. Parameters as for `render`.

    Raises
    ------
    OptionError, InputError
        As for `render`.
    """
    with _running(parameters, keywords) as (_, run, _, _):
        return run


@contextmanager
def _running(
    parameters: Parameters | Iterable[str] | None, keywords: dict[str, object], stop: Stop | None = None
) -> Iterator[tuple[OwnOptions, Run, Log, tuple[str, ...]]]:
    """A run that is set up, in a context in which kernels are compiled for good."""
    if isinstance(parameters, Parameters):
        given = parameters
    else:
        given = Parameters.from_options(() if parameters is None else parameters)
    if keywords:
        given = given.extended(**keywords)
    with tempfile.TemporaryDirectory(prefix="nbport-") as folder:
        own, arguments = split_own(given.save(folder).to_options())
        if own.help or own.version:
            raise OptionError("--help and --version are for the command")
        log = Log()
        p = read_options(own, arguments, log.say, log.warnings.append)
        p.write_dump = False
        missing = missing_input(p)
        if missing:
            raise InputError(missing)
        with announced():
            run = set_up(p, log.say, Timing(), warn=log.warnings.append, keeps_log=True, stop=stop)
            yield own, run, log, given.options
