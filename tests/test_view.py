"""Pictures: no spot gets lost, marks are where the geometry has them, and what cannot be drawn is said in a line."""

import sys
import webbrowser

import numpy as np
import pytest

import nbport
from nbport.api import set_up_run
from nbport.cli.nanobragg_command import main as nanobragg
from nbport.cli.nbport_command import main
from nbport.errors import OptionError
from nbport.flat_detector import FlatDetector
from nbport.output import exports, nexus
from nbport.view.annotate import INK_ON_LIGHT, Sheet, automatic_rings, draw_beam, draw_rings
from nbport.view.picture import COLOURS, Style, coloured, ends, paint, reduced, scaled
from nbport.view.spots import brightest, predict

Image = pytest.importorskip("PIL.Image")

OPTIONS = (
    "-cell 40 50 60 90 95 90 -misset 10 20 30 -default_F 100 -N 8 -lambda 1.2 -distance 60 -detpixels_x 300"
    " -detpixels_y 200 -pixel 0.3 -oversample 1 -phi 5 -osc 2 -phisteps 5 -seed 1"
).split()
TILT = "-detector_rotx 5 -detector_roty 10".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of a run, and the same image in other formats."""
    folder = tmp_path_factory.mktemp("view")
    result = nbport.render(OPTIONS)
    result.write(folder)
    for name, write in (("x.cbf", exports.write_cbf), ("x.tif", exports.write_tiff), ("x.edf", exports.write_edf)):
        write(result.run, result.image, folder / name)
    nexus.write_nexus(result.run, result.image, folder / "x.nxs")
    np.save(folder / "x.npy", result.image)
    return folder


@pytest.fixture
def view(folder, tmp_path, monkeypatch, capsys):
    """Runs `nbport view FILE ...` and returns exit status, picture, standard output and standard error."""
    monkeypatch.chdir(folder)

    def run(name, *options):
        before, _, behind = " ".join(map(str, options)).partition(" -- ")
        arguments = ["view", name, "-o", str(tmp_path / "x.png"), *before.split()]
        status = main([*arguments, "--", *behind.split()] if behind else arguments)
        out, err = capsys.readouterr()
        if not (tmp_path / "x.png").exists():
            return status, None, out, err
        with Image.open(tmp_path / "x.png") as picture:
            return status, np.asarray(picture.convert("RGB")), out, err

    return run


def ink(picture):
    """Places (rows, columns) of the ink of rings and of the beam centre."""
    return (picture == INK_ON_LIGHT).all(axis=2)


def test_one_bright_pixel_of_a_large_image_is_in_the_picture():
    pixels = np.zeros((4096, 4000), np.float32)
    pixels[3001, 1234] = 1000.0
    picture = paint(pixels, Style(low=1, high=1000))
    assert max(picture.image.size) <= 1600 and picture.zoom == pytest.approx(1 / 3)
    [place] = np.argwhere((np.asarray(picture.image) == 0).all(axis=2)).tolist()
    assert place == [3001 // 3, 1234 // 3]


@pytest.mark.parametrize("shape", [(7, 9), (8, 12), (1, 5)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_blocks_are_reduced_and_the_last_ones_may_be_smaller(shape, channels):
    pixels = np.random.default_rng(1).random((*shape, *channels))
    for reduction, function in (("max", np.max), ("mean", np.mean)):
        got = reduced(pixels, 4, reduction)
        for i in range(got.shape[0]):
            for j in range(got.shape[1]):
                block = pixels[4 * i : 4 * i + 4, 4 * j : 4 * j + 4]
                np.testing.assert_allclose(got[i, j], function(block, axis=(0, 1)), rtol=1e-15)


def test_scales_run_from_low_to_high():
    values = np.array([-1.0, 1.0, 10.0, 100.0, 1000.0])
    np.testing.assert_allclose(scaled(values, "log", 1.0, 100.0), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(scaled(values, "linear", 0.0, 100.0), [0, 0.01, 0.1, 1, 1])
    np.testing.assert_allclose(scaled(values, "sqrt", 0.0, 100.0), [0, 0.1, np.sqrt(0.1), 1, 1])


@pytest.mark.parametrize("scale", ["log", "sqrt", "linear"])
@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-30])
def test_image_without_contrast_has_a_scale(scale, value):
    pixels = np.full((4, 4), value)
    for style in (Style(scale), Style(scale, high=7.0)):
        low, high = ends(pixels, style)
        assert low < high and (low > 0 or scale != "log")
        assert np.asarray(paint(pixels, style).image).std() == 0


@pytest.mark.parametrize("low, high", [(5, 5), (7, 2), (0, 3), (-1, 3)])
def test_ends_that_do_not_fit_are_refused(low, high):
    with pytest.raises(OptionError, match="--low, --high: found .* expected 0 < LOW < HIGH"):
        paint(np.ones((3, 3)), Style("log", low, high))


def test_numbers_that_are_not_finite_count_as_zero():
    pixels = np.array([[np.nan, np.inf], [-np.inf, 9.0]])
    shown = np.asarray(paint(pixels, Style("linear", 0.0, 9.0)).image)
    assert (shown[0, 0] == 255).all() and (shown[0, -1] == 255).all() and (shown[-1, -1] == 0).all()


@pytest.mark.parametrize("name", COLOURS)
def test_colours_go_from_the_first_to_the_last(name):
    found = coloured(np.array([0.0, 1.0]), name)
    assert found.tolist() == [list(COLOURS[name][0]), list(COLOURS[name][-1])]


@pytest.mark.parametrize("options", [OPTIONS, [*OPTIONS, *TILT]])
def test_rings_are_drawn_where_the_resolution_is(options):
    flat = FlatDetector.of(set_up_run(options))
    picture = paint(np.zeros(flat.shape), Style(size=300))
    sheet = Sheet(picture, "grey")
    sheet.taken = [(0, 0, 300, 300)]  # no room for labels
    assert draw_rings(sheet, flat, [3.0, 1.0, 0.5]) == [3.0]
    rows, columns = np.nonzero(ink(np.asarray(picture.image)))
    assert len(rows) > 100
    here = flat.resolution(columns + 0.5, rows + 0.5)
    across = np.abs(flat.resolution(columns + 2.5, rows + 2.5) - here) + np.abs(
        flat.resolution(columns - 1.5, rows) - here
    )
    assert (np.abs(here - 3.0) <= across).all()


def test_automatic_rings_reach_the_edges():
    flat = FlatDetector.facing((200, 300), 3e-4, (0.045, 0.03), 0.06, (0.045, 0.03), 1.2e-10)
    rings = automatic_rings(flat)
    assert len(rings) == 5 and rings == sorted(rings, reverse=True)
    assert rings[-1] == pytest.approx(flat.resolution(0, 100), rel=0.05)


def test_beam_centre_is_marked_and_moves_with_the_corner():
    flat = FlatDetector.facing((200, 300), 3e-4, (0.045, 0.03), 0.06, (0.045, 0.03), 1.2e-10)
    for corner in ((0, 0), (100, 50)):
        picture = paint(np.zeros((200, 200)), Style(size=200))
        draw_beam(Sheet(picture, "grey", corner), flat)
        rows, columns = np.nonzero(ink(np.asarray(picture.image)))
        assert (columns.mean(), rows.mean()) == pytest.approx((150 - corner[0], 100 - corner[1]), abs=1)


@pytest.mark.parametrize("more", [[], TILT, ["-xds"], ["-phi", "0", "-osc", "0", "-phisteps", "1"]])
def test_bright_spots_of_an_image_were_predicted(more):
    """Every local maximum of some height is within two pixels of a predicted spot, and those are not everywhere."""
    from nbport.oracle.diff_images import local_maxima

    result = nbport.render([*OPTIONS, *more])
    spots = predict(result.run)
    image = result.image
    maxima = [(s, f) for s, f in local_maxima(image) if image[s, f] > 0.1 * np.sort(image, axis=None)[-20]]
    # the direct beam is no reflection
    beam = FlatDetector.of(result.run).beam_centre
    maxima = np.array([(s, f) for s, f in maxima if np.hypot(f - beam[0], s - beam[1]) > 8])
    assert len(maxima) >= 10
    distance = np.hypot(maxima[:, :1] + 0.5 - spots.slow, maxima[:, 1:] + 0.5 - spots.fast).min(axis=1)
    assert np.median(distance) < 1.0 and (distance < 2.5).mean() > 0.9
    everywhere = np.random.default_rng(1).random((500, 2)) * image.shape
    far = np.hypot(everywhere[:, :1] - spots.slow, everywhere[:, 1:] - spots.fast).min(axis=1)
    assert (far > 2.5).mean() > 0.5


def test_brightest_spots_are_those_of_the_brightest_pixels_and_apart():
    result = nbport.render(OPTIONS)
    spots = brightest(predict(result.run), result.image, 10)
    assert len(spots.hkl) == 10 and len(np.unique(spots.hkl, axis=0)) == 10
    for i in range(10):
        for j in range(i):
            assert max(abs(int(spots.fast[i]) - int(spots.fast[j])), abs(int(spots.slow[i]) - int(spots.slow[j]))) > 2


@pytest.mark.parametrize(
    "name",
    ["floatimage.bin", "intimage.img", "noiseimage.img", "image.pgm", "x.cbf", "x.nxs", "x.npy", "x.tif", "x.edf"],
)
def test_rings_of_every_format_are_those_of_the_options(name, view):
    status, picture, out, err = view(name, "--rings", "2.5,4")
    assert (status, err) == (0, "")
    assert picture.shape == (400, 600, 3)
    assert out.splitlines()[1] == "  rings at 2.5, 4 Angstrom"
    _, expected, _, _ = view(name, "--rings 2.5,4 --", *OPTIONS)
    assert ink(picture).sum() > 500
    assert (ink(picture) != ink(expected)).mean() < 1e-3


def test_spots_are_labelled_on_the_picture(view):
    status, picture, out, err = view("floatimage.bin", "--spots 5 --rings none --", *OPTIONS)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].endswith("predicted spots labelled")
    assert ((picture == (200, 30, 30)).all(axis=2)).sum() > 100
    assert not ink(picture).any()


def test_spots_of_a_huge_cell_are_refused_before_they_take_memory(view):
    status, picture, _, err = view("floatimage.bin", "--spots 5 --", *OPTIONS, *"-cell 1e7 1e7 1e7 90 90 90".split())
    assert (status, picture) == (2, None)
    assert "reflections for each h: needs " in err and "of memory, expected at most the " in err


def test_region_of_interest_is_cut_out(view):
    _, whole, _, _ = view("noiseimage.img", "--rings none --low 40 --high 200 --size 300")
    _, cut, out, _ = view("noiseimage.img", "--rings none --low 40 --high 200 --size 100 --roi 20 119 30 99")
    assert "100 x 70 pixels, log from 40 to 200" in out
    np.testing.assert_array_equal(cut, whole[30:100, 20:120])


def test_geometry_can_be_given(view, folder, tmp_path, monkeypatch):
    np.save(tmp_path / "alone.npy", np.load(folder / "x.npy"))
    status, _, out, err = view(str(tmp_path / "alone.npy"))
    assert status == 0 and "rings" not in out
    assert err.startswith("nbport view: no rings: ") and "--pixel --distance --wavelength --beam" in err
    given = "--pixel 0.3 --distance 60 --wavelength 1.2 --beam 151 101"
    status, picture, out, err = view(str(tmp_path / "alone.npy"), "--rings 4", given)
    assert (status, err) == (0, "") and ink(picture).sum() > 100


def test_raw_floats_alone_are_square_or_of_the_shape_that_is_given(view, tmp_path):
    np.arange(100, dtype=np.float32).tofile(tmp_path / "x.bin")
    assert "10 x 10 pixels" in view(str(tmp_path / "x.bin"), "--rings none")[2]
    assert "25 x 4 pixels" in view(str(tmp_path / "x.bin"), "--rings none --shape 4 25")[2]
    np.arange(50, dtype=np.float32).tofile(tmp_path / "x.bin")
    status, _, _, err = view(str(tmp_path / "x.bin"))
    assert status == 2 and "expected --shape SLOW FAST" in err and err.count("\n") == 1


def test_geometry_beside_counts_only_if_all_agree(view, folder, tmp_path):
    np.load(folder / "x.npy").tofile(tmp_path / "x.bin")
    for name, other in (("a.img", b""), ("b.img", b"WAVELENGTH=1.5;\n")):
        header = b"{\nHEADER_BYTES=512;\nSIZE1=300;\nSIZE2=200;\nPIXEL_SIZE=0.3;\nDISTANCE=60;\nBEAM_CENTER_X=45;\n"
        header += b"BEAM_CENTER_Y=30;\n" + (other or b"WAVELENGTH=1.2;\n") + b"}\f"
        (tmp_path / name).write_bytes(header.ljust(512) + bytes(2 * 60000))
    assert "no rings" in view(str(tmp_path / "x.bin"))[3]
    (tmp_path / "b.img").unlink()
    status, _, out, err = view(str(tmp_path / "x.bin"))
    assert (status, err) == (0, "") and "rings at" in out


@pytest.mark.parametrize(
    "name, options, expected",
    [
        ("nothere.img", "", "nothere.img: cannot read an image"),
        (".", "", ".: cannot read an image: Is a directory"),
        ("/", "", "/: cannot read an image: Is a directory"),
        ("x.npy", "--out no/x.png", "no/x.png: cannot write: No such file or directory"),
        ("x.npy", "--roi 0 300 0 10", "--roi: found 0 300 0 10, expected within 0 299 0 199"),
        ("x.npy", "--rings 2,x", "--rings: found '2,x', expected positive numbers"),
        ("x.npy", "--rings 2,-1", "--rings: found '2,-1', expected positive numbers"),
        ("x.npy", "--distance -5", "--distance: found -5, expected a positive number"),
        ("x.npy", "--out x.jpg", "--out: found 'x.jpg', expected a name that ends with .png"),
        ("x.npy", "--size 3", "--size: found 3, expected 16 or more"),
        ("x.npy", "--low 3 --high 1", "--low, --high: found 3 and 1"),
        ("x.npy", "--spots 3", "--spots: needs the nanoBragg options"),
        ("x.npy", "-- -cell 40 50 60 90 90 90 -default_F 1 -detpixels 100", "x.npy: found 200 x 300 pixels, expected"),
        ("x.nxs", "--distance 100", "NeXus files say it all themselves"),
    ],
)
def test_bad_input_is_one_line(name, options, expected, view):
    status, picture, _, err = view(name, options)
    assert status == 2 and picture is None
    assert err.startswith("nbport view: error: ") and expected in err and err.count("\n") == 1


def test_picture_goes_beside_the_image_and_never_over_it(folder, tmp_path, capsys):
    (tmp_path / "x.npy").write_bytes((folder / "x.npy").read_bytes())
    assert main(["view", str(tmp_path / "x.npy"), "--rings", "none"]) == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert main(["view", str(tmp_path / "x.npy"), "-o", str(tmp_path / "x.npy"), "--rings", "none"]) == 2
    assert "that is the image itself" in capsys.readouterr().err


def test_show_opens_the_picture(view, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not opened.append(address))
    assert view("x.npy", "--rings none --show")[0] == 0
    assert opened == [(tmp_path / "x.png").as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    status, _, _, err = view("x.npy", "--rings none --show")
    assert status == 2 and "no program was found that shows it" in err


def test_missing_pillow_is_named(view, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "PIL", None)
    status, _, _, err = view("x.npy")
    assert (status, err) == (2, "nbport view: error: pictures need Pillow: pip install 'nbport[view]'\n")
    monkeypatch.chdir(tmp_path)
    assert nanobragg([*OPTIONS, "--png", "x.png"]) == 9
    assert capsys.readouterr().err == "nanoBragg: error: pictures need Pillow: pip install 'nbport[view]'\n"
    assert list(tmp_path.iterdir()) == []


def test_options_of_the_command_write_the_files(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"png": "p.png", "cbf": "x.cbf", "tiff": "x.tif", "edf": "x.edf", "nexus": "x.nxs"}
    assert nanobragg([*OPTIONS, *(f"--{option}={name}" for option, name in names.items())]) == 0
    assert capsys.readouterr().err == ""
    for name in ("x.cbf", "x.tif", "x.edf", "x.nxs", "floatimage.bin", "noiseimage.img"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    with Image.open("p.png") as picture:
        assert picture.size == (600, 400) and ink(np.asarray(picture)).sum() > 500


@pytest.mark.parametrize(
    "options, expected",
    [
        ("--nexus x.nxs -curved_det -nonoise", "--nexus: NXmx cannot describe -curved_det, expected a flat detector"),
        ("--png x.png -detpixels_x -5 -detpixels_y -5", "--png: found an image of"),
    ],
)
def test_what_cannot_be_written_is_refused_before_rendering(options, expected, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert nanobragg([*OPTIONS, *options.split()]) == 9
    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_cbf_of_a_tilted_detector_comes_with_a_warning(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert nanobragg([*OPTIONS, *TILT, "--cbf", "x.cbf"]) == 0
    assert "--cbf: common header lines cannot say that the detector is tilted" in capsys.readouterr().err
