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

PACKAGE = Path(__file__).resolve().parent
# modules with compiled functions, and those whose functions or constants they take
COMPILED = (
    "ctext.py",
    "cuda_kernel.py",
    "cuda_operations.py",
    "formats/cscan.py",
    "formats/decimals.py",
    "log.py",
    "mixed.py",
    "nan_signs.py",
    "parameters.py",
    "peak.py",
    "programs/*.py",
    "programs/*/*.py",
    "random.py",
    "setup/*.py",
    "spelling.py",
    "statistics.py",
    "tiles.py",
)
ANNOUNCEMENT = "%s: compiling kernels, once for this machine ..."


@contextmanager
def compiled_modules() -> Iterator[None]:
    """Import modules with compiled functions in this context: it gives them their cache folder.

    The user's NUMBA_CACHE_DIR is respected if it can be written, and nothing changes for other packages. Without
    any folder, each process compiles for itself.
    """
    with _collector_paused():
        from numba import config

        from .kernel_cache import sound_caches

        before = config.CACHE_DIR
        folder = before if before and _writable(before) else cache_folder()
        config.CACHE_DIR = folder or before
        try:
            with sound_caches(keep=folder is not None):
                yield
        finally:
            config.CACHE_DIR = before


def compiled(name: str) -> ModuleType:
    """A module of this package, imported in that context."""
    with compiled_modules():
        return import_module(f"{__package__}.{name}")


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


def cache_folder() -> str | None:
    """A folder for this state of the sources: in the user's cache, or a private one among temporary files."""
    for root in (os.environ.get("XDG_CACHE_HOME"), os.path.expanduser("~/.cache"), _temporary_folder()):
        if root and os.path.isabs(root):
            folder = os.path.join(root, f"nbport-{_user()}", _fingerprint())
            if _usable(folder):
                return folder
    return None


def _temporary_folder() -> str | None:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return None


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _usable(folder: str) -> bool:
    """Writable, and nobody else's: compiled code is loaded from there."""
    return _writable(folder) and os.stat(folder).st_uid in (_user(), 0)


def _writable(folder: str) -> bool:
    """Can a file be made there? Permissions do not tell: root may write where nothing can be made."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, ValueError):
        return False


def _fingerprint() -> str:
    """Digest of every source that kernels are compiled from."""
    digest = hashlib.sha256(sys.version.encode())
    kernels = PACKAGE / "kernels" if (PACKAGE / "kernels").is_dir() else PACKAGE.parent / "kernels"
    for path in sorted([*kernels.glob("*.py"), *(path for name in COMPILED for path in PACKAGE.glob(name))]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
