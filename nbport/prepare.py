"""From arguments to a run that is set up: what the `nanoBragg` command and Python have in common.

Importing this loads no compiler, so that options can be read, and refused, without one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .options.scan import OwnOptions, image_files, scan
from .parameters import Parameters
from .system.files import is_pipe, readable

if TYPE_CHECKING:
    from .log import Say
    from .run import Run, Timing
    from .setup.structure_factors import Load
    from .system.stopping import Stop


def read_options(own: OwnOptions, arguments: list[str], say: Say, warn: Callable[[str], None]) -> Parameters:
    """What headers of images and then options ask for. C: 398-1116

    Parameters
    ----------
    own : OwnOptions
        nbport's own options.
    arguments : list of str
        All others.
    say : callable
        Gets the reference's lines as a printf template and its values.
    warn : callable
        Gets our own warnings, one text each.

    Raises
    ------
    OptionError, InputError
        If an option or the header of an image cannot be used.
    """
    p = Parameters(fixes=own.fixes)
    p.img, p.mask = image_files(arguments)
    from .setup.headers import read_headers

    read_headers(p, say, warn)
    for text in dict.fromkeys(scan(arguments, p)):
        warn(text)
    for path, lost in (
        (p.hkl, "every structure factor is that of -default_F"),
        (p.sourcefile, "every source is on the beam axis"),
    ):
        if path is not None and is_pipe(path):
            warn(f"{path}: a pipe is empty when it is read for the second time: {lost}; expected a file")
    if p.hkl is not None:
        from .reflections.recognise import kind_of

        if kind_of(p.hkl):
            from .reflections.option import take_structure_factors

            take_structure_factors(p, warn)
    return p


def missing_input(p: Parameters) -> str | None:
    """What was expected and not given, if anything. C: 1277-1369"""
    missing = []
    if p.hkl is None and p.default_F == 0.0 and not readable(p.dump):
        missing.append(f"structure factors: -hkl FILE, -default_F F, or {p.dump} of an earlier run")
    if p.matrix is None and p.cell[0] == 0.0:
        missing.append("a crystal: -mat FILE or -cell a b c alpha beta gamma")
    return f"expected {'; and '.join(missing)}" if missing else None


def set_up(
    p: Parameters,
    say: Say,
    timing: Timing,
    load: Load | None = None,
    warn: Callable[[str], None] = lambda text: None,
    keeps_log: bool = False,
    stop: Stop | None = None,
) -> Run:
    """Everything before the pixel loop, banner included. Loads the compiler. C: 1117-1273, 1379-2516

    Structure factors come from the files, or from `load`. The rest is as for `setup.scene.prepare`.
    """
    from .compilation.loading import compiled_modules

    with compiled_modules():
        from .log import BANNER
        from .setup import scene

    with timing.part("setup"):
        frame = scene.begin(p, say)
        say("%s", BANNER)
    given = {"load": load} if load else {}
    return scene.prepare(frame, say, timing, warn=warn, keeps_log=keeps_log, stop=stop, **given)
