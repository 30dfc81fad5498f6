"""Numbers among the arguments of nbport's sub-commands."""

import argparse

import pytest

from nbport.cli.arguments import count, not_negative, positive
from nbport.cli.nbport_command import main


@pytest.mark.parametrize(
    ("kind", "text", "value"), [(count, "12", 12), (positive, "1e-3", 0.001), (not_negative, "0", 0.0)]
)
def test_number_that_fits_is_read(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (count, ["0", "-1", "1.0", "x", "", "\u0661", "10000000000"], "a whole number from 1 to 99999"),
        (positive, ["0", "-1", "nan", "inf", "x"], "a number above 0"),
        (not_negative, ["-1", "nan", "inf", "x"], "a number, 0 or more"),
    ],
)
def test_number_that_does_not_fit_is_named_with_what_was_expected(kind, texts, expected):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError) as error:
            kind(text)
        assert str(error.value) == f"found {text!r}, expected {expected}"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (
            "verify --candidate x --size 0",
            "nbport verify: error: argument --size: found '0', expected a whole number from 1 to 99999",
        ),
        ("hkl x --dmin nan", "nbport hkl: error: argument --dmin: found 'nan', expected a number above 0"),
        ("compare a", "nbport compare: error: the following arguments are required: B"),
        ("nosuch", "nbport: error: argument COMMAND: invalid choice: 'nosuch'"),
    ],
)
def test_arguments_that_cannot_be_used_are_one_line_and_exit_status_2(argv, line, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv.split())
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert error.startswith(line) and error.count("\n") == 1
