"""What the documentation shows is what happens: every command with its output, every line of Python."""

import doctest
import os
import re
import shutil
import subprocess
import sys

import pytest

from c_reference.cases import HERE, INPUTS

ROOT = HERE.parent
DOCS = ROOT / "docs"
PROGRAMS = {"nanoBragg": "nbport.cli.nanobragg_command", "nbport": "nbport.cli.nbport_command"}


def examples(text):
    """Command and expected output of every example of the console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            more = next((i for i, line in enumerate(lines[1:], 1) if not line.startswith("> ")), len(lines))
            yield "".join([lines[0], *(line[2:] for line in lines[1:more])]), "".join(lines[more:])


def run_all(commands, folder):
    """Output of each command of one shell session, with the programs of this tree."""
    programs = folder / "programs"
    programs.mkdir()
    for name, module in PROGRAMS.items():
        path = programs / name
        code = f"import sys; from {module} import main; sys.exit(main())"
        path.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -c "{code}" "$@"\n')
        path.chmod(0o755)
    script = "".join(f"{command}\necho '---next---'\n" for command in commands)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert re.sub(r"nanoBragg: compiling.*\n", "", done.stderr) == ""
    return done.stdout.split("---next---\n")[:-1]


def is_shown(expected, got):
    """Is a text another one, with lines of `...` for any lines?"""
    pattern = "".join(r"(?:.*\n)*?" if line == "...\n" else re.escape(line) for line in expected.splitlines(True))
    return re.fullmatch(pattern, got) is not None


@pytest.fixture(scope="module")
def oracle_examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oracle")
    shutil.copyfile(INPUTS / "A.mat", folder / "A.mat")
    shown = list(examples((DOCS / "oracle.md").read_text(encoding="utf-8")))
    return folder, shown, run_all([command for command, _ in shown], folder)


def test_commands_of_the_oracle_give_what_is_shown(oracle_examples):
    _, shown, outputs = oracle_examples
    assert len(shown) > 5
    for (command, expected), got in zip(shown, outputs, strict=True):
        assert is_shown(expected, got), f"$ {command}{got}"


def test_commands_of_the_structure_factors_give_what_is_shown(tmp_path):
    shutil.copyfile(ROOT / "tests" / "models" / "trigonal.pdb", tmp_path / "trigonal.pdb")
    shown = list(examples((DOCS / "structure_factors.md").read_text(encoding="utf-8")))
    assert len(shown) > 2
    outputs = run_all([command for command, _ in shown], tmp_path)
    for (command, expected), got in zip(shown, outputs, strict=True):
        assert is_shown(expected, got), f"$ {command}{got}"
    assert (tmp_path / "image.pgm").read_bytes().startswith(b"P5")


def test_picture_of_the_oracle_is_that_of_its_command(oracle_examples):
    image = pytest.importorskip("PIL.Image")
    folder, _, _ = oracle_examples
    with image.open(folder / "report" / "picture.png") as made, image.open(DOCS / "oracle.png") as shown:
        assert made.tobytes() == shown.tobytes()


def test_commands_of_the_series_give_what_is_shown(tmp_path):
    text = (DOCS / "series.md").read_text(encoding="utf-8")
    [spec] = re.findall(r"^```toml\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "spec.toml").write_text(spec)
    shutil.copyfile(INPUTS / "1orc_P1.hkl", tmp_path / "1orc_P1.hkl")
    shown = list(examples(text))
    assert len(shown) == 3
    for (command, expected), got in zip(shown, run_all([command for command, _ in shown], tmp_path), strict=True):
        assert is_shown(expected, got), f"$ {command}{got}"
    assert len(list((tmp_path / "spec").glob("*.img"))) == 10


def test_other_text_than_the_output_is_found():
    assert is_shown("a\n...\nc\n", "a\nb\nb\nc\n") and is_shown("a\n", "a\n")
    assert not is_shown("a\n...\nc\n", "a\nb\nd\n")
    assert not is_shown("a\n", "a\nb\n") and not is_shown("a.\n", "ab\n")


def test_python_of_the_documentation_does_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output").mkdir()
    flags = doctest.ELLIPSIS | doctest.REPORT_NDIFF
    failures, tried = doctest.testfile(str(DOCS / "python.md"), module_relative=False, optionflags=flags)
    assert (failures, tried > 15) == (0, True)


def test_table_of_renamed_keywords_is_complete():
    from nbport.options.keywords import NAMES

    rows = re.findall(r"^\| `(-\w+)` \| `(\w+)`", (DOCS / "python.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert dict(rows) == NAMES


@pytest.mark.parametrize(
    "name", ["formats.md", "oracle.md", "pictures.md", "python.md", "series.md", "structure_factors.md"]
)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", (DOCS / name).read_text(encoding="utf-8")):
        assert (DOCS / target).is_file(), target
