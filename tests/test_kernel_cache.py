"""Compiled kernels in files that are cut short, altered, written by somebody else, or that cannot be written."""

import importlib.util
import itertools
import os
import re

import pytest

from nbport.compilation import cache
from nbport.compilation.cache import cache_folder, compiled_modules

SOURCE = "from numba import njit\n\n\n@njit(cache=True)\ndef f(x):\n    return x + 1\n"
numbers = itertools.count()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cache folder of what is loaded here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    (tmp_path / "small.py").write_text(SOURCE)
    return tmp_path / "cache"


def loaded(folder):
    """Result of a small function, and whether it came from the cache."""
    path = folder.parent / "small.py"
    spec = importlib.util.spec_from_file_location(f"small{next(numbers)}", path)
    module = importlib.util.module_from_spec(spec)
    with compiled_modules():
        spec.loader.exec_module(module)
    return module.f(1), sum(module.f.stats.cache_hits.values()) == 1


def files(folder, ending):
    return sorted(folder.rglob(f"*.{ending}"))


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)


def test_function_is_compiled_once(folder):
    assert loaded(folder) == (2, False)
    assert len(files(folder, "nbi")) == len(files(folder, "nbc")) == 1
    assert loaded(folder) == (2, True)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["empty", "short", "first", "middle", "last", "garbage", "removed"])
def test_damaged_file_is_made_again(folder, ending, damage):
    loaded(folder)
    [path] = files(folder, ending)
    whole = path.read_bytes()
    if damage == "removed":
        path.unlink()
    elif damage in ("first", "middle", "last"):
        flip(path, {"first": 0, "middle": len(whole) // 2, "last": -1}[damage])
    else:
        path.write_bytes({"empty": b"", "short": whole[: len(whole) // 2], "garbage": os.urandom(3000)}[damage])
    assert loaded(folder) == (2, False)
    assert loaded(folder) == (2, True)


@pytest.mark.parametrize("other", ["version", "stamp"])
def test_file_of_another_numba_or_source_is_made_again(folder, other, monkeypatch):
    loaded(folder)
    if other == "version":
        monkeypatch.setattr("numba.__version__", "0.0")
    else:
        (folder.parent / "small.py").write_text(SOURCE + "# changed\n")
    assert loaded(folder) == (2, False)
    assert loaded(folder) == (2, True)


def test_file_of_another_processor_is_left_alone(folder, monkeypatch):
    from numba.core.codegen import JITCPUCodegen

    loaded(folder)
    monkeypatch.setattr(JITCPUCodegen, "magic_tuple", lambda self: ("another", "processor", ""))
    assert loaded(folder) == (2, False)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert loaded(folder) == (2, True)


def test_full_disk_is_no_error(folder, monkeypatch):
    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nbport.compilation.sound_files.SoundCacheFile._write", full)
    assert loaded(folder) == (2, False)
    assert files(folder, "nbc") == []


def test_users_own_folder_is_taken_if_it_can_be_written(folder, monkeypatch):
    for chosen in (folder.parent / "own", folder.parent / "small.py" / "impossible"):
        monkeypatch.setattr("numba.config.CACHE_DIR", str(chosen))
        assert loaded(folder) == (2, False)
        assert loaded(folder) == (2, True)
    assert len(files(folder.parent / "own", "nbc")) == 1
    assert len(files(folder, "nbc")) == 1


def test_without_any_folder_each_process_compiles_for_itself(folder, monkeypatch):
    def nowhere():
        raise FileNotFoundError

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    monkeypatch.setattr(cache, "_writable", lambda path: False)
    assert cache_folder() is None
    assert loaded(folder) == (2, False)
    assert loaded(folder) == (2, False)
    assert files(folder.parent, "nbc") == []


def test_cache_key_covers_every_module_with_compiled_functions():
    named = {path for name in cache.COMPILED for path in cache.PACKAGE.glob(name)}
    compiled = {p for p in cache.PACKAGE.rglob("*.py") if re.search(r"\bnjit\b", p.read_text())}
    assert not compiled - named
