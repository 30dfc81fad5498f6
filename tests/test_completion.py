"""Tab completion: the file that is shown works in the shell that it is for."""

import builtins
import shutil
import subprocess

import pytest

from nbport.cli.nanobragg_command import main
from nbport.cli.nbport_command import main as tools
from nbport.options.table import FLAGS, OWN_FLAGS

COMPLETE = """
source ./completion
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
"_shtab_$1" "$1" "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(folder, text, *words):
    (folder / "completion").write_text(text)
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", *words], cwd=folder, capture_output=True, text=True)
    return done.stdout.split()


def test_bash_completes_options_and_files(tmp_path, capsys):
    assert main(["--completion", "bash"]) == 0
    text = capsys.readouterr().out
    assert completed(tmp_path, text, "nanoBragg", "-dis") == ["-dispersion", "-dispsteps", "-distance"]
    assert "--kernel" in completed(tmp_path, text, "nanoBragg", "-N", "5", "--ker")
    (tmp_path / "P1.hkl").touch()
    assert completed(tmp_path, text, "nanoBragg", "-hkl", "P") == ["P1.hkl"]


def test_bash_completes_sub_commands_and_their_options(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        tools(["--completion", "bash"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert completed(tmp_path, text, "nbport", "ver") == ["verify"]
    assert "--pixel" in completed(tmp_path, text, "nbport", "trace", "--pi")


def test_zsh_gets_every_option_with_its_help(capsys):
    assert main(["--completion", "zsh"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#compdef nanoBragg")
    for flag in (*FLAGS, *OWN_FLAGS):
        assert f'"{flag.option}[' in text


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh")
def test_zsh_can_read_it(tmp_path, capsys):
    assert main(["--completion", "zsh"]) == 0
    (tmp_path / "_nanoBragg").write_text(capsys.readouterr().out)
    assert subprocess.run(["zsh", "-n", "_nanoBragg"], cwd=tmp_path).returncode == 0


def test_unknown_shell_and_missing_package_are_one_line(monkeypatch, capsys):
    assert main(["--completion", "fish"]) == 9
    assert capsys.readouterr().err == "nanoBragg: error: --completion: found 'fish', expected one of: bash, zsh\n"
    usual = builtins.__import__

    def without(name, *arguments):
        if name == "shtab":
            raise ImportError
        return usual(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["--completion", "bash"]) == 9
    assert "pip install 'nbport[completion]'" in capsys.readouterr().err
