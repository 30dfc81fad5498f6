"""SMV images: the reference's way with headers, and the header it writes."""

import math

import numpy as np
import pytest

from nbport.errors import InputError
from nbport.formats.smv import SmvHeader, read_smv, smv_header, value_of

HEADER = b"{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=3;\nSIZE2=2;\n}\f"


def image(header=HEADER, pixels=b"\1\0\2\0\3\0\4\0\5\0\6\0"):
    return header.ljust(512) + pixels


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read these bytes as x.img."""
    monkeypatch.chdir(tmp_path)

    def reading(data):
        (tmp_path / "x.img").write_bytes(data)
        return read_smv("x.img")

    return reading


def test_last_keyword_counts_even_inside_a_longer_one():
    header = "DISTANCE=100;CLOSE_DISTANCE=90;"
    assert value_of("DISTANCE", header) == 90


def test_absent_keyword_is_nan_and_one_without_equals_is_zero():
    assert math.isnan(value_of("PHI", "OSC=1;"))
    assert value_of("PHI", "OSC=1; PHI 3") == 0


def test_pixels_follow_the_header(read):
    frame = read(image())
    assert (frame.width, frame.height) == (3, 2)
    assert frame.pixels.tolist() == [1, 2, 3, 4, 5, 6]


def test_missing_pixels_are_zero(read):
    assert read(image(pixels=b"\1\0\2")).pixels.tolist() == [1, 2, 0, 0, 0, 0]


def test_file_that_begins_otherwise_is_no_image(read):
    assert read(b"P5" + b" " * 600) is None


@pytest.mark.parametrize(
    "data, word",
    [
        (b"{\nHEADER_BYTES=512;", "512"),
        (image(HEADER.replace(b"BYTE_ORDER", b"BITE_ORDER")), "BYTE_ORDER"),
        (image(HEADER.replace(b"BYTES=512", b"BYTES=0  ")), "HEADER_BYTES"),
        (image(HEADER.replace(b"BYTES=512", b"BYTES=9999")), "HEADER_BYTES"),
        (image(HEADER.replace(b"SIZE1=3", b"SIZE1=-3")), "SIZE1"),
        (image(HEADER.replace(b"SIZE1=3", b"SIZE1=999999999")), "SIZE2 from 1 and less than 1073741824 pixels"),
        (image(HEADER.replace(b"SIZE1=3", b"SIZE1=65536").replace(b"SIZE2=2", b"SIZE2=65536")), "65536 x 65536"),
    ],
)
def test_unusable_header_is_one_clear_error(read, data, word):
    with pytest.raises(InputError, match=word) as caught:
        read(data)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("x.img")


def test_header_of_another_size_is_read_again_and_pixels_follow_it(read):
    header = HEADER.replace(b"BYTES=512", b"BYTES=1024")
    frame = read(header.ljust(1000) + b"PHI=7;".ljust(24) + b"\1\0\2\0")
    assert value_of("PHI", frame.header) == 7
    assert frame.pixels.tolist() == [1, 2, 0, 0, 0, 0]


def test_odd_header_size_loses_its_half(read):
    frame = read(HEADER.replace(b"BYTES=512", b"BYTES=513").ljust(512) + b"\1\0\2\0")
    assert frame.pixels.tolist() == [1, 2, 0, 0, 0, 0]


VALUES = SmvHeader(8, 9, 1e-4, 0.1, 0.1, 1e-10, 0.1, 0.2, 0.0, 0.3, 0.4, (1.0, 2.0, 3.0), 4.5, 5.5, 0.0, 1.0, 0.0)


def test_headers_of_the_two_images_differ_in_the_sign_of_a_zero():
    values = VALUES._replace(Fbeam=-0.0)
    assert b"DENZO_Y_BEAM=-0;" in smv_header(values, noise=False)
    assert b"DENZO_Y_BEAM=0;" in smv_header(values, noise=True)


def test_short_header_is_padded_and_a_long_one_is_not_cut():
    assert len(smv_header(VALUES, noise=False)) == 512
    wide = SmvHeader(*(np.pi * 1e5 if isinstance(v, float) else v for v in VALUES))
    assert len(smv_header(wide, noise=False)) > 512
