"""`nbport orient`: cells and angles, matrices, DIALS experiments; the simulator has the spots where they say."""

import json
import re

import numpy as np
import pytest

from nbport.cli.nanobragg_command import main as nanobragg
from nbport.cli.nbport_command import main as tools
from nbport.errors import InputError
from nbport.orientation.experiments import read_experiment, rotation
from nbport.orientation.orientation import orientation_of

CELLS = {
    "orthorhombic": [50, 60, 70, 90, 90, 90],
    "hexagonal": [61, 61, 110, 90, 90, 120],
    "monoclinic": [40, 55, 62, 90, 104, 90],
    "triclinic": [50, 60, 70, 80, 95, 103],
}
X, Y, Z = np.eye(3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(*values):
    return [str(value) for value in values]


def orient(capsys, *arguments):
    """Printed lines of one call."""
    capsys.readouterr()
    assert tools(["orient", *texts(*arguments)]) == 0
    return [line for line in capsys.readouterr().out.splitlines() if not line.startswith("written")]


def matrix_in(path):
    return np.array([line.split() for line in open(path).read().splitlines()[:3]], float)


# -- cells and angles


@pytest.mark.parametrize("name", ["orthorhombic", "hexagonal", "monoclinic"])
def test_matrix_is_the_default_orientation_turned_about_x_then_y_then_z(name):
    a, b, c = CELLS[name][:3]
    alpha, beta, gamma = np.radians(CELLS[name][3:])
    found = orientation_of(cell=CELLS[name], misset_deg=(10.0, -20.0, 130.0), wavelength_A=0.97)
    # real vectors with a* along x and c in the direction that is left: b in the plane of y and z, c along z
    volume = np.sqrt(1 - np.cos([alpha, beta, gamma]) @ np.cos([alpha, beta, gamma])
                     + 2 * np.cos(alpha) * np.cos(beta) * np.cos(gamma))  # fmt: skip
    cos_a_star = (np.cos(beta) * np.cos(gamma) - np.cos(alpha)) / (np.sin(beta) * np.sin(gamma))
    real = np.array([
        [a * volume / np.sin(alpha), a * np.sin(beta) * -(np.cos(alpha) * np.cos(beta) - np.cos(gamma))
         / (np.sin(alpha) * np.sin(beta)), a * np.cos(beta)],
        [0, b * np.sin(alpha), b * np.cos(alpha)],
        [0, 0, c],
    ])  # fmt: skip
    assert cos_a_star == pytest.approx(np.cos(np.radians(found.star_cell[3])), abs=1e-12)
    turn = rotation(Z, np.radians(130)) @ rotation(Y, np.radians(-20)) @ rotation(X, np.radians(10))
    np.testing.assert_allclose(found.matrix, 0.97 * turn @ np.linalg.inv(real), rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.U, turn, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.misset, (10, -20, 130), rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.cell, CELLS[name], rtol=1e-12)


def test_random_orientation_is_the_simulators(capsys):
    lines = orient(capsys, "--cell", 50, 60, 70, "--misset", "random", "--seed", 5, "-o", "x.mat")
    scene = "-cell 50 60 70 -misset_seed 5 -misset random -default_F 1 -detpixels 4 -seed 1".split()
    assert nanobragg(scene) == 0
    log = capsys.readouterr().out
    [angles] = re.findall(r"random orientation misset angles: (.*) deg", log)
    assert lines[2] == f"misset: {angles} deg"
    block = log.split("reciprocal-space cell vectors")[1].splitlines()[2:5]
    expected = np.array([line[2:].split() for line in block], float)
    np.testing.assert_allclose(matrix_in("x.mat"), expected, rtol=0, atol=6e-9)


def test_random_orientation_without_a_seed_is_another_each_time():
    one, two = (orientation_of(cell=[50], misset_deg="random") for _ in range(2))
    assert one.misset != two.misset


# -- round trips


@pytest.mark.parametrize("seed", range(12))
def test_matrix_that_was_written_gives_back_every_digit(seed, capsys):
    rng = np.random.default_rng(seed)
    cell = [*rng.uniform(20, 300, 3).round(2), *rng.uniform(75, 110, 3).round(2)]
    if seed % 3:
        cell[3:5] = 90.0, 90.0
    arguments = ["--cell", *cell, "--misset", "random", "--seed", seed, "--wavelength", round(rng.uniform(0.5, 3), 5)]
    first = orient(capsys, *arguments, "-o", "one.mat")
    again = orient(capsys, "--mat", "one.mat", "--wavelength", arguments[-1], "-o", "two.mat")
    assert again == first
    assert open("two.mat").read() == open("one.mat").read()


def test_angles_that_are_printed_give_the_matrix_back(capsys):
    first = orient(capsys, "--cell", *CELLS["monoclinic"], "--misset", "random", "--seed", 3, "--digits", 8)
    options = first[-1].removeprefix("as options: ").split()
    again = orient(capsys, "--cell", *options[1:7], "--misset", *options[8:], "--digits", 8)
    assert again == first


def test_format_is_mosflms_with_8_digits(capsys):
    orient(capsys, "--cell", *CELLS["hexagonal"], "--misset", 10, 20, 30, "--digits", 8, "-o", "x.mat")
    lines = open("x.mat").read().splitlines()
    assert [len(line) for line in lines] == [36] * 7 + [72, 36]
    assert lines[7] == "     61.0000     61.0000    110.0000     90.0000     90.0000    120.0000"
    assert lines[3] == lines[8] == "       0.000       0.000       0.000"
    U = np.array([[line[i : i + 12] for i in (0, 12, 24)] for line in lines[4:7]], float)
    np.testing.assert_allclose(U @ U.T, np.eye(3), atol=1e-7)


# -- the simulator


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("digits", "tolerance"), [(12, 1e-6), (8, 0.02)])
def test_matrix_renders_the_spots_of_the_cell_and_its_angles(name, digits, tolerance, capsys):
    scene = "-default_F 10 -N 8 -lambda 1.1 -distance 60 -detpixels 48 -pixel 1 -oversample 2 -nopgm -nonoise".split()
    given = ["-cell", *texts(*CELLS[name]), "-misset", "15", "25", "-35"]
    assert nanobragg([*given, *scene]) == 0
    expected = np.fromfile("floatimage.bin", "<f4")
    orient(capsys, "--cell", *CELLS[name], "--misset", 15, 25, -35, "--wavelength", 1.1, "--digits", digits,
           "-o", "x.mat")  # fmt: skip
    assert nanobragg(["-mat", "x.mat", *scene]) == 0
    got = np.fromfile("floatimage.bin", "<f4")
    assert expected.max() > 1000 * np.median(expected)
    assert np.abs(got - expected).max() < tolerance * expected.max()
    assert got.argmax() == expected.argmax()


def test_cell_whose_angles_the_simulator_changes_is_told(capsys):
    assert tools(["orient", "--cell", *texts(*CELLS["triclinic"])]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("cell: 50.0000 60.0000 70.0000 79.9749 95.0127 103.0033 A, deg;")
    assert out.splitlines()[-1].startswith("as options: none, for nanoBragg would change the angles")
    assert err.startswith("nbport orient: nanoBragg changes the angles of this -cell") and err.count("\n") == 1


# -- DIALS


REAL = np.array([[30.0, 5.0, 2.0], [-4.0, 40.0, 7.0], [3.0, -8.0, 50.0]])
PLAIN = {"rotation_axis": [1, 0, 0], "fixed_rotation": np.eye(3).ravel().tolist(),
         "setting_rotation": np.eye(3).ravel().tolist()}  # fmt: skip
KAPPA = {"axes": [[1, 0, 0], [0.6, 0.8, 0], [1, 0, 0]], "angles": [12.0, 40.0, 3.0], "names": ["p", "k", "o"],
         "scan_axis": 2}  # fmt: skip


def experiments(goniometer, direction=(0.0, 0.0, 1.0), **crystal):
    models = {
        "__id__": "ExperimentList",
        "experiment": [{"beam": 0, "crystal": 0, "goniometer": 0 if goniometer else None}],
        "crystal": [{f"real_space_{axis}": row for axis, row in zip("abc", REAL.tolist(), strict=True)} | crystal],
        "beam": [{"direction": list(direction), "wavelength": 0.9763}],
        "goniometer": [goniometer],
    }
    with open("x.expt", "w") as file:
        json.dump(models, file)


TURNED = rotation(np.array([0.6, 0.0, 0.8]), 1.0)
SETTINGS = {
    "still": (None, X, np.eye(3)),
    "plain": (PLAIN, X, np.eye(3)),
    "fixed and setting": (
        {"rotation_axis": [0, 1, 0], "fixed_rotation": TURNED.ravel().tolist(),
         "setting_rotation": rotation(Z, 0.3).ravel().tolist()},
        rotation(Z, 0.3) @ Y,
        rotation(Z, 0.3) @ TURNED,
    ),
    "kappa, scan in omega": (
        KAPPA, X, rotation(np.array([0.6, 0.8, 0]), np.radians(40)) @ rotation(X, np.radians(12)),
    ),
    "kappa, scan in phi": (
        KAPPA | {"scan_axis": 0},
        rotation(X, np.radians(3)) @ rotation(np.array([0.6, 0.8, 0]), np.radians(40)) @ X,
        rotation(X, np.radians(3)) @ rotation(np.array([0.6, 0.8, 0]), np.radians(40)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_reflections_turn_through_the_beam_as_in_dials(name, capsys):
    goniometer, axis, before = SETTINGS[name]
    experiments(goniometer)
    crystal = read_experiment("x.expt")
    beam = np.array([0.0, 0.0, -1.0])
    across = axis - (axis @ beam) * beam
    across /= np.linalg.norm(across)
    for phi in (0.0, 0.7, -2.0):
        for hkl in ((1, 0, 0), (3, -2, 5), (-1, 4, 2)):
            there = rotation(axis, phi) @ before @ np.linalg.inv(REAL) @ hkl
            here = rotation(crystal.spindle, phi) @ crystal.stars @ hkl
            expected = (there @ beam, there @ np.cross(across, beam), there @ across)
            np.testing.assert_allclose(here, expected, rtol=0, atol=1e-12)
    assert abs(crystal.spindle[1]) < 1e-12


def test_experiment_becomes_a_matrix_at_its_wavelength(capsys):
    experiments(PLAIN)
    lines = orient(capsys, "--expt", "x.expt", "-o", "x.mat")
    assert "wavelength: 0.9763 A" in lines
    lengths = np.linalg.norm(REAL, axis=1)
    assert lines[0].startswith("cell: " + " ".join(f"{length:.4f}" for length in lengths))
    # x is along s0, which is -z of DIALS, and z is the spindle, which is its x
    expected = np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]]) @ np.linalg.inv(REAL)
    np.testing.assert_allclose(matrix_in("x.mat"), 0.9763 * expected, rtol=0, atol=1e-12)
    assert orient(capsys, "--mat", "x.mat", "--wavelength", 0.9763) == lines


def test_spindle_that_is_not_at_a_right_angle_is_told(capsys):
    experiments(PLAIN | {"rotation_axis": [1, 0, 0.01]})
    assert tools(["orient", "--expt", "x.expt"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("nbport orient: the spindle is not at a right angle to the beam: -0.0")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot read a DIALS experiment list"),
        ("[]", "found no experiments"),
        ('{"experiment": [{"beam": 0}], "beam": [{}]}', "experiment 0 has no crystal"),
        ('{"experiment": [{"crystal": 3, "beam": 0}], "crystal": [{}]}', "found no crystal with number 3"),
    ],
)
def test_experiment_list_that_cannot_be_used_is_refused(content, says):
    with open("x.expt", "w") as file:
        file.write(content)
    with pytest.raises(InputError, match=says) as error:
        read_experiment("x.expt")
    assert str(error.value).startswith("x.expt: ") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"real_space_a": [1, 2]}, r"real_space_a: found \[1, 2\], expected 3 numbers"),
        (
            {"real_space_c": [60.0, 10.0, 4.0], "real_space_a": [30.0, 5.0, 2.0]},
            "found axes of volume 0, expected right",
        ),
        ({"direction": (1.0, 0.0, 0.0)}, "the spindle is parallel to the beam"),
    ],
)
def test_numbers_of_an_experiment_that_cannot_be_right_are_refused(change, says):
    experiments(PLAIN, **change)
    with pytest.raises(InputError, match=says):
        read_experiment("x.expt")


# -- what is refused


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--mat none.mat", "none.mat: no such matrix file"),
        ("--mat left.mat", "left.mat: found axes of volume -"),
        ("--mat short.mat", "short.mat: found 3 numbers, expected nine"),
        ("--expt none.expt", "none.expt: cannot read a DIALS experiment list"),
        ("--cell 50 --misset 1 2", "--misset: found '1 2', expected three angles or random"),
        ("--cell 50 --seed 3", "--seed is for --misset random"),
        ("--cell 50 --digits 0", "--digits: found 0"),
        ("--cell 50 --wavelength -1", "--wavelength: found -1"),
        ("--cell 1 2 3 4 5 6 7", "cell: found"),
        ("--cell 0", "--cell: found 0.00, expected numbers above 0"),
        ("--cell 50 -o no/x.mat", "no/x.mat: cannot write"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(arguments, says, folder, capsys):
    (folder / "left.mat").write_text("-0.02 0 0\n0 0.02 0\n0 0 0.02\n")
    (folder / "short.mat").write_text("0.02 0 0\n")
    assert tools(["orient", *arguments.split()]) == 2
    last = [line for line in capsys.readouterr().err.splitlines() if "compiling" not in line]
    assert len([line for line in last if "error" in line]) == 1
    assert last[-1].startswith(f"nbport orient: error: {says}")
