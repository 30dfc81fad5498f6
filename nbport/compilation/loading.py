"""Numba for this project: where compiled kernels are kept, how they are loaded, a word to the user when they are made.

Numba decides by the time stamp of one file whether a compiled function is still good, but a
kernel is made from several. So each state of the sources has a cache folder of its own.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ..system.trusted_folder import UntrustedFolder, trusted_folder

PACKAGE = Path(__file__).resolve().parent.parent
# modules with compiled functions, and those whose functions or constants they take
COMPILED = (
    "bench/peak.py",
    "compilation/nan_signs.py",
    "compilation/spelling.py",
    "crules/*.py",
    "gpu/cuda_kernel.py",
    "gpu/mixed.py",
    "gpu/operations.py",
    "gpu/tiles.py",
    "log.py",
    "parameters.py",
    "programs/*.py",
    "programs/*/*.py",
    "rendering/statistics.py",
    "run.py",
    "setup/*.py",
)
ANNOUNCEMENT = "%s: compiling kernels, once for this machine ..."

_given_out: set[str] = set()  # folders that kernels of this process were kept in
_said: set[str] = set()


@contextmanager
def compiled_modules() -> Iterator[None]:
    """Import modules with compiled functions in this context: it gives them their cache folder.

    The user's NUMBA_CACHE_DIR is respected if nobody else can write there, and nothing changes for other packages.
    Without any folder, each process compiles for itself.
    """
    with _collector_paused():
        from numba import config

        from .sound_files import sound_caches

        before = config.CACHE_DIR
        # in such a context already, or outside of all
        folder = before if before in _given_out else cache_folder(before)
        if folder is not None:
            _given_out.add(folder)
        config.CACHE_DIR = folder or ""
        try:
            with sound_caches(keep=folder is not None):
                yield
        finally:
            config.CACHE_DIR = before


def compiled(name: str) -> ModuleType:
    """A module of this package, imported in that context."""
    with compiled_modules():
        return import_module(f"nbport.{name}")


@contextmanager
def announced(name: str = "nanoBragg") -> Iterator[None]:
    """For a whole run of a command of this name: say on stderr, once, that something is being compiled; what is not is
    loaded quickly."""
    with _collector_paused():
        from numba.core import event

    class Announcement(event.Listener):
        said = False

        def on_start(self, event) -> None:
            if not self.said:
                self.said = True
                print(ANNOUNCEMENT % name, file=sys.stderr, flush=True)

        def on_end(self, event) -> None:
            pass

    with _lean_loading(), event.install_listener("numba:compile", Announcement()):
        yield


@contextmanager
def _collector_paused() -> Iterator[None]:
    """For imports: they make tens of thousands of objects, all of which stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _lean_loading() -> Iterator[None]:
    """Load functions from the cache without what only a compilation needs: a quarter of a second.

    Numba registers everything that it could compile before it looks into its cache. A compilation
    does so again by itself; a compiled function needs only the run-time library.
    """
    from numba.core.caching import Cache
    from numba.core.runtime import rtsys

    usual = Cache.load_overload
    if not (hasattr(Cache, "_load_overload") and hasattr(Cache, "_guard_against_spurious_io_errors")):
        # a Numba that does it in another way
        yield
        return

    def load_overload(self: Cache, sig: object, target_context: object) -> object:
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    Cache.load_overload = load_overload
    try:
        yield
    finally:
        Cache.load_overload = usual


def cache_folder(preferred: str = "") -> str | None:
    """A folder for this state of the sources: in the user's cache, or a private one among temporary files.

    What is loaded from there is run, so it is a trusted folder or none; `nbport.trusted_folder` says what that is.

    Parameters
    ----------
    preferred : str
        NUMBA_CACHE_DIR, for what Numba keeps.
    """
    roots = {
        "NUMBA_CACHE_DIR": preferred and _from_here(preferred),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME"),
        "~/.cache": os.path.expanduser("~/.cache"),
        "temporary files": _temporary_folder(),
    }
    reasons = []
    for name, root in roots.items():
        if not root or not os.path.isabs(root):
            continue
        try:
            return trusted_folder(os.path.join(root, f"nbport-{os.geteuid()}", _fingerprint()))
        except UntrustedFolder as error:
            reasons.append(str(error))
            if name.isupper():
                _say_once(f"{name} is not used as a cache: {error}")
        except (OSError, ValueError) as error:
            reasons.append(f"{root}: {getattr(error, 'strerror', None) or error}")
    _say_once("no cache on disk, so kernels are compiled in every run: " + "; ".join(reasons))
    return None


def _say_once(text: str) -> None:
    if text not in _said:
        _said.add(text)
        print(f"nanoBragg: warning: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _from_here(path: str) -> str | None:
    """Absolute; links and `..` stay, as they mean what they mean to the system."""
    try:
        return os.path.join(os.getcwd(), path)
    except FileNotFoundError:
        return None


def _temporary_folder() -> str | None:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return None


def _fingerprint() -> str:
    """Digest of every source that kernels are compiled from."""
    digest = hashlib.sha256(sys.version.encode())
    kernels = PACKAGE / "kernels" if (PACKAGE / "kernels").is_dir() else PACKAGE.parent / "kernels"
    for path in sorted([*kernels.glob("*.py"), *(path for name in COMPILED for path in PACKAGE.glob(name))]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
