"""A copy of the tree in which faults are tried, one after another."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nbport.compilation.loading import COMPILED

from .fault import Fault
from .modules import MODULES, WARMING

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "*.egg-info", ".*_cache", "__pycache__")
PATIENCE, LEAST = 4.0, 120.0  # times what the tests take without a fault, and seconds
MARK = "NBPORT_MUTANT"  # in the environment of every process of a trial
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class RedBefore(Exception):
    """Tests fail without a fault, so they cannot tell what one does."""


class Outcome(NamedTuple):
    """What the tests said."""

    verdict: str  # killed, timed out, survived
    seconds: float
    by: str  # the test that failed, or what else happened


class Workplace:
    """A folder with a copy of the tree and its kernel cache, each as it is without faults and as it is tried.

    The path of what is tried is always the same: Numba's cache knows a source by its path and time.

    Parameters
    ----------
    folder : Path
        Is made; what an earlier process prepared there is used again if the tree is still the same.
    root : Path
        The tree.
    """

    def __init__(self, folder: Path, root: Path = ROOT):
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(folder / "lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.folder, self.root = folder, root
        self.tree, self.cache = folder / "tree", folder / "cache"
        self._clean_tree, self._clean_cache = folder / "clean_tree", folder / "clean_cache"
        state = folder / "state"
        if not state.is_file() or state.read_text() != tree_digest(root):
            (folder / "green.json").unlink(missing_ok=True)
            for path in (self.tree, self.cache, self._clean_tree, self._clean_cache):
                shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(root, self._clean_tree, ignore=NOT_COPIED)
            self._clean_cache.mkdir()
            state.write_text(tree_digest(root))

    def try_fault(self, fault: Fault) -> Outcome:
        """Run the tests of its module with a fault."""
        module = MODULES[fault.module]
        limit = LEAST + PATIENCE * self.seconds_without(module.tests)
        self._fresh(affected(self._clean_tree, module.path))
        path = self.tree / module.path
        path.write_text(fault.put_into(path.read_text()))
        self._move_cache()
        outcome = self._run(module.tests, limit, fault.key)
        # somebody else may have taken all memory
        return self._run(module.tests, limit, fault.key) if outcome.by == f"exit {-signal.SIGKILL}" else outcome

    def seconds_without(self, tests: Sequence[str]) -> float:
        """How long tests take without a fault; each runs once, and what they compile is kept.

        Raises
        ------
        RedBefore
            If one fails, for then every fault would seem to be noticed.
        """
        path = self.folder / "green.json"
        green = json.loads(path.read_text()) if path.exists() else {}
        # some tests take it for a fault if kernels must be compiled
        for wanted in (WARMING, tests):
            missing = [test for test in wanted if test not in green]
            if missing:
                seconds = self._run_without(missing)
                green |= dict.fromkeys(missing, seconds / len(missing))
                path.write_text(json.dumps(green))
        return sum(green[test] for test in tests)

    def _run_without(self, tests: Sequence[str]) -> float:
        """Run tests without a fault and keep what they compile."""
        self._fresh(())
        self._check_place()
        outcome = self._run(tests, 3600.0, "none")
        if outcome.verdict != "survived":
            raise RedBefore(f"without any fault: {outcome.verdict}: {outcome.by}; see {self.folder / 'log'}")
        shutil.rmtree(self._clean_cache)
        shutil.copytree(self.cache, self._clean_cache)
        for compiled in self.tree.rglob("*.pyc"):
            kept = self._clean_tree / compiled.relative_to(self.tree)
            kept.parent.mkdir(exist_ok=True)
            shutil.copy2(compiled, kept)
        return outcome.seconds

    def _fresh(self, stems: Iterable[str]) -> None:
        """A tree without faults, and a cache without kernels of these files."""
        for path in (self.tree, self.cache, self.folder / "scratch"):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self._clean_tree, self.tree)
        shutil.copytree(self._clean_cache, self.cache)
        (self.folder / "scratch").mkdir()
        for stem in stems:
            for kernel in self.cache.rglob(f"{stem}.*"):
                kernel.unlink()

    def _move_cache(self) -> None:
        """The folder of kernels gets the name that the changed sources ask for; code without a fault knows it."""
        if not any(self.cache.glob("nbport-*/*")):
            return
        say = (
            "import pathlib, sys\nfrom nbport.compilation import loading\n"
            "for loading.PACKAGE in map(pathlib.Path, sys.argv[1:]):\n    print(loading._fingerprint())"
        )
        found = subprocess.run(
            [sys.executable, "-c", say, self._clean_tree / "nbport", self.tree / "nbport"],
            cwd=self._clean_tree, env=os.environ | {"PYTHONPATH": str(self._clean_tree)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        before, now = found.stdout.split()
        for kernels in self.cache.glob(f"nbport-*/{before}"):
            kernels.rename(kernels.with_name(now))

    def _environment(self, key: str) -> dict[str, str]:
        scratch = str(self.folder / "scratch")
        own = {
            "PYTHONPATH": str(self.tree), "XDG_CACHE_HOME": str(self.cache), "TMPDIR": scratch,
            MARK: f"{self.folder} {key}",
        }  # fmt: skip
        inherited = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        return inherited | own

    def _check_place(self) -> None:
        """It is the copy that is imported, and not what is installed."""
        say = "import nbport, nbport.kernels, tests; print(nbport.__file__, tests.__file__, *nbport.kernels.__path__)"
        found = subprocess.run(
            [sys.executable, "-c", say], cwd=self.tree, env=self._environment("none"), capture_output=True, text=True
        )
        outside = [path for path in found.stdout.split() if not path.startswith(f"{self.tree}/")]
        if found.returncode or outside or not found.stdout:
            raise RuntimeError(f"expected everything from {self.tree}, found {outside} {found.stderr}")

    def _run(self, tests: Sequence[str], limit: float, key: str) -> Outcome:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
        started = time.monotonic()
        with open(self.folder / "log", "w+b") as log:
            process = subprocess.Popen(
                command, cwd=self.tree, env=self._environment(key), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_first_to_go,
            )  # fmt: skip
            try:
                status = process.wait(limit)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                end_all(f"{self.folder} {key}")
                process.wait()
            seconds = time.monotonic() - started
            log.seek(0)
            said = log.read().decode("utf-8", "replace")
        if status == 0:
            return Outcome("survived", seconds, "")
        failed = FAILED.findall(said)
        return Outcome("timed out" if status is None else "killed", seconds, failed[0] if failed else f"exit {status}")


def _first_to_go() -> None:
    """Where a fault takes all memory, the system shall end this process and none that is smaller."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("300")


def end_all(mark: str) -> None:
    """End every process that a trial left behind; they are known by their environment."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def tree_digest(root: Path) -> str:
    """Of the sources, the tests and the recorded cases."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in ("kernels", "nbport", "tests", "c_reference", "docs/scripts", "pyproject.toml"):
        for path in sorted([root / folder] if (root / folder).is_file() else (root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.parent.name != "mutants":
                digest.update(f"{path.relative_to(root)}".encode() + path.read_bytes())
    return digest.hexdigest()


def affected(root: Path, changed: str) -> set[str]:
    """Names, without ending, of the sources whose kernels change with one: whatever imports it, and so on.

    None if no kernel is made of it.
    """
    patterns = ["kernels/*.py", *(f"nbport/{pattern}" for pattern in COMPILED)]
    sources = [path.relative_to(root) for pattern in patterns for path in root.glob(pattern)]
    if Path(changed) not in sources:
        return set()
    needs = {_module_name(path): _imports(root, path) for path in sources}
    reached = {_module_name(Path(changed))}
    while more := {name for name, imported in needs.items() if name not in reached and imported & reached}:
        reached |= more
    return {name.rpartition(".")[2] for name in reached}


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(("nbport", *parts) if parts[0] == "kernels" else parts).removesuffix(".__init__")


def _imports(root: Path, path: Path) -> set[str]:
    """Every name that a source imports from this project as it is loaded, modules and what is in them alike."""
    package = _module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    names = set()
    for node in ast.parse((root / path).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            names.add(".".join(base))
            names |= {".".join([*base, alias.name]) for alias in node.names}
    return names - {"nbport"}
