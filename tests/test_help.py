"""`--help`, `--version` and the man page: complete, true, and quick."""

import subprocess
import sys

import pytest

from c_reference.cases import HERE
from nbport import __version__
from nbport.cli.help import SECTIONS, build_parser, describe, help_text
from nbport.options.table import FLAGS, OWN_FLAGS
from nbport.parameters import Parameters

HEAVY = {"numba", "llvmlite", "numpy", "fabio"}


def numbers(text):
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        return []


def shows_a_parameters_default(flag):
    """Not where -1 stands for "not given", of which the set-up makes what help says."""
    return bool(flag.sets and numbers(flag.default)) and getattr(Parameters(), flag.sets[0]) != -1


def test_help_lists_every_option_once():
    listed = " ".join(SECTIONS.values()).split()
    assert sorted(listed) == sorted(flag.option for flag in FLAGS)


@pytest.mark.parametrize("flag", [*FLAGS, *OWN_FLAGS], ids=lambda flag: flag.option)
def test_help_shows_the_option_with_its_metavars(flag):
    values = getattr(flag, "values", "") or getattr(flag, "metavar", "")
    assert any(line.startswith(f"  {flag.option} {values}".rstrip()) for line in help_text().splitlines())


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.unit], ids=lambda flag: flag.option)
def test_help_shows_the_unit(flag):
    assert f"[{flag.unit}" in describe(flag)


@pytest.mark.parametrize(
    "flag",
    [flag for flag in FLAGS if shows_a_parameters_default(flag)],
    ids=lambda flag: flag.option,
)
def test_default_that_help_shows_is_that_of_the_parameters(flag):
    default = getattr(Parameters(), flag.sets[0])
    shown = [flag.convert(word) for word in flag.default.split()]
    assert shown == pytest.approx(list(default) if isinstance(default, tuple) else [default], rel=1e-5)


def test_sections_without_effect_are_those_that_the_table_calls_so():
    assert set(SECTIONS["accepted without effect"].split()) == {flag.option for flag in FLAGS if flag.no_effect}


def test_parser_of_the_man_page_has_all_options():
    options = {name for action in build_parser()._actions for name in action.option_strings}
    assert options == {flag.option for flag in (*FLAGS, *OWN_FLAGS)}


@pytest.mark.parametrize(
    "argv, begins", [(["--help"], "usage: nanoBragg "), (["-N", "5", "--version"], f"nanoBragg (nbport {__version__})")]
)
def test_help_and_version_load_nothing_heavy(argv, begins):
    code = (
        "import sys; from nbport.cli.nanobragg_command import main; status = main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, cwd=HERE.parent)
    assert done.returncode == 0
    assert done.stdout.startswith(begins)
    assert HEAVY & set(done.stderr.split()) == set()


def test_importing_nbport_loads_nothing_heavy():
    code = "import sys, nbport; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent)
    assert HEAVY & set(done.stdout.split()) == set()
