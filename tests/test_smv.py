"""SMV images: the reference's way with headers, and the header it writes."""

import math

import numpy as np
import pytest

from nbport.cli.nanobragg_command import main as nanoBragg
from nbport.cli.nbport_command import main as nbport
from nbport.errors import InputError
from nbport.formats.images import read_image
from nbport.formats.smv import SmvHeader, decode_smv, read_smv, smv_header, value_of

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


# -- pixels wherever the header ends

PIXELS = np.array([[1, 2, 12], [4, 50000, 6]], np.uint16)


def of_length(length, pixels=PIXELS, header_bytes=512, byte_order=b"little_endian"):
    """An image whose header, form feed included, has this length, whatever HEADER_BYTES says."""
    begin = b"{\nHEADER_BYTES=%d;\nDIM=2;\nBYTE_ORDER=%b;\nTYPE=unsigned_short;\n" % (header_bytes, byte_order)
    begin += b"SIZE1=%d;\nSIZE2=%d;\nBEAMLINE=" % (pixels.shape[1], pixels.shape[0])
    header = begin + b"f" * (length - len(begin) - 4) + b";\n}\f"
    assert len(header) == length
    return header.ljust(header_bytes) + pixels.astype(">u2" if byte_order == b"big_endian" else "<u2").tobytes()


@pytest.mark.parametrize("length", [300, 511, 512, 513, 514, 515, 700])
def test_pixels_are_found_behind_a_header_longer_than_it_says(length):
    assert decode_smv(of_length(length), "x.img").pixels.tolist() == PIXELS.tolist()


def test_header_of_another_size_and_the_other_byte_order_are_read():
    data = of_length(300, header_bytes=1024, byte_order=b"big_endian")
    image = decode_smv(data, "x.img")
    assert image.pixels.tolist() == PIXELS.tolist() and image.pixels.dtype == np.uint16
    assert image.header["SIZE1"] == "3"


@pytest.mark.parametrize("length", [300, 512, 513, 514])
@pytest.mark.parametrize("change", [-2, -1, 1, 2])
def test_file_of_another_size_is_one_clear_error(length, change):
    data = (of_length(length) + b"\1\2")[: change - 2 or None]
    start = max(length, 512)
    with pytest.raises(InputError) as caught:
        decode_smv(data, "x.img")
    assert str(caught.value) == (
        f"x.img: found {start + 12 + change} bytes, expected {start + 12}: a header of {start} bytes,"
        " and 3 x 2 pixels of 2 bytes"
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b"}", b" ", "no closing brace"),
        (b"SIZE1=3", b"SIZE1=0", "SIZE1 '0'"),
        (b"SIZE2=2", b"SIZE2=-2", "SIZE2 '-2'"),
        (b"SIZE2=2", b"SIZE7=2", "SIZE2 ''"),
        (b"BYTES=512", b"BYTES=5e2", "HEADER_BYTES '5e2'"),
    ],
)
def test_header_that_says_too_little_is_one_clear_error(old, new, text):
    with pytest.raises(InputError, match=text) as caught:
        decode_smv(of_length(300).replace(old, new), "x.img")
    assert str(caught.value).startswith("x.img: found ") and "\n" not in str(caught.value)


def test_long_headers_of_a_run_are_read_by_view_and_compare(tmp_path, monkeypatch, capsys):
    pytest.importorskip("PIL")
    monkeypatch.chdir(tmp_path)
    options = "-default_F 100 -N 5 -cell 50 60 70 90 90 90 -lambda 1 -detpixels 40 -pixel 0.1234567 -distance 100"
    options += " -pivot sample -detector_roty 2.1234 -detector_rotz 3.12345 -twotheta 10 -detector_rotx 0 -oversample 1"
    options += " -scale 2 -adc 0 -nonoise -nopgm"
    for more, length in (("", 513), (" -osc 0.1 -phi 1.25", 521)):
        assert nanoBragg((options + more).split()) == 0
        data = (tmp_path / "intimage.img").read_bytes()
        assert len(data) == length + 2 * 40 * 40
        floats = np.fromfile("floatimage.bin", "<f4").astype(float)
        expected = np.floor((2 * floats + 0.5).astype("f4")).clip(0, 65535)
        assert read_image("intimage.img").pixels.reshape(-1).tolist() == expected.tolist()
        capsys.readouterr()
        assert nbport(["compare", "intimage.img", "intimage.img"]) == 0
        assert capsys.readouterr().out.startswith("images: 1600 pixels (40 x 40), 0 differ")
        assert nbport(["view", "intimage.img", "--low", "5", "--high", "100"]) == 0
        assert capsys.readouterr().out.startswith("intimage.png: 40 x 40 pixels, ")
