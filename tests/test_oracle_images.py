"""`nbport compare` on two images, and its reports."""

import hashlib
import io
import json
import math
import shutil
import sys

import numpy as np
import pytest

import nbport
from c_reference.cases import INPUTS
from nbport.formats.images import read_image
from nbport.formats.smv import header_texts
from nbport.oracle.diff_images import local_maxima
from tests.oracle_runs import PHI, A, compared


def test_equal_images_are_equal():
    found = nbport.compare(A, A.copy())
    assert found.equal
    assert (found.metrics["differing"], found.metrics["rmse"], found.metrics["correlation"]) == (0, 0.0, 1.0)


def test_figures_of_hand_made_images():
    b = A.copy()
    b[0, 1] = np.nextafter(np.float32(1.0), np.float32(2.0))  # 1 ulp
    b[1, 3] = 16.0  # 2**23 ulp
    b[1, 2] = 5.0  # 2**21 ulp
    found = nbport.compare(A, b)
    m = found.metrics
    assert not found.equal
    assert (m["pixels"], m["differing"], m["shape"]) == (8, 3, [2, 4])
    assert (m["max_abs"], m["max_rel"], m["max_ulp"]) == (8.0, 0.5, 2.0**23)
    assert m["ulp_histogram"] == {"0": 5, "1": 1, f"{2**20 + 1}-{2**21}": 1, f"{2**22 + 1}-{2**23}": 1}
    assert m["sum_a"] == 29.0 and m["sum_ratio"] == pytest.approx(36.0 / 29.0, rel=1e-7)
    assert m["rmse"] == pytest.approx(math.sqrt(65.0 / 8.0), rel=1e-12)
    assert m["correlation"] == pytest.approx(np.corrcoef(A.ravel(), b.ravel())[0, 1], rel=1e-12)
    assert [(row["spixel"], row["fpixel"], row["ulp"]) for row in m["worst"]] == [
        (1, 3, 2.0**23),
        (1, 2, 2.0**21),
        (0, 1, 1.0),
    ]
    assert nbport.compare(A, b, ulp=2**23).equal
    assert nbport.compare(A, b, abs=1.0).metrics["outside_gate"] == 1


def test_region_of_interest_is_cut_out():
    b = A.copy()
    b[1, 2] = 0.0
    assert nbport.compare(A, b, roi=(0, 3, 0, 0)).equal
    found = nbport.compare(A, b, roi=(2, 3, 1, 1))
    assert found.metrics["pixels"] == 2
    assert [(row["spixel"], row["fpixel"], row["a"]) for row in found.metrics["worst"]] == [(1, 2, 6.0)]


def test_numbers_that_are_not_finite_are_counted():
    b = A.copy()
    b[0, 0] = np.nan
    found = nbport.compare(A, b)
    assert found.metrics["not_finite"] == 1
    assert found.metrics["max_ulp"] == "inf" and found.metrics["ulp_histogram"]["infinite"] == 1
    assert found.metrics["rmse"] == 0.0
    assert nbport.compare(b, b).equal


def spots(*places, shape=(40, 50)):
    image = np.full(shape, 1.0, np.float32)
    for brightness, (spixel, fpixel) in enumerate(places, 1):
        image[spixel - 1 : spixel + 2, fpixel - 1 : fpixel + 2] = 50.0 * brightness
        image[spixel, fpixel] = 100.0 * brightness
    return image


def test_peaks_are_found_and_matched():
    a = spots((5, 6), (20, 30), (33, 10))
    b = spots((5, 6), (23, 34), (12, 45))
    assert local_maxima(a).tolist() == [[33, 10], [20, 30], [5, 6]]
    assert nbport.compare(a, b).metrics["peaks"] == {
        "of_a": 3, "of_b": 3, "matched": 2, "displaced": 1, "mean_displacement": 2.5, "max_displacement": 5.0,
    }  # fmt: skip


def test_maximum_of_two_equal_pixels_is_the_first():
    image = np.zeros((5, 6))
    image[2, 2] = image[2, 3] = 1.0
    assert local_maxima(image).tolist() == [[2, 2]]
    assert local_maxima(np.ones((5, 6))).tolist() == []


@pytest.fixture
def rendered(tmp_path, monkeypatch):
    """Two folders with the files of two runs that differ."""
    monkeypatch.chdir(tmp_path)
    for name, options in (("a", []), ("b", ["--fix", "phi0"])):
        (tmp_path / name).mkdir()
        nbport.render([*PHI, "-seed", "1", *options]).write(name)
    return tmp_path


def test_files_of_two_runs_are_read(rendered, capsys):
    for name in ("floatimage.bin", "intimage.img", "image.pgm", "noiseimage.img"):
        assert compared(capsys, f"a/{name}", f"a/{name}")[0] == 0
        status, out, err = compared(capsys, f"a/{name}", f"b/{name}")
        assert (status, err) == (1, "")
        assert out.startswith("images: 256 pixels (16 x 16), ")


def test_images_are_read_slow_by_fast(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = nbport.render([*PHI, "-detpixels_x", "20", "-detpixels_y", "10", "-scale", "2", "-adc", "0"])
    result.write()
    np.save("image.npy", result.image)
    whole = np.floor(result.image * 2.0 + 0.5).clip(0, 65535)
    assert read_image("floatimage.bin").pixels.tobytes() == result.image.tobytes()
    assert read_image("floatimage.bin", (10, 20)).pixels.shape == (10, 20)
    assert read_image("image.npy").pixels.tobytes() == result.image.tobytes()
    assert read_image("intimage.img").pixels.tolist() == whole.tolist()
    assert read_image("image.pgm").pixels.shape == (10, 20)
    assert nbport.compare(result, "image.npy").equal


def test_pgm_is_read_with_comments_and_two_bytes(tmp_path):
    (tmp_path / "x.pgm").write_bytes(b"P5\n# one\n3 2 # two\n# three\n65535\n" + np.arange(6, dtype=">u2").tobytes())
    assert read_image(tmp_path / "x.pgm").pixels.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_headers_are_compared_key_by_key(rendered, capsys):
    content = open("a/intimage.img", "rb").read()
    with open("c.img", "wb") as file:
        file.write(
            content.replace(b"WAVELENGTH=1.2;", b"WAVELENGTH=1.3;").replace(b"BEAMLINE=fake;", b"BEAMLINX=fake;")
        )
    status, out, _ = compared(capsys, "a/intimage.img", "c.img")
    assert status == 1
    assert "header: 3 keys differ" in out
    for line in ("WAVELENGTH: A 1.2, B 1.3", "BEAMLINE: A fake, B None", "BEAMLINX: A None, B fake"):
        assert line in out
    assert compared(capsys, "a/intimage.img", "c.img", "--pixels-only")[0] == 0
    assert header_texts(content)["DIALS_ORIGIN"] == "-3.6,3.6,-60"


# -- reports


def test_report_of_images(rendered, capsys):
    pytest.importorskip("PIL")
    from PIL import Image

    assert compared(capsys, "a/floatimage.bin", "b/floatimage.bin", "--report", "report")[0] == 1
    report = rendered / "report"
    manifest = json.loads((report / "manifest.json").read_text())
    assert manifest["command"] == "nbport compare a/floatimage.bin b/floatimage.bin --report report"
    files = {path: rendered / path for path in ("a/floatimage.bin", "b/floatimage.bin")}
    files |= {name: report / name for name in ("metrics.json", "summary.txt", "picture.png")}
    listed = {name: entry["sha256"] for name, entry in (manifest["inputs"] | manifest["outputs"]).items()}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    metrics = json.loads((rendered / "report" / "metrics.json").read_text())
    assert metrics == nbport.compare("a/floatimage.bin", "b/floatimage.bin").metrics
    picture = np.asarray(Image.open(rendered / "report" / "picture.png"))
    assert picture.shape == (16, 3 * 16 + 2 * 8, 3)
    # the first pixel of a run sees the unturned crystal in both, so there is nothing to be seen of a difference
    assert picture[0, -16].tolist() == [255, 255, 255] != picture[8, -8].tolist()


def test_difference_in_the_picture_has_the_colour_of_its_sign():
    pytest.importorskip("PIL")
    from PIL import Image

    from nbport.oracle.report import picture

    a = np.ones((2, 2))
    b = np.array([[1.0, 2.0], [0.0, 1.0]])
    panel = np.asarray(Image.open(io.BytesIO(picture(a, b))))[:, -2:]
    assert panel.tolist() == [[[255] * 3, [255, 0, 0]], [[0, 0, 255], [255] * 3]]


def test_report_without_pillow_says_what_is_missing(rendered, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    status, _, err = compared(capsys, "a/floatimage.bin", "b/floatimage.bin", "--report", "report")
    assert status == 1
    assert err == "nbport compare: warning: picture.png is missing: pictures need Pillow: pip install 'nbport[view]'\n"
    assert sorted(p.name for p in (rendered / "report").iterdir()) == ["manifest.json", "metrics.json", "summary.txt"]


def test_raw_floats_between_images_of_two_sizes_need_a_shape(tmp_path, capsys):
    shutil.copyfile(INPUTS / "mask.img", tmp_path / "one.img")
    for name, (slow, fast) in {"one.img": (2, 4), "two.img": (4, 2)}.items():
        (tmp_path / name).write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=%d;\nSIZE2=%d;\n}" % (fast, slow))
    A.tofile(tmp_path / "raw.bin")
    status, _, err = compared(capsys, tmp_path / "raw.bin", tmp_path / "raw.bin")
    assert status == 2 and "found 2 x 4, 4 x 2, expected --shape SLOW FAST" in err
    (tmp_path / "two.img").unlink()
    assert read_image(tmp_path / "raw.bin").pixels.tolist() == A.tolist()


def test_neighbour_whose_size_is_no_decimal_number_gives_no_shape(tmp_path):
    np.arange(8, dtype="<f4").tofile(tmp_path / "raw.bin")
    for name, width in (("odd.img", b"\xb2"), ("even.img", b"4")):
        (tmp_path / name).write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=" + width + b";\nSIZE2=2;\n}".ljust(500))
    assert read_image(tmp_path / "raw.bin").pixels.shape == (2, 4)
