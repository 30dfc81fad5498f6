"""-img and -mask in other formats than SMV: which files count, and what is taken from them."""

import fabio.cbfimage
import fabio.edfimage
import fabio.tifimage
import numpy as np
import pytest

import nbport
from c_reference.cases import INPUTS
from nbport.errors import InputError
from nbport.formats.images import is_known
from nbport.formats.mini_cbf import read_mini_cbf
from nbport.output import exports

CRYSTAL = "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -oversample 1 -seed 1".split()
GEOMETRY = (
    "-lambda 1.1 -distance 80 -detpixels_x 30 -detpixels_y 20 -pixel 1 -Xbeam 7 -Ybeam 13 -phi 4 -osc 2 -phisteps 2"
).split()
SHAPE = (20, 30)


@pytest.fixture(scope="module")
def made():
    """An image with a beam off the centre, in the default convention."""
    return nbport.render([*CRYSTAL, *GEOMETRY])


@pytest.fixture
def images(tmp_path):
    """A mask in each format; pixels [3, 4] and [19, 29] are zero."""
    mask = np.ones(SHAPE, np.uint16)
    mask[3, 4] = mask[19, 29] = 0
    np.save(tmp_path / "mask.npy", mask)
    fabio.edfimage.EdfImage(data=mask).write(str(tmp_path / "mask.edf"))
    fabio.tifimage.TifImage(data=mask).write(str(tmp_path / "mask.tif"))
    fabio.cbfimage.CbfImage(data=mask.astype(np.int32)).write(str(tmp_path / "mask.cbf"))
    (tmp_path / "mask.pgm").write_bytes(b"P5\n# comment\n30 20\n255\n" + mask.astype(np.uint8).tobytes())
    return tmp_path, mask


@pytest.mark.parametrize("convention", ["-mosflm", "-adxv", "-denzo", "-xds", "-dials"])
def test_geometry_of_a_cbf_is_that_of_the_run_that_wrote_it(convention, made, tmp_path):
    exports.write_cbf(made.run, made.image, tmp_path / "x.cbf")
    again = nbport.render([*CRYSTAL, "-img", str(tmp_path / "x.cbf"), "-phisteps", "2", convention])
    p, q, d, e = made.run.parameters, again.run.parameters, made.detector, again.detector
    assert (q.fpixels, q.spixels, q.pixel_size) == (30, 20, 1e-3)
    assert q.lambda0 == pytest.approx(p.lambda0, rel=1e-15)
    assert (q.phi0, q.osc) == pytest.approx((p.phi0, p.osc), rel=1e-14)
    assert (e.Fbeam, e.Sbeam, e.Fclose, e.Sclose) == pytest.approx((d.Fbeam, d.Sbeam, d.Fclose, d.Sclose), rel=1e-12)
    assert e.distance == pytest.approx(d.distance, rel=1e-12)


def test_image_with_the_geometry_of_a_cbf_is_the_same_one(made, tmp_path):
    exports.write_cbf(made.run, made.image, tmp_path / "x.cbf")
    again = nbport.render([*CRYSTAL, "-img", str(tmp_path / "x.cbf"), "-phisteps", "2"])
    np.testing.assert_allclose(again.image, made.image, rtol=1e-4, atol=1e-6 * made.image.max())


def test_options_beat_the_header(made, tmp_path):
    exports.write_cbf(made.run, made.image, tmp_path / "x.cbf")
    again = nbport.render([*CRYSTAL, "-img", str(tmp_path / "x.cbf"), "-distance", "90", "-Xbeam", "5", "-Ybeam", "6"])
    assert again.detector.distance == pytest.approx(0.09)
    assert (again.detector.Fbeam, again.detector.Sbeam) == pytest.approx((6.5e-3, 5.5e-3))


@pytest.mark.parametrize("name", ["mask.npy", "mask.edf", "mask.tif", "mask.cbf", "mask.pgm"])
def test_mask_in_any_format_skips_its_zero_pixels(name, images):
    folder, mask = images
    result = nbport.render([*CRYSTAL, "-mask", str(folder / name), "-pixel", "1", "-nonoise"])
    assert result.image.shape == SHAPE
    np.testing.assert_array_equal(result.image > 0, mask > 0)


@pytest.mark.parametrize("name", ["mask.npy", "mask.edf", "mask.tif", "mask.cbf", "mask.pgm"])
def test_image_without_geometry_gives_its_size_and_says_so(name, images):
    folder, _ = images
    result = nbport.render([*CRYSTAL, "-img", str(folder / name), "-pixel", "1"])
    assert result.image.shape == SHAPE
    assert [text for text in result.warnings if "only the size" in text and name in text]


def test_gaps_of_a_detector_are_masked(tmp_path):
    mask = np.full(SHAPE, 5, np.int32)
    mask[0, 0], mask[1, 1] = -1, -2
    fabio.cbfimage.CbfImage(data=mask).write(str(tmp_path / "x.cbf"))
    result = nbport.render([*CRYSTAL, "-mask", str(tmp_path / "x.cbf"), "-pixel", "1"])
    assert (result.image[0, 0], result.image[1, 1]) == (0, 0) and np.count_nonzero(result.image) == 598


def test_mask_of_another_size_than_the_image_is_refused(images):
    folder, _ = images
    with pytest.raises(InputError, match="mask.npy: mask of 30 x 20 for an image of 40 x 40"):
        nbport.render([*CRYSTAL, "-mask", str(folder / "mask.npy"), "-pixel", "1", "-detpixels", "40"])


def test_broken_image_of_a_known_format_is_named(tmp_path, images):
    folder, _ = images
    (tmp_path / "half.tif").write_bytes((folder / "mask.tif").read_bytes()[:100])
    with pytest.raises(InputError, match="half.tif"):
        nbport.render([*CRYSTAL, "-img", str(tmp_path / "half.tif")])


def test_inputs_that_the_reference_passes_over_or_reads_are_left_to_its_rules(tmp_path):
    (tmp_path / "zeros.bin").write_bytes(bytes(4000))
    names = [*INPUTS.iterdir(), tmp_path / "zeros.bin", tmp_path / "nothere", tmp_path]
    assert len(names) > 10 and [name for name in names if is_known(name)] == []


@pytest.mark.parametrize("contents", ["", "# Wavelength\r\n", "# Beam_xy (1) pixels", "# nothing of use here"])
def test_header_that_says_nothing_or_is_cut_short_gives_nothing(contents):
    assert read_mini_cbf(contents) is None


def test_header_of_a_pilatus_is_read():
    contents = "\r\n".join(
        [
            "# Detector: PILATUS 6M, S/N 60-0001",
            "# 2020-01-01T00:00:00.000",
            "# Pixel_size 172e-6 m x 172e-6 m",
            "# Silicon sensor, thickness 0.000320 m",
            "# Wavelength 0.9795 A",
            "# Detector_distance 0.265 m",
            "# Beam_xy (1231.50, 1263.25) pixels",
            "# Start_angle 10.5 deg.",
            "# Angle_increment 0.1 deg.",
        ]
    )
    assert read_mini_cbf(contents) == (172e-6, 0.9795 * 1e-10, 0.265, (1231.5, 1263.25), 10.5, 0.1)
