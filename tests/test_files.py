"""Files are complete or not there, and errors name them."""

import fcntl
import os
import stat
import threading

import pytest

from nbport.errors import InputError, OutputError
from nbport.system import files
from nbport.system.files import read_bytes, remove_stale, replace_file, write_file

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")


class Interrupted(BaseException):
    """Neither an error of a file nor of a value."""


def chunks_that_end(with_error):
    yield b"half"
    raise with_error


def test_chunks_are_written_one_after_another(tmp_path):
    write_file(tmp_path / "x", [b"ab", memoryview(b"cd"), b""])
    assert (tmp_path / "x").read_bytes() == b"abcd"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd")])
@pytest.mark.parametrize("before", [None, b"before"])
def test_failure_leaves_nothing_behind_and_what_was_there_alone(tmp_path, error, before):
    if before is not None:
        (tmp_path / "x").write_bytes(before)
    with pytest.raises(OutputError, match=r"x: cannot write: (No space left|odd)"):
        write_file(tmp_path / "x", chunks_that_end(error))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == ({} if before is None else {"x": before})


def test_interruption_leaves_nothing_behind(tmp_path):
    with pytest.raises(Interrupted):
        write_file(tmp_path / "x", chunks_that_end(Interrupted()))
    assert list(tmp_path.iterdir()) == []


def test_nobody_sees_half_a_file(tmp_path):
    seen = []

    def chunks():
        yield b"half"
        seen.extend(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
        yield b"whole"

    write_file(tmp_path / "x", chunks())
    assert seen == []


def test_symbolic_links_are_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/x")
    write_file(tmp_path / "link", [b"1"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "x").read_bytes() == b"1"


def test_device_is_written_directly(tmp_path):
    write_file("/dev/null", [b"x" * 1000])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipe_is_written_directly(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_file(tmp_path / "pipe", [b"ab", b"cd"])
    reader.join(10)
    assert received == [b"abcd"]


def test_permissions_are_those_of_the_file_before_or_of_a_new_one(tmp_path):
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "old").chmod(0o640)
    (tmp_path / "ordinary").write_bytes(b"")
    for name in ("old", "new"):
        write_file(tmp_path / name, [b"x"])
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize("path", ["nodir/x", ".", "", "x\0y", "x" * 300])
def test_path_that_cannot_be_written_is_an_error_that_names_it(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError) as caught:
        write_file(path, [b"x"])
    assert str(caught.value).startswith(f"{path}: cannot write: ")
    assert list(tmp_path.iterdir()) == []


@as_root
def test_file_that_may_not_be_written_stays(tmp_path):
    (tmp_path / "x").write_bytes(b"before")
    (tmp_path / "x").chmod(0o444)
    with pytest.raises(OutputError, match="Permission denied"):
        write_file(tmp_path / "x", [b"after"])
    assert (tmp_path / "x").read_bytes() == b"before"


@pytest.mark.parametrize("path", ["missing", ".", "", "x\0y"])
def test_path_that_cannot_be_read_is_an_error_that_names_it(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        read_bytes(path, "a matrix")
    assert str(caught.value).startswith(f"{path}: cannot read a matrix: ")
    assert "\n" not in str(caught.value)


def test_file_that_a_library_writes_appears_when_it_is_complete(tmp_path):
    with replace_file(tmp_path / "x") as name:
        with open(name, "wb") as out:
            out.write(b"whole")
        assert not (tmp_path / "x").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"whole"


@pytest.mark.parametrize(
    "error, raised", [(OSError(28, "No space left on device"), OutputError), (ValueError("odd"), ValueError)]
)
def test_library_that_fails_leaves_nothing_behind(tmp_path, error, raised):
    with pytest.raises(raised, match="No space left|odd"), replace_file(tmp_path / "x"):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_device_is_not_replaced():
    with pytest.raises(OutputError, match="/dev/null: cannot write: not a regular file"), replace_file("/dev/null"):
        pass
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


# -- temporary files of other runs


def test_temporary_of_a_run_that_lives_stays_and_that_of_a_dead_one_goes(tmp_path):
    alive, dead = tmp_path / ".nbport-alive.tmp", tmp_path / ".nbport-dead.tmp"
    alive.write_bytes(b"half")
    dead.write_bytes(b"half")
    with open(alive, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_stale.cache_clear()
        write_file(tmp_path / "x", [b"whole"])
        assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "x"]
    remove_stale.cache_clear()
    write_file(tmp_path / "x", [b"whole"])
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_temporary_is_removed_while_its_lock_is_held(tmp_path, monkeypatch):
    (tmp_path / ".nbport-dead.tmp").write_bytes(b"half")
    seen = []

    def unlink(path):
        with open(path, "rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen.append("free")
            except OSError:
                seen.append("locked")

    monkeypatch.setattr(files.os, "unlink", unlink)
    remove_stale.cache_clear()
    remove_stale(str(tmp_path))
    assert seen == ["locked"]


def test_temporary_that_was_removed_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    lock, removed = fcntl.flock, []

    def found_by_another_run(handle, operation):
        if not removed:
            [path] = tmp_path.glob(".nbport-*.tmp")
            path.unlink()
            removed.append(path.name)
        lock(handle, operation)

    monkeypatch.setattr(files.fcntl, "flock", found_by_another_run)
    write_file(tmp_path / "x", [b"whole"])
    assert len(removed) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"whole"}
