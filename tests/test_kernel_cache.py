"""Compiled kernels in files that are cut short, altered, written by somebody else, or that cannot be written."""

import contextlib
import hashlib
import importlib.util
import itertools
import os
import pickle
import shutil
import subprocess
import sys

import pytest

from c_reference.cases import HERE
from nbport.compilation import loading
from nbport.compilation.loading import cache_folder, compiled_modules
from nbport.system.trusted_folder import UntrustedFolder
from tests.users import SHARED, as_user, new_name, new_user, swept, two_users

SOURCE = "from numba import njit\n\n\n@njit(cache=True)\ndef f(x):\n    return x + 1\n"
numbers = itertools.count()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cache folder of what is loaded here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    monkeypatch.setattr(loading, "_said", set())
    (tmp_path / "small.py").write_text(SOURCE)
    return tmp_path / "cache"


def loaded(folder):
    """Result of a small function, and whether it came from the cache."""
    return loaded_from(folder.parent / "small.py")


def loaded_from(path):
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


def test_users_own_folder_has_one_for_each_state_of_the_sources(folder, monkeypatch):
    own = folder.parent / "own"
    monkeypatch.setattr("numba.config.CACHE_DIR", str(own))
    loaded(folder)
    monkeypatch.setattr(loading, "_fingerprint", lambda: "another")
    assert loaded(folder) == (2, False)
    assert len(files(own, "nbi")) == 2 and len(files(own / f"nbport-{os.geteuid()}" / "another", "nbi")) == 1


def test_context_within_a_context_keeps_its_folder(folder, monkeypatch):
    from numba import config

    with compiled_modules():
        outer = config.CACHE_DIR
        with compiled_modules():
            assert config.CACHE_DIR == outer
    assert outer.startswith(str(folder)) and config.CACHE_DIR == ""


@pytest.fixture
def nowhere(monkeypatch):
    """No folder can be used."""

    def none(path):
        raise UntrustedFolder(f"{path}: others can write it")

    monkeypatch.setattr(loading, "trusted_folder", none)


def test_without_any_folder_each_process_compiles_for_itself_and_says_why_once(folder, monkeypatch, nowhere, capfd):
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() is None
    assert loaded(folder) == (2, False)
    assert loaded(folder) == (2, False)
    assert files(folder.parent, "nbc") == []
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("nanoBragg: warning: no cache on disk, so kernels are compiled in every run: ")
    assert f"{os.path.expanduser('~/.cache')}/nbport-" in line and line.count(": others can write it") == 2


def test_chosen_folder_that_others_can_write_is_not_used_and_that_is_said_once(folder, monkeypatch, capfd):
    chosen = folder.parent / "open"
    chosen.mkdir()
    chosen.chmod(0o777)
    monkeypatch.setattr("numba.config.CACHE_DIR", str(chosen))
    assert loaded(folder) == (2, False)
    assert loaded(folder) == (2, True)
    assert list(chosen.iterdir()) == [] and len(files(folder, "nbc")) == 1
    expected = f"NUMBA_CACHE_DIR is not used as a cache: {chosen}: others can write it, mode 0777"
    assert capfd.readouterr().err == f"nanoBragg: warning: {expected}\n"


def test_folder_chosen_from_a_working_directory_that_is_gone_is_not_used(folder, monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr("numba.config.CACHE_DIR", "own")
    monkeypatch.setattr("os.getcwd", gone)
    assert cache_folder("own").startswith(str(folder))


@pytest.mark.parametrize("plant", ["file", "link to nowhere", "long name", "no rights"])
def test_run_goes_on_where_the_cache_cannot_be(tmp_path, plant):
    """A whole run: no traceback, one line, and the image."""
    cache = tmp_path / "cache"
    if plant == "file":
        cache.write_text("x")
    elif plant == "link to nowhere":
        cache.symlink_to(tmp_path / "nowhere")
    elif plant == "long name":
        cache = tmp_path / ("x" * 300)
    else:
        cache.mkdir(mode=0o000)
        if os.geteuid() == 0:
            os.chown(cache, 65533, 65533)
    chosen = {"XDG_CACHE_HOME": str(cache), "HOME": str(cache), "TMPDIR": str(cache), "PYTHONPATH": str(HERE.parent)}
    program = (
        f"import tempfile; tempfile.gettempdir = lambda: {str(cache)!r}\n"
        "from nbport.compilation.loading import compiled_modules\n"
        "for _ in 'ab':\n    with compiled_modules():\n        print('went on')"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | chosen, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "went on\n" * 2), done.stderr
    said = [line for line in done.stderr.splitlines() if "no cache on disk" in line]
    assert len(said) == 1 and "Traceback" not in done.stderr
    assert set(tmp_path.iterdir()) <= {cache}


# -- attacks


class Planted:
    """What makes a folder when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def copy_to(source, target):
    shutil.copytree(source, target)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o777)


def poisoned(folder, source, kernels, mark):
    """A module, and what its user would look for in the cache, but with the attacker's index; all may be read."""
    shutil.copytree(folder.parent, source)
    source.chmod(0o755)
    # whoever is somebody else later has all imported that is needed
    assert loaded_from(source / "small.py") == (2, False)
    shutil.copytree(files(folder, "nbi")[0].parent.parent, kernels)
    for path in [kernels, *kernels.rglob("*")]:
        path.chmod(0o755)
    [index] = files(kernels, "nbi")
    content = pickle.dumps(Planted(mark))
    index.write_bytes(hashlib.sha256(content).digest() + content)
    return index


def plant_leaf(kernels, leaf):
    """A cache folder of the attacker's own."""
    leaf.parent.mkdir(mode=0o777)
    leaf.parent.chmod(0o777)
    copy_to(kernels, leaf)


def plant_link(kernels, leaf):
    """A link to the shared folder, which belongs to root, and in there what Numba looks for."""
    leaf.parent.mkdir(mode=0o777)
    leaf.symlink_to(SHARED)
    for folder in kernels.iterdir():
        copy_to(folder, SHARED / folder.name)


def plant_parent(kernels, leaf):
    """The same where the folder of the user's name is the link."""
    leaf.parent.symlink_to(SHARED)
    copy_to(kernels, SHARED / leaf.name)


def plant_nothing(kernels, leaf):
    """Only the folder above, so that what is in it can be exchanged."""
    leaf.parent.mkdir()
    leaf.parent.chmod(0o777)


def unchecked(path):
    """Instead of `trusted_folder`: what is in the shared folder is taken."""
    if not path.startswith(f"{SHARED}/nbport-"):
        raise OSError
    return path


@two_users
@pytest.mark.parametrize(
    ("by", "plant"),
    [
        ("temporary files", plant_leaf),
        ("temporary files", plant_link),
        ("temporary files", plant_parent),
        ("temporary files", plant_nothing),
        ("XDG_CACHE_HOME", plant_link),
        ("NUMBA_CACHE_DIR", plant_leaf),
    ],
)
def test_kernel_that_another_user_planted_is_not_run(folder, monkeypatch, by, plant):
    assert SHARED.stat().st_mode & 0o1777 == 0o1777, "NOT TESTED: /tmp is not shared"
    attacker, victim, source, mark, kernels = new_user(), new_user(), new_name(), new_name(), new_name()
    leaf = SHARED / f"nbport-{victim}" / new_name().name
    monkeypatch.setattr(loading, "_fingerprint", lambda: leaf.name)
    index = poisoned(folder, source, kernels, mark)

    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setattr("tempfile.tempdir", str(SHARED))
    monkeypatch.delenv("XDG_CACHE_HOME")
    if by == "XDG_CACHE_HOME":
        monkeypatch.setenv(by, str(SHARED))
    elif by == "NUMBA_CACHE_DIR":
        monkeypatch.setattr("numba.config.CACHE_DIR", str(SHARED))
    with swept(source, mark, kernels, SHARED / index.parent.name, SHARED / leaf.name, leaf.parent):
        as_user(attacker, plant, kernels, leaf)
        assert as_user(victim, loaded_from, source / "small.py") == (2, False)
        assert not mark.exists()
        assert leaf.parent.stat(follow_symlinks=False).st_uid == attacker
        assert plant is not plant_nothing or list(leaf.parent.iterdir()) == []
        # the plant is as it should be: without the check it is run
        monkeypatch.setattr(loading, "trusted_folder", unchecked)
        with contextlib.suppress(AssertionError):
            as_user(victim, loaded_from, source / "small.py")
        assert mark.exists() or plant is plant_nothing


@two_users
def test_root_does_not_run_what_is_in_a_folder_of_somebody_else(folder, monkeypatch):
    """Nobody but its owner can write it, and root."""
    attacker, source, mark, kernels, root = new_user(), new_name(), new_name(), new_name(), new_name()
    monkeypatch.setattr(loading, "_fingerprint", lambda: "leaf")
    poisoned(folder, source, kernels, mark)
    leaf = root / "nbport-0" / "leaf"
    with swept(source, mark, kernels, root):
        as_user(attacker, root.mkdir, 0o700)
        as_user(attacker, plant_leaf, kernels, leaf)
        for path in [root, *root.rglob("*")]:
            as_user(attacker, path.chmod, 0o700)
        monkeypatch.setenv("XDG_CACHE_HOME", str(root))
        monkeypatch.setenv("HOME", str(folder.parent))
        assert loaded_from(source / "small.py") == (2, False)
        assert not mark.exists()
        monkeypatch.setattr(loading, "trusted_folder", lambda path: path)
        with contextlib.suppress(TypeError):
            loaded_from(source / "small.py")
        assert mark.exists()
