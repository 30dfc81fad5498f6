"""The comparison finds every single difference, and exempts only what the clock decides."""

import dataclasses
import struct

import pytest

from c_reference.cases import HERE, StepResult, load_cases, load_results
from c_reference.compare import compare_case, compare_step, misset_from_clock, seed_from_clock, value_lines

HEADER = b"{\nHEADER_BYTES=512;\n}\f".ljust(512)
STDOUT = b"""nanoBragg
WARNING: something
 distance=0.1
  seed: -7

12 photons on noise image (0 overloads)
writing noiseimage.img as 2-byte integers
"""
SEEDED = ["-seed", "7"]


@pytest.fixture
def result():
    files = {
        "floatimage.bin": struct.pack("<4f", 1, 2, 3, 4),
        "noiseimage.img": HEADER + b"\1\0\2\0",
        "image.pgm": b"P5\n1 1\n255\n\7",
    }
    return StepResult(0, STDOUT, files)


def changed(result, **changes):
    return dataclasses.replace(result, **changes)


def with_file(result, name, content):
    return changed(result, files={**result.files, name: content})


def flipped(content, offset):
    return content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :]


def test_equal_results_have_no_difference(result):
    assert compare_step(result, changed(result), SEEDED) == []


@pytest.mark.parametrize("name", ["floatimage.bin", "noiseimage.img", "image.pgm"])
def test_any_single_changed_byte_is_found_at_its_offset(result, name):
    content = result.files[name]
    for offset in range(len(content)):
        [difference] = compare_step(result, with_file(result, name, flipped(content, offset)), SEEDED)
        assert (difference.where, difference.offset) == (name, offset)


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\0"])
def test_file_of_another_length_is_found(result, change):
    [difference] = compare_step(result, with_file(result, "image.pgm", change(result.files["image.pgm"])), SEEDED)
    assert difference.where == "image.pgm"
    assert "end of file" in difference.expected + difference.got


def test_difference_in_float_image_shows_the_pixel_and_its_values(result):
    [difference] = compare_step(result, with_file(result, "floatimage.bin", struct.pack("<4f", 1, 2, 3.5, 4)), SEEDED)
    assert "float32 number 2: 3)" in difference.expected
    assert "float32 number 2: 3.5)" in difference.got


def test_missing_file_is_found(result):
    files = {name: content for name, content in result.files.items() if name != "image.pgm"}
    [difference] = compare_step(result, changed(result, files=files), SEEDED)
    assert difference.where == "files"


def test_extra_file_is_found(result):
    [difference] = compare_step(result, with_file(result, "more.bin", b""), SEEDED)
    assert difference.where == "files"


@pytest.mark.parametrize("status", [1, 9, -11, None])
def test_other_exit_status_is_found(result, status):
    [difference] = compare_step(result, changed(result, exit=status, stderr=b"no such thing"), SEEDED)
    assert difference.where == "exit status"
    assert "no such thing" in difference.got


def test_any_changed_value_line_is_found(result):
    lines = STDOUT.splitlines(keepends=True)
    for k in (0, 2, 3, 5, 6):
        stdout = b"".join([*lines[:k], b"other\n", *lines[k + 1 :]])
        [difference] = compare_step(result, changed(result, stdout=stdout), SEEDED)
        assert difference.where.startswith("stdout line")


@pytest.mark.parametrize("k", [0, 2, 3, 5, 6])
def test_missing_or_repeated_value_line_is_found(result, k):
    lines = STDOUT.splitlines(keepends=True)
    for stdout in (b"".join(lines[:k] + lines[k + 1 :]), b"".join(lines[: k + 1] + lines[k:])):
        assert compare_step(result, changed(result, stdout=stdout), SEEDED)
        assert compare_step(changed(result, stdout=stdout), result, SEEDED)


def test_leading_blank_of_a_value_line_counts(result):
    assert compare_step(result, changed(result, stdout=STDOUT.replace(b" distance", b"distance")), SEEDED)


def test_order_of_value_lines_counts(result):
    stdout = b"".join(reversed(STDOUT.splitlines(keepends=True)))
    assert compare_step(result, changed(result, stdout=stdout), SEEDED)


def test_wording_of_warnings_does_not_count(result):
    assert compare_step(result, changed(result, stdout=STDOUT.replace(b"something", b"else")), SEEDED) == []


def test_stdout_of_a_run_that_failed_is_not_compared(result):
    failed = changed(result, exit=9)
    assert compare_step(failed, changed(failed, stdout=b""), SEEDED) == []
    assert compare_step(failed, with_file(failed, "image.pgm", b""), SEEDED)


@pytest.mark.parametrize(
    "line",
    [
        b"WARNING: x", b"  ERROR: x", b"usage: x", b"options:", b"mmap(a) = 0x1", b"  recommend -oversample 2",
        b"   but reciprocal", b" intensity may", b"\t-mat filename", b"-nan 0 0", b"   ", b"",
    ],
)  # fmt: skip
def test_line_without_values_is_dropped(line):
    assert value_lines(b"a\n" + line + b"\nb\n") == [b"a", b"b"]


@pytest.mark.parametrize("line", [b"-10 0 0   1 1e-10", b"  seed: 3", b"0% done", b"a WARNING", b" mean= 1"])
def test_line_with_values_is_kept(line):
    assert value_lines(line + b"  \n") == [line]


@pytest.mark.parametrize(
    "glued", [b"WARNING: further warnings will not be printed! 1% done", b"ERROR: no dump file to read.1% done"]
)
def test_value_after_a_text_without_line_end_is_kept(glued):
    assert value_lines(glued + b"\n") == [b"1% done"]


@pytest.mark.parametrize(
    ("argv", "clock"),
    [
        ([], True),
        (["-seed", "1"], False),
        (["-seedling", "x"], False),
        (["-my-seed", "1"], False),
        (["-lambda", "1", "-seed"], True),
        (["-misset_seed", "1", "-mosaic_seed", "2"], True),
        (["x-seed", "1"], True),
    ],
)
def test_seed_is_recognised_as_the_reference_does(argv, clock):
    assert seed_from_clock(argv) is clock


@pytest.mark.parametrize(
    ("argv", "clock"),
    [
        (["-misset", "random"], True),
        (["-misset", "rand", "-seed", "1"], True),
        (["-misset", "random", "-misset_seed", "1"], False),
        (["-misset", "random", "-misset_seed"], True),
        (["-misset", "1", "2", "3"], False),
    ],
)
def test_random_orientation_needs_a_seed(argv, clock):
    assert misset_from_clock(argv) is clock


def test_without_seed_only_seed_photons_and_noise_pixels_are_exempt(result):
    other = with_file(result, "noiseimage.img", HEADER + b"\3\0\4\0")
    other = changed(other, stdout=STDOUT.replace(b"seed: -7", b"seed: -8").replace(b"12 photons", b"13 photons"))
    assert compare_step(result, other, []) == []
    assert len(compare_step(result, other, SEEDED)) == 2


def test_without_seed_the_rest_still_counts(result):
    shorter = with_file(result, "noiseimage.img", HEADER + b"\3\0")
    other_header = with_file(result, "noiseimage.img", flipped(HEADER, 5) + b"\1\0\2\0")
    other_line = changed(result, stdout=STDOUT.replace(b"0.1", b"0.2"))
    other_file = with_file(result, "image.pgm", b"")
    for other in (shorter, other_header, other_line, other_file):
        assert len(compare_step(result, other, [])) == 1


def test_difference_names_case_step_and_place(result):
    [difference] = compare_case([result, result], [result, changed(result, exit=9)], [SEEDED, SEEDED], "some_case")
    assert str(difference) == "some_case step 1: exit status:\n  expected 0\n  got      9"


def test_another_number_of_steps_is_an_error(result):
    with pytest.raises(ValueError, match="zip"):
        compare_case([result, result], [result], [SEEDED, SEEDED], "some_case")


def test_recorded_case_differs_from_its_fixed_twin_where_the_fix_acts():
    [case] = [case for case in load_cases(HERE / "quirk.jsonl") if case.id == "phi_stale"]
    plain, fixed = (load_results(HERE / f"{name}.npz")[case.id] for name in ("quirk", "quirk_fix_upstream"))
    places = {difference.where for difference in compare_case(plain, fixed, case.steps, case.id)}
    assert {"floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img"} <= places
