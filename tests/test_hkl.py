"""Structure factors from text, taken as a stream of numbers."""

import pytest

from nbport.errors import InputError
from nbport.formats.hkl import NotEnoughIndices, read_hkl


def read(tmp_path, text, default_F=0.0):
    (tmp_path / "x.hkl").write_bytes(text)
    said = []
    result = read_hkl(str(tmp_path / "x.hkl"), default_F, lambda template, *values: said.append(template % values))
    return result[0], result[1], said


def at(grid, h, k, l):
    return grid.Fhkl[h - grid.h_min, k - grid.k_min, l - grid.l_min]


def test_rows_are_placed_by_their_indices(tmp_path):
    grid, hkls, _ = read(tmp_path, b"-1 0 2 5.5\n1 1 0 7\n")
    assert (hkls, grid[:6]) == (2, (-1, 1, 0, 1, 0, 2))
    assert (at(grid, -1, 0, 2), at(grid, 1, 1, 0), at(grid, 0, 0, 0)) == (5.5, 7.0, 0.0)


def test_layout_does_not_matter(tmp_path):
    grid, hkls, _ = read(tmp_path, b"-1-0+2 5.5 1\r\n\t1\n0 7")
    assert hkls == 2
    assert (at(grid, -1, 0, 2), at(grid, 1, 1, 0)) == (5.5, 7.0)


def test_last_of_duplicates_stays(tmp_path):
    grid, hkls, _ = read(tmp_path, b"0 0 1 5\n0 0 0 1\n0 0 1 6\n")
    assert (hkls, at(grid, 0, 0, 1)) == (3, 6.0)


def test_default_fills_gaps_but_not_the_padding(tmp_path):
    grid, _, _ = read(tmp_path, b"0 0 0 1\n2 0 0 3\n", default_F=9.0)
    assert at(grid, 1, 0, 0) == 9.0
    assert grid.Fhkl[-1].max() == 0.0 and grid.Fhkl[:, -1].max() == 0.0


def test_indices_with_a_point_count_but_end_the_second_reading(tmp_path):
    grid, hkls, _ = read(tmp_path, b"0.0 0 0 1\n2 0 0 3\n")
    assert hkls == 2
    assert grid.Fhkl.max() == 0.0


def test_fraction_is_warned_of_with_its_line(tmp_path):
    *_, said = read(tmp_path, b"0 0 0 1\n0 1.5 0 3\n")
    assert [line for line in said if line.startswith("WARNING")] == ["WARNING: k is not a whole number (1.5) at line 1"]


@pytest.mark.parametrize("text", [b"", b"# h k l F\n1 2 3 4\n", b"1 2 3\n"])
def test_file_without_a_whole_row_is_an_error(tmp_path, text):
    with pytest.raises(NotEnoughIndices):
        read(tmp_path, text)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_hkl(str(tmp_path / "none.hkl"), 0.0, lambda *_: None)


def test_second_reading_that_leaves_the_grid_is_an_error(tmp_path):
    # the first pass sees l = 3.5 and F = 7; the second one l = 3, F = 0.5 and then a row that begins with 7
    with pytest.raises(InputError, match="second reading"):
        read(tmp_path, b"1 2 3.5 7\n1 2 3 4\n")
