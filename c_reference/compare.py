"""The one place that decides whether two runs gave the same.

Equal means the same exit status, the same set of files, the same bytes in every file and, where
the exit status is 0, the same value-bearing lines of standard output in the same order. Exempt is
only what depends on the clock: see `seed_from_clock`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from c_reference.cases import DUMP_FILE, StepResult

#: Texts that the reference prints without the line end that belongs there.
_UNENDED = (b"further warnings will not be printed! ", b"no dump file to read.")
_NO_VALUES = re.compile(rb"WARNING|ERROR|usage|options|mmap\(|recommend|but reciprocal|intensity may|-(?![0-9])")
_SEED_LINE = re.compile(rb"  seed: -?[0-9]+")
_PHOTONS_LINE = re.compile(rb"\S+ photons on noise image \(-?[0-9]+ overloads\)")
_WRITING_LINE = re.compile(rb"writing (.*) as 2-byte integers")
_ANY_WRITING_LINE = re.compile(rb"writing (.*) as (?:\d+ )?(\d)-byte (?:floats|integers)")
_SHAPE = re.compile(rb"\((\d+)x(\d+) pixels\)")
_FLOAT_BYTES = 4
_SHOWN_BYTES = 8
_SMV_HEADER_BYTES = 512


@dataclass(frozen=True)
class Difference:
    """One way in which a step went wrong.

    Parameters
    ----------
    case : str
        Case id.
    step : int
        Step of the case, from 0.
    where : str
        ``exit status``, ``files``, ``stdout line N`` (of the value-bearing lines, from 1) or a file name.
    expected, got : str
        The two readings, ready to print.
    offset : int or None
        First byte that differs, in a file or a line.
    pixel : tuple of int or None
        Slow and fast index of the pixel that this byte belongs to, in an image.
    """

    case: str
    step: int
    where: str
    expected: str
    got: str
    offset: int | None = None
    pixel: tuple[int, int] | None = None

    def __str__(self) -> str:
        at = "" if self.offset is None else f", offset {self.offset}"
        if self.pixel:
            at += f", pixel (slow {self.pixel[0]}, fast {self.pixel[1]})"
        return f"{self.case} step {self.step}: {self.where}{at}:\n  expected {self.expected}\n  got      {self.got}"


@dataclass(frozen=True)
class Image:
    """Shape of an image in pixels, and bytes per pixel."""

    slow: int
    fast: int
    size: int

    def pixel_at(self, offset: int, length: int) -> tuple[int, int] | None:
        """Slow and fast index of the pixel with this byte, in a file of this length; None in the header."""
        start = length - self.slow * self.fast * self.size
        return divmod((offset - start) // self.size, self.fast) if start <= offset < length else None


def image_of(stdout: bytes, name: str) -> Image | None:
    """What the output says of the image of that name, if it is one."""
    shape = _SHAPE.search(stdout)
    lines = [_ANY_WRITING_LINE.fullmatch(line) for line in value_lines(stdout)]
    sizes = [int(line[2]) for line in lines if line and line[1].decode("utf-8", "surrogateescape") == name]
    return Image(int(shape[2]), int(shape[1]), sizes[-1]) if shape and sizes else None


def value_lines(stdout: bytes) -> list[bytes]:
    """Lines of standard output that carry values, trailing blanks removed."""
    for text in _UNENDED:
        stdout = stdout.replace(text, text + b"\n")
    lines = [line.rstrip(b" \t") for line in stdout.split(b"\n")]
    return [line for line in lines if line and not _NO_VALUES.match(line.lstrip(b" \t"))]


def seed_from_clock(argv: Sequence[str]) -> bool:
    """Whether the noise of this command line is seeded by the clock.

    The seed is set by any argument that begins with ``-``, holds ``-seed`` and has a follower;
    ``-misset_seed`` and ``-mosaic_seed`` do not hold it. Without it nobody can compare the line
    that prints the seed, the line that counts the photons and the pixels of the noise image.
    """
    return not _has_option(argv, "-seed")


def misset_from_clock(argv: Sequence[str]) -> bool:
    """Whether the crystal orientation is drawn with a seed from the clock: then nothing is comparable."""
    drawn = any(
        option.startswith("-") and "-misset" in option and "rand" in value
        for option, value in zip(argv, argv[1:], strict=False)
    )
    return drawn and not _has_option(argv, "-misset_seed")


def compare_case(
    expected: Sequence[StepResult], got: Sequence[StepResult], steps: Sequence[Sequence[str]], case: str
) -> list[Difference]:
    """Compare two runs of a case step by step.

    Parameters
    ----------
    expected, got : sequence of StepResult
        The reference's results and those under test, one for each step.
    steps : sequence of sequence of str
        Arguments of each step.
    case : str
        Case id, for the messages.

    Returns
    -------
    list of Difference
        Empty when all is equal.
    """
    return [
        difference
        for k, (left, right, argv) in enumerate(zip(expected, got, steps, strict=True))
        for difference in compare_step(left, right, argv, case, k)
    ]


def compare_step(
    expected: StepResult, got: StepResult, argv: Sequence[str], case: str = "", step: int = 0
) -> list[Difference]:
    """Compare two runs of one step. See `compare_case`."""
    clock = seed_from_clock(argv)
    differences = []
    if expected.exit != got.exit:
        note = f"; stderr: {got.stderr.decode(errors='replace').strip()}" if got.stderr else ""
        differences.append(Difference(case, step, "exit status", str(expected.exit), f"{got.exit}{note}"))
    if expected.files.keys() != got.files.keys():
        differences.append(Difference(case, step, "files", str(sorted(expected.files)), str(sorted(got.files))))
    if expected.exit == 0 == got.exit:
        differences += _compare_lines(value_lines(expected.stdout), value_lines(got.stdout), clock, case, step)
    noise_file = _noise_file(expected.stdout) if clock else None
    for name in sorted(expected.files.keys() & got.files.keys()):
        left, right = expected.files[name], got.files[name]
        if name == noise_file:
            left, right = _without_pixels(left, right)
        if left != right:
            differences.append(_file_difference(name, left, right, image_of(expected.stdout, name), case, step))
    return differences


def _has_option(argv: Sequence[str], text: str) -> bool:
    """Whether an argument that is not the last begins with ``-`` and holds this text."""
    return any(token.startswith("-") and text in token for token in argv[:-1])


def _compare_lines(expected: list[bytes], got: list[bytes], clock: bool, case: str, step: int) -> list[Difference]:
    """The first line that differs, if any."""
    for k in range(max(len(expected), len(got))):
        left = expected[k] if k < len(expected) else None
        right = got[k] if k < len(got) else None
        if left == right or (clock and left and right and _same_clock_line(left, right)):
            continue
        offset = None if left is None or right is None else _first_difference(left, right)
        return [Difference(case, step, f"stdout line {k + 1}", _show_line(left), _show_line(right), offset)]
    return []


def _same_clock_line(left: bytes, right: bytes) -> bool:
    return any(pattern.fullmatch(left) and pattern.fullmatch(right) for pattern in (_SEED_LINE, _PHOTONS_LINE))


def _noise_file(stdout: bytes) -> str | None:
    """Name of the noise image: the integer image announced after the photon count."""
    lines = value_lines(stdout)
    for counted, announced in zip(lines, lines[1:], strict=False):
        writing = _WRITING_LINE.fullmatch(announced)
        if _PHOTONS_LINE.fullmatch(counted) and writing:
            return writing[1].decode("utf-8", "surrogateescape")
    return None


def _without_pixels(left: bytes, right: bytes) -> tuple[bytes, bytes]:
    """Headers of two images, the bytes after them replaced by their number."""
    start = max(_SMV_HEADER_BYTES, left.find(b"}\f") + 2)
    short, other = (image[:start] + b"%d bytes" % len(image[start:]) for image in (left, right))
    return short, other


def _first_difference(left: bytes, right: bytes) -> int:
    shorter = min(len(left), len(right))
    return next((k for k in range(shorter) if left[k] != right[k]), shorter)


def _file_difference(name: str, left: bytes, right: bytes, image: Image | None, case: str, step: int) -> Difference:
    offset = _first_difference(left, right)
    floats = name.endswith(".bin") and name != DUMP_FILE
    pixel = image.pixel_at(offset, len(left)) if image else None
    wanted, found = (_show_bytes(content, offset, floats) for content in (left, right))
    return Difference(case, step, name, wanted, found, offset, pixel)


def _show_bytes(content: bytes, offset: int, floats: bool) -> str:
    shown = content[offset : offset + _SHOWN_BYTES].hex(" ") or "end of file"
    start = offset - offset % _FLOAT_BYTES
    if floats and start + _FLOAT_BYTES <= len(content):
        (value,) = struct.unpack_from("<f", content, start)
        shown += f" (float32 number {start // _FLOAT_BYTES}: {value:.9g})"
    return f"{shown} of {len(content)} bytes"


def _show_line(line: bytes | None) -> str:
    return "no such line" if line is None else repr(line.decode("utf-8", "surrogateescape"))
