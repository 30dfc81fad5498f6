"""`--explain`: what is said is what was decided, and why."""

import re
from pathlib import Path

import pytest

from nbport.cli.nanobragg_command import main

CRYSTAL = "-cell 50 60 70 90 90 90 -default_F 100 -N 10 -detpixels 8 -seed 1 -nonoise"


@pytest.fixture
def explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(line):
        outputs = []
        for own in ([], ["--explain"]):
            assert main([*f"{CRYSTAL} {line}".split(), *own]) == 0
            outputs.append(capsys.readouterr())
        assert outputs[0].out == outputs[1].out
        return outputs[1].err

    return run


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("-osc 1", "spindle: 2 steps of 0.5 degrees from 0, over 1: chosen from a range (phi-steps)"),
        ("-osc 1", "spindle: phi is exactly 0 at step 0: the crystal stays there as the step before left it"),
        ("-osc 1 --fix phi0", "spindle: phi is exactly 0 at step 0: the crystal is not turned there, by --fix phi0"),
        ("-osc 1 -phisteps 5", "spindle: 5 steps of 0.2 degrees from 0, over 1: chosen from a range and a number"),
        ("-mosaic 1", "mosaic: 10 domains over 1 degrees: 10 because there is a spread"),
        ("-mosaic_domains 5", "mosaic: 1 domain over 0 degrees: not 5, because there is no spread"),
        ("-oversample_omega -oversample 2", "sub-pixels: -oversample_omega multiply the whole sum so far"),
        ("-oversample 2", "sub-pixels: 2 x 2 a pixel, as asked"),
        ("", "sub-pixels: 3 x 3 a pixel, chosen so that a spot of this crystal is at least three sub-pixels wide"),
        ("-N 1", "interpolation: off, because all structure factors are one value"),
        ("", "interpolation: off, as -N is not 2 or less along some axis"),
        ("", "axes: mosflm convention (the default): beam 1 0 0, spindle 0 0 1"),
        ("-dials", "axes: dials convention (as asked): beam 0 0 1, spindle 0 1 0"),
        ("-beam_vector 1 0 0", "axes: custom convention (vector options make it so)"),
        ("-xds", "axes: the detector turns about the sample, as xds has it"),
        ("-xds -Xbeam 3", "beam centre: Xbeam and Ybeam are only printed in the xds convention"),
        ("-Xbeam 3", "from Xbeam, of options or a header"),
        ("", "distance: 100 mm along the beam"),
        ("", "structure factors: 100 electrons for every reflection, as there is neither -hkl nor Fdump.bin"),
        ("-detector_thick 100", "sensor: 2 layers through 100 um: 2, as no -detector_thicksteps is given"),
        ("-flux 1e12", "intensity: fluence 1e+20 photons/m^2: from -flux, -exposure and -beamsize"),
        ("-divergence 1", "sources: 4 of 4 in all"),
        ("-hdivrange 1 -hdivsteps 5 -vdivrange 1 -vdivsteps 5", "in all, as the divergence is cut to an ellipse"),
        ("-printout", "kernel: reference, because -printout shows every term"),
        ("", "kernel: certified"),
    ],
)
def test_decision_is_said_with_its_reason(explained, line, sentence):
    assert sentence in explained(line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("-pivot sample", "-pivot does not change the image: the mosflm convention decides"),
        ("-close_distance 90 -distance 300", "-distance does not change the image: the close distance is known"),
        ("-fudge 2", "-fudge does not change the image: it is not for the parallelepiped"),
        ("-exposure 3", "-exposure does not change the image: there is no -flux"),
        ("-flux 1e12 -fluence 5", "-fluence does not change the image: it follows from -flux"),
        ("-dispsteps 4", "-dispsteps does not change the image: there is no -dispersion"),
        ("-detector_abs 50", "-detector_abs does not change the image: the sensor has no thickness"),
        ("-mosaic_seed 4", "-mosaic_seed does not change the image: there is no mosaic spread"),
    ],
)
def test_option_without_effect_is_named_and_has_none(explained, tmp_path, line, sentence):
    assert sentence in explained(line)
    with_it = (tmp_path / "floatimage.bin").read_bytes()
    option = sentence.split()[0]
    without = re.sub(rf"{option} \S+", "", line)
    explained(without)
    assert (tmp_path / "floatimage.bin").read_bytes() == with_it


def test_token_that_counts_as_two_options_is_named(explained):
    assert "-misset_seed counts as -misset and -misset_seed" in explained("-misset_seed 5 0 1")


def test_quirks_that_are_named_are_in_the_list():
    root = Path(__file__).parent.parent
    listed = set(re.findall(r"^### ([\w-]+)$", (root / "docs" / "quirks.md").read_text(), re.M))
    text = "".join((root / "nbport" / name).read_text() for name in ("explain.py", "explain_detector.py"))
    named = set(re.findall(r"[( ]([a-z0-9]+(?:-[a-z0-9]+)+)(?:; --fix \w+)?\)", text))
    assert len(named) > 12
    assert named - listed == set()
