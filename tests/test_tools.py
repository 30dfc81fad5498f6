"""The sub-commands of `nbport`: whatever stands behind them, they end with a status, and with one line if it is bad."""

import random

import numpy as np
import pytest

from nbport.cli.nbport_command import COMMANDS, main

ANYTHING = [
    *(".", "..", "/", "", "nothere", "no/x", "x.npy", "x.npy/x", "empty", "dir", "a.mat", "s.toml", "a.hkl", "t.txt"),
    *(
        "-",
        "--",
        "-h",
        "\0",
        "a\nb",
        "é",
        "\udcff",
        "1",
        "0",
        "-1",
        "nan",
        "inf",
        "1e999",
        "1,2",
        "9" * 30,
        "50",
        "x.png",
    ),
]
OPTIONS = {
    "trace": ["--pixel", "--out", "--format", "json", "--limit", "--", "-cell", "-default_F", "-N", "-detpixels", "4"],
    "compare": ["--shape", "--limit", "--json"],
    "verify": ["--suite", "quick", "--cases", "--count", "--seed", "--jobs", "--timeout", "--state", "--json"],
    "gpu": ["--device"],
    "series": ["-o", "--jobs"],
    "hkl": ["-o", "--columns", "--fill", "shell", "--dmin", "--F000", "--scale"],
    "orient": ["--cell", "--mat", "--expt", "--misset", "-o", "--wavelength"],
    "view": ["-o", "--scale", "log", "--rings", "auto", "--roi", "3", "--spots", "--size", "--low", "--colours"],
    "bench": ["--suite", "--repeat", "--threads", "--json"],
}
# nothing is to be rendered, run or timed
HARMLESS = {"verify": ["--candidate", "false", "--only", "zzz"], "series": ["--commands"], "bench": ["--only", "zzz"]}


def lists_of_tokens(number, seed):
    draw = random.Random(seed)
    for _ in range(number):
        command = draw.choice(list(OPTIONS))
        places = [draw.choice(ANYTHING) for _ in range(2 if command == "compare" else 1)] * draw.randint(0, 1)
        tokens = [draw.choice(OPTIONS[command] if draw.random() < 0.5 else ANYTHING) for _ in range(draw.randint(0, 4))]
        yield [command, *places, *HARMLESS.get(command, []), *tokens]


def run_all(number, seed, tmp_path, monkeypatch, capsys):
    """How often each status came."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.ones((8, 9), np.float32))
    (tmp_path / "empty").touch()
    (tmp_path / "dir").mkdir()
    (tmp_path / "a.mat").write_text("1 2 3\n4 5 6\n7 8 10\n")
    (tmp_path / "a.hkl").write_text("0 0 0 1\n1 1 1 2\n")
    (tmp_path / "s.toml").write_text('images = 2\noptions = "-cell 50 60 70 90 90 90 -default_F 1 -N 2 -detpixels 4"\n')
    (tmp_path / "t.txt").write_text("a 1\n")
    statuses = {}
    for tokens in lists_of_tokens(number, seed):
        try:
            status = main(tokens)
        except SystemExit as ended:  # of argparse
            status = ended.code or 0
        errors = capsys.readouterr().err
        assert status in (0, 1, 2), tokens
        said = [line for line in errors.splitlines() if "error: " in line]
        assert len(said) == (status == 2) and "Traceback" not in errors, (tokens, errors)
        assert not said or said[0].startswith(("nbport: error: ", f"nbport {tokens[0]}: error: ")), (tokens, errors)
        statuses[status] = statuses.get(status, 0) + 1
    return statuses


def test_every_command_is_tried():
    assert set(OPTIONS) == set(COMMANDS)


def test_random_tokens_never_raise(tmp_path, monkeypatch, capsys):
    statuses = run_all(300, 1, tmp_path, monkeypatch, capsys)
    assert statuses[2] > 100 and statuses[0] > 10


@pytest.mark.slow
def test_many_random_tokens_never_raise(tmp_path, monkeypatch, capsys):
    assert run_all(100_000, 2, tmp_path, monkeypatch, capsys)[0] > 1000
