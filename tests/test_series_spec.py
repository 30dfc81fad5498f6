"""Descriptions of a series: what they resolve to, and what is refused."""

import math
import re

import pytest

from nbport.errors import InputError, OptionError
from nbport.series.spec import read_spec
from nbport.series.varying import varying
from nbport.system import memory

COMMON = "[options]\ncell = [50, 60, 70, 90, 90, 90]\ndefault_F = 100\n"


def rows(tmp_path, text):
    """Rows of a description."""
    (tmp_path / "s.toml").write_text(text)
    return read_spec(str(tmp_path / "s.toml")).rows


def values(tmp_path, text):
    """What varies in each row."""
    return [row.varied for row in rows(tmp_path, text)]


def test_quantities_advance_together(tmp_path):
    made = values(tmp_path, COMMON + "[vary]\ndistance_mm = [100, 150]\nphi_deg = {start = 10, step = 0.5}\n")
    assert made == [{"distance_mm": 100, "phi_deg": 10.0}, {"distance_mm": 150, "phi_deg": 10.5}]


def test_product_has_every_combination_the_last_one_fastest(tmp_path):
    vary = "[vary]\ndistance_mm = [100, 150]\nseed = {start = 7, step = 1}\nN = {start = 3, step = 2, count = 3}\n"
    made = values(tmp_path, 'combine = "product"\n' + COMMON + vary)
    assert [(v["distance_mm"], v["N"]) for v in made] == [(100, 3), (100, 5), (100, 7), (150, 3), (150, 5), (150, 7)]
    assert [v["seed"] for v in made] == [7, 8, 9, 10, 11, 12]


def test_drawn_numbers_depend_on_seed_keyword_and_image_alone(tmp_path):
    drawn = 'misset_deg = "random"\nwavelength_A = {normal = [1, 0.01]}\n'
    three = values(tmp_path, "images = 3\n" + COMMON + "[vary]\n" + drawn)
    five = values(tmp_path, "images = 5\n" + COMMON + "[vary]\nN = {uniform = [3, 3]}\n" + drawn)
    assert [v["misset_deg"] for v in five][:3] == [v["misset_deg"] for v in three]
    assert [v["wavelength_A"] for v in five][:3] == [v["wavelength_A"] for v in three]
    other = values(tmp_path, "images = 3\ndraw_seed = 2\n" + COMMON + "[vary]\n" + drawn)
    assert not {v["misset_deg"] for v in other} & {v["misset_deg"] for v in three}


def test_random_orientations_are_uniform():
    misset = varying("misset_deg", "random", None, 1)
    # where the x axis goes: every direction is equally likely, so each component has mean 0 and variance 1/3
    ends = []
    for i in range(4000):
        x, y, z = map(math.radians, misset.at(i))
        ends.append((math.cos(z) * math.cos(y), math.sin(z) * math.cos(y), -math.sin(y)))
    for component in zip(*ends, strict=True):
        assert abs(sum(component) / 4000) < 0.04
        assert sum(c * c for c in component) / 4000 == pytest.approx(1 / 3, abs=0.02)


def test_normal_and_jitter_have_their_widths():
    normal, jitter = varying("a", {"normal": [5, 2]}, None, 1), varying("a", {"jitter": 0.1}, 1e20, 1)
    for drawn, mean, sd in (
        ([normal.at(i) for i in range(4000)], 5, 2),
        ([math.log(jitter.at(i) / 1e20) for i in range(4000)], 0, 0.1),
    ):
        found = sum(drawn) / 4000
        assert found == pytest.approx(mean, abs=4 * sd / 4000**0.5)
        assert (sum((x - found) ** 2 for x in drawn) / 4000) ** 0.5 == pytest.approx(sd, rel=0.05)


def test_clock_decides_nothing(tmp_path):
    text = 'images = 2\noptions = "-cell 50 60 70 90 90 90 -default_F 100 -misset random"\n'
    made = rows(tmp_path, text)
    assert [row.arguments[:7] for row in made] == [
        ("-noiseimage", f"noise_0000{i}.img", "-nopgm", "-seed", str(i), "-misset_seed", str(i)) for i in (1, 2)
    ]
    assert rows(tmp_path, text.replace("-misset random", "-seed 9"))[0].arguments[2:5] == ("-nopgm", "-cell", "50")


def test_files_are_found_beside_the_description(tmp_path):
    (tmp_path / "a.hkl").write_text("0 0 0 1\n")
    [row] = rows(tmp_path, 'images = 1\noptions = "-hkl a.hkl -cell 50 60 70 90 90 90"\n')
    assert row.inputs == (str(tmp_path / "a.hkl"),) and row.arguments[-9:-7] == ("-hkl", str(tmp_path / "a.hkl"))


PRODUCT = 'combine = "product"\n' + COMMON + "[vary]\n"
REFUSED = [
    ("image = 1\n" + COMMON, "image: no such key"),
    ("images = 0\n" + COMMON, "images: found 0, expected a whole number from 1"),
    (COMMON, "images: expected their number"),
    ("images = 3\n" + COMMON + "[vary]\nN = [1, 2]\n", "vary.N: found 2 values, expected 3"),
    ("images = 1\n" + COMMON + "[vary]\nN = 5\n", "vary.N: found 5, expected one of: a list"),
    ("images = 1\n" + COMMON + "[vary]\nN = {normal = [1]}\n", "vary.N: found {'normal': [1]}"),
    ("images = 1\n" + COMMON + "[vary]\nN = {jitter = 0.1}\n", "vary.N: jitter needs the number"),
    ("images = 1\n" + COMMON + "distance = 5\n", "image 1: distance: no such keyword; did you mean distance_mm?"),
    ("images = 1\n" + COMMON + "nonoise = true\n", "image 1: -nonoise: given, but"),
    ("images = 1\n" + COMMON + 'floatfile = "a.bin"\n', "image 1: name of the float image: found 'a.bin'"),
    ("images = 1\n" + COMMON + 'hkl = "none.hkl"\n', "none.hkl: cannot read"),
    ("images = 1\n" + COMMON + "matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\n", "expected the name of a file"),
    ('images = 1\nwrite = ["png"]\n' + COMMON, "write: found ['png'], expected a list of some of: float"),
    ('images = 1\nhdf5 = true\nwrite = ["cbf"]\n' + COMMON, "write: found cbf, expected only float, int, noise"),
    ('images = 1\ncombine = "sum"\n' + COMMON, "combine: found 'sum', expected one of: zip, product"),
    ('images = 1\noptions = "-cell \'"\n', "expected arguments as in a shell"),
    ('images = 1\noptions = "--timing t.json"\n', "--timing: not for the images of a series"),
    ("images = \n", "expected TOML"),
    (COMMON + "[vary]\nN = {start = 1, step = 1, count = 1000000000000}\n", "images: found a number beyond 1000000000"),
    (
        PRODUCT + "N = {start = 1, step = 1, count = 1000000}\nosc_deg = {start = 1, step = 1, count = 1000000}\n",
        "images: found a number beyond 1000000000",
    ),
    ("images = 1\n" + COMMON + f"[vary]\nN = {{start = 1, step = 1{'0' * 400}}}\n", "vary.N: found {'start': 1"),
    ("images = 1\n" + COMMON + f"osc_deg = 1{'0' * 400}\n", "image 1: osc_deg: found a number beyond 1.8e+308"),
    ("images = 5\n" + COMMON + "osc_deg = 1\n[vary]\nosc_deg = {jitter = 1e6}\n", "found a number beyond 1.8e+308"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_unusable_description_is_refused_by_name(tmp_path, text, said):
    with pytest.raises((InputError, OptionError)) as caught:
        rows(tmp_path, text)
    message = str(caught.value)
    assert said in message and "\n" not in message
    assert re.match(r".*(s\.toml|none\.hkl): ", message)


def test_more_images_than_memory_can_describe_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_limits", lambda: iter([(10**6, "this machine leaves")]))
    with pytest.raises(InputError, match="s.toml: 1000 images: needs 0.00 GB of memory"):
        rows(tmp_path, "images = 1000\n" + COMMON)
