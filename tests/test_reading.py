"""Files that are read in pieces, or not at all: pipes, limits, and temporary files that somebody left."""

import fcntl
import math
import os
import threading
import time

import pytest

from nbport.crules.scan import rows_of_numbers
from nbport.errors import InputError
from nbport.formats.text_table import read_table_file
from nbport.system import files
from nbport.system.files import InputStream, is_pipe, read_beginning, read_bytes, readable, write_file

TERABYTE = 10**12


@pytest.fixture
def pipe(tmp_path):
    """A named pipe."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_pipe_that_nobody_writes_to_is_an_error_after_some_time(pipe, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    with pytest.raises(InputError, match="pipe: cannot read a matrix: nobody writes to this pipe"):
        read_bytes(pipe, "a matrix")


def test_pipe_is_read_whole_however_slow_its_writer_is(pipe, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.2)

    def write():
        with open(pipe, "wb", buffering=0) as out:
            for part in (b"a", b"b", b"c"):
                time.sleep(0.3)
                out.write(part)

    writer = threading.Thread(target=write)
    writer.start()
    assert read_bytes(pipe, "a matrix") == b"abc"
    writer.join()


def test_pipe_whose_writer_has_gone_is_empty():
    reading, writing = os.pipe()
    os.close(writing)
    assert read_bytes(f"/dev/fd/{reading}", "a matrix") == b""
    os.close(reading)


def test_only_pipes_are_pipes(pipe, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert is_pipe(pipe)
    assert not any(map(is_pipe, (tmp_path / "file", tmp_path, tmp_path / "missing", "/dev/null", "x\0y")))


def test_readable_is_what_can_be_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    assert readable(tmp_path / "file")
    assert readable(tmp_path)
    assert not any(map(readable, (tmp_path / "loop", tmp_path / "missing", "x\0y")))


def test_file_beyond_the_limit_is_refused_unread(tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(TERABYTE)
    with pytest.raises(InputError, match=f"large: found {TERABYTE} bytes or more, expected a matrix of up to"):
        read_bytes(tmp_path / "large", "a matrix")
    assert read_beginning(tmp_path / "large", "a matrix", 5) == bytes(5)


def test_device_without_end_is_refused():
    with pytest.raises(InputError, match="expected a matrix of up to 3000000"):
        read_bytes("/dev/zero", "a matrix", 3000000)


def test_row_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("nbport.crules.scan.LONGEST_ROW", 5000)
    (tmp_path / "x").write_bytes(b"1 2 3 " + b"4" * 20000)
    with pytest.raises(InputError, match="row of more than 5000 bytes"), InputStream(tmp_path / "x", "x") as stream:
        list(rows_of_numbers(stream, False, block=1000))


def test_blanks_between_rows_take_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("nbport.crules.scan.LONGEST_ROW", 5000)
    (tmp_path / "x").write_bytes(b"1 2 3 4\n" + b" " * 20000 + b"5 6 7 8\n")
    with InputStream(tmp_path / "x", "x") as stream:
        rows = [row for rows in rows_of_numbers(stream, False, block=1000) for row in rows.tolist()]
    assert rows == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_table_in_a_pipe_has_as_many_rows_and_no_values(pipe):
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"1 2\n3 4\n"))
    writer.start()
    rows = read_table_file(pipe, "a table", 2)
    writer.join()
    assert len(rows) == 2 and all(math.isnan(x) for row in rows for x in row)


def test_temporary_files_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path):
    for name in (".nbport-dead.tmp", ".nbport-alive.tmp", "results.tmp", ".nbport-kept.txt"):
        (tmp_path / name).write_bytes(b"half")
    with open(tmp_path / ".nbport-alive.tmp", "rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        write_file(tmp_path / "x", [b"1"])
    assert sorted(os.listdir(tmp_path)) == [".nbport-alive.tmp", ".nbport-kept.txt", "results.tmp", "x"]


def test_temporary_file_that_is_being_written_is_left_alone(tmp_path):
    def chunks():
        yield b"1"
        files.remove_stale.cache_clear()
        files.remove_stale(str(tmp_path))
        yield b"2"

    write_file(tmp_path / "x", chunks())
    assert (tmp_path / "x").read_bytes() == b"12"
