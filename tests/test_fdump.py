"""Dumped structure factors: written, and read as the reference reads them."""

import math

import numpy as np
import pytest

from nbport.crules.text import wrap_int
from nbport.errors import InputError
from nbport.formats.fdump import new_grid, read_fdump, write_fdump

BOUNDS = (-1, 1, 0, 2, 3, 4)


def filled(value):
    grid = new_grid(BOUNDS, "x")
    grid.Fhkl[:] = value + np.arange(grid.Fhkl.size).reshape(grid.Fhkl.shape) / 7
    return grid


def test_grid_has_one_layer_of_padding_behind_each_axis():
    grid = new_grid(BOUNDS, "x")
    assert grid.ranges == (3, 3, 2)
    assert grid.Fhkl.shape == (4, 4, 3)


def test_written_grid_is_read_again(tmp_path):
    grid = filled(1.0)
    write_fdump(tmp_path / "F", grid)
    again = read_fdump(tmp_path / "F")
    assert again[:6] == BOUNDS
    assert again.Fhkl.tobytes() == grid.Fhkl.tobytes()


def test_header_is_a_line_and_a_form_feed(tmp_path):
    write_fdump(tmp_path / "F", filled(1.0))
    assert (tmp_path / "F").read_bytes().startswith(b"-1 1 0 2 3 4\n\f")


def test_data_bytes_that_look_like_white_space_are_skipped_and_shift_the_rest(tmp_path):
    grid = new_grid(BOUNDS, "x")
    grid.Fhkl[:] = np.frombuffer(b"\x0a\x20\0\0\0\0\xf0\x3f", "<f8")[0]
    write_fdump(tmp_path / "F", grid)
    data = grid.Fhkl.tobytes()[2:]
    expected = np.frombuffer(data.ljust(grid.Fhkl.nbytes, b"\0"), "<f8")
    assert read_fdump(tmp_path / "F").Fhkl.tobytes() == expected.tobytes()


def test_missing_data_are_zero(tmp_path):
    (tmp_path / "F").write_bytes(b"0 1 0 1 0 1\n\f" + np.array([2.5, 3.5]).tobytes())
    assert read_fdump(tmp_path / "F").Fhkl.reshape(-1).tolist() == [2.5, 3.5] + [0.0] * 25


@pytest.mark.parametrize("data", [b"", b"garbage", b"1 2 3", b"1 2 3 4 5 x"])
def test_file_without_six_bounds_is_an_error(tmp_path, data):
    (tmp_path / "F").write_bytes(data)
    with pytest.raises(InputError, match="six whole numbers"):
        read_fdump(tmp_path / "F")


def test_long_axes_beside_one_without_points_are_an_empty_grid(tmp_path):
    (tmp_path / "F").write_bytes(b"0 2000000000 0 2000000000 1 -1\n\f")
    assert read_fdump(tmp_path / "F").Fhkl.size == 0


def test_bounds_may_have_leading_zeros_and_wrap(tmp_path):
    (tmp_path / "F").write_bytes(b"-000000000000000000000000000002 0000002 4294967295 4294967297 0 0\n\f")
    assert read_fdump(tmp_path / "F")[:6] == (-2, 2, -1, 1, 0, 0)


@pytest.mark.parametrize("bounds", ["-2147483648 2147483647 0 0 0 0", "-1073741824 1073741823 -1 0 -2 2"])
def test_ranges_that_wrap_are_an_empty_grid_if_their_product_is_zero(tmp_path, bounds):
    (tmp_path / "F").write_bytes(f"{bounds}\n\f".encode())
    grid = read_fdump(tmp_path / "F")
    assert grid.Fhkl.size == 0 and wrap_int(math.prod(grid.ranges)) == 0


def test_ranges_that_wrap_are_refused_if_the_reference_would_look_behind_the_grid(tmp_path):
    (tmp_path / "F").write_bytes(b"-1073741824 1073741823 -1 1 -2 2\n\f")
    with pytest.raises(InputError, match="expected ranges of less than 2147483648 indices"):
        read_fdump(tmp_path / "F")


def test_grid_beyond_memory_is_refused_with_its_size(tmp_path):
    (tmp_path / "F").write_bytes(b"0 100000 0 100000 0 100000\n\f")
    with pytest.raises(InputError, match=r"GB"):
        read_fdump(tmp_path / "F")
