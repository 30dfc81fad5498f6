"""Orientation matrices: nine numbers in three reads."""

from nbport.formats.matrix import read_matrix

BEFORE = [[10.0, 20.0, 30.0], [40.0, 50.0, 60.0], [70.0, 80.0, 90.0]]


def test_columns_are_the_vectors():
    assert read_matrix(b"1 2 3\n4 5 6\n7 8 9\n", BEFORE) == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]


def test_layout_does_not_matter():
    assert read_matrix(b"1 2\n3 4 5 6 7\r\n8 9 and more", BEFORE) == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]


def test_short_file_keeps_what_was_there():
    assert read_matrix(b"1 2 3 4", BEFORE) == [[1, 4, 30], [2, 50, 60], [3, 80, 90]]


def test_read_that_fails_is_given_up_and_the_next_begins_at_the_same_place():
    assert read_matrix(b"1 x 3", BEFORE) == [[1, 20, 30], [40, 50, 60], [70, 80, 90]]


def test_numbers_may_be_hexadecimal_or_end_in_an_e():
    assert read_matrix(b"0x10 1e 2e1 0 0 0 0 0 0", BEFORE) == [[16, 0, 0], [1, 0, 0], [20, 0, 0]]
