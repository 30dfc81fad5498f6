"""Every block of commands and of Python in the documentation runs, or says visibly why it does not."""

import re
import shlex
import shutil
import webbrowser
from typing import NamedTuple

import pytest

from c_reference.cases import HERE, INPUTS
from c_reference.runners import InProcess
from nbport.cli import nbport_command
from nbport.options.scan import scan, split_own
from nbport.parameters import Parameters

try:
    import tomllib
except ImportError:
    import tomli as tomllib

ROOT = HERE.parent
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
# pages whose blocks show output, which tests of test_docs_examples.py compare
SHOWN = {"oracle.md", "python.md", "series.md", "structure_factors.md"}
MARK = re.compile(r" {0,3}<!-- not run: (\S.*) -->")
COMMAND = re.compile(r"(?:\w+=\S+ )?(?:\.venv/bin/)?(nanoBragg|nbport|pip|make|curl|dask|python3?|source)(?: |$)")
SMALL = "-detpixels 16 -oversample 1"  # put behind every nanoBragg command: the last one wins
SAMPLE = "-cell 50 60 70 -default_F 100 -N 5 -distance 100"  # stands for three dots
KEYWORDS = "cell=(50, 60, 70), default_F=100, N=5, detpixels=16"  # likewise in Python


class Block(NamedTuple):
    """A block of code of a page."""

    page: str
    line: int  # number of its first one
    language: str  # as the fence says; of indented blocks: sh, python or text
    text: str
    reason: str  # not to run it, as the mark before it says


def blocks(page, text):
    """All blocks of a page, fenced and indented."""
    lines = text.split("\n")
    found, reason, at = [], "", 0
    while at < len(lines):
        start, line = at, lines[at]
        at += 1
        if mark := MARK.fullmatch(line):
            reason = mark[1]
        elif line.startswith("```"):
            while lines[at] != "```":
                at += 1
            found.append(Block(page, start + 2, line[3:].strip(), "\n".join(lines[start + 1 : at]), reason))
            reason, at = "", at + 1
        elif re.match(r" {4,}\S", line) and not lines[start - 1].strip():
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            inside = [other.strip() if other.lstrip().startswith("#") else other[4:] for other in lines[start:at]]
            body = "\n".join(inside).strip()
            found.append(Block(page, start + 1, language(body), body, reason))
            reason = ""
        elif line.strip():
            assert not reason, f"{page}:{start}: a mark without a block"
    return found


def language(body):
    """What an indented block is written in."""
    if re.match(r"(import|from) \w", body):
        return "python"
    return "sh" if COMMAND.match(body.lstrip()) else "text"


def commands(block):
    """The words of every command of a block, without what a shell puts around them."""
    for line in block.text.replace("\\\n", " ").split("\n"):
        line = re.sub(r"^source <\((.*)\)$", r"\1", line.strip())
        words = shlex.split(line, comments=True)
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        if words:
            yield [words[0].rpartition("/")[2], *words[1:]]


def filled(words):
    """Arguments with the sample's options for three dots."""
    return [other for word in words for other in (SAMPLE.split() if word == "..." else [word])]


def run(words, folder):
    """Run a command on a small image; returns its exit status and what it said on standard error."""
    program, arguments = words[0], filled(words[1:])
    if program == "nanoBragg":
        from nbport.cli.nanobragg_command import main

        done = InProcess(main)([*arguments, *SMALL.split()], folder)
    elif program == "nbport":
        done = InProcess(ended)([*arguments, *(SMALL.split() if "--" in arguments else [])], folder)
    else:
        return check(words), ""
    return done.exit, done.stderr.decode()


def ended(argv):
    """The `nbport` command; options like --version end the process."""
    try:
        return nbport_command.main(argv)
    except SystemExit as end:
        return end.code


def check(words):
    """0 if a command is as the real parser of the program wants it, or names what this project has."""
    program, arguments = words[0], filled(words[1:])
    if program == "nanoBragg":
        return int(bool(scan(split_own(arguments)[1], Parameters())))
    if program == "nbport":
        own = arguments[: arguments.index("--")] if "--" in arguments else arguments
        nbport_command.build_parser(own[:1]).parse_args(own)
        return 0
    if program == "pip":
        return int(not set(re.findall(r"[a-z0-9]+", "".join(re.findall(r"\[(.*?)\]", words[-1])))) <= set(EXTRAS))
    return int(not set(arguments) <= set(TARGETS)) if program == "make" else 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the documentation speaks of."""
    for path in INPUTS.iterdir():
        (tmp_path / path.name).symlink_to(path)
    model = ROOT / "tests" / "models" / "trigonal.pdb"
    shutil.copyfile(model, tmp_path / "trigonal.pdb")
    shutil.copyfile(model, tmp_path / "1ORC.pdb")
    (tmp_path / "spec.toml").write_text(f'images = 2\noptions = "{SAMPLE} {SMALL}"\n')
    assert run(["nanoBragg", "...", "-seed", "1"], tmp_path)[0] == 0
    monkeypatch.setattr(webbrowser, "open", lambda address: True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ALL = [block for page, text in sorted(PAGES.items()) for block in blocks(page, text)]
SHELL = [block for block in ALL if block.language == "sh"]


def of_pages(language):
    """The pages that have such blocks, with these."""
    names = sorted({block.page for block in ALL if block.language == language})
    return [(name, [b for b in ALL if b.language == language and b.page == name]) for name in names]


@pytest.mark.parametrize("name, shown", of_pages("sh"), ids=lambda value: value if isinstance(value, str) else "")
def test_commands_run_unless_they_say_why_not(name, shown, folder):
    for block in shown:
        for words in commands(block):
            status, said = (0, "") if block.reason else run(words, folder)
            assert status == 0, f"{name}:{block.line}: {shlex.join(words)}\n{said}"
            assert "is not an option" not in said and "is ignored" not in said, said


@pytest.mark.parametrize("block", [b for b in SHELL if b.reason], ids=lambda b: f"{b.page}:{b.line}")
def test_commands_that_do_not_run_are_well_formed(block):
    for words in commands(block):
        if words[0] in ("nanoBragg", "nbport"):
            assert check(words) == 0, shlex.join(words)


@pytest.mark.parametrize("name, shown", of_pages("python"), ids=lambda value: value if isinstance(value, str) else "")
def test_python_runs(name, shown, folder):
    names = {}
    for block in shown:
        assert not block.reason
        exec(compile(block.text.replace("...", KEYWORDS), f"{name}:{block.line}", "exec"), names)


def test_blocks_with_output_are_compared_with_it():
    assert {block.page for block in ALL if block.language in ("console", "pycon")} == SHOWN
    tests = (ROOT / "tests" / "test_docs_examples.py").read_text(encoding="utf-8")
    assert [page for page in SHOWN if f'"{page}"' not in tests] == []


def test_languages_are_known():
    known = {"sh", "python", "text", "console", "pycon", "toml", "json"}
    assert {(b.page, b.line, b.language) for b in ALL if b.language not in known} == set()


def test_commands_hide_in_no_other_block():
    for block in ALL:
        if block.language == "text":
            assert not re.search(r"^(nanoBragg|nbport) [^:]", block.text, flags=re.MULTILINE), block


def test_a_command_that_fails_is_found(folder):
    [block] = blocks("page.md", "Text:\n\n    nanoBragg -hkl no_such.hkl -cell 50\n")
    assert [run(words, folder)[0] for words in commands(block)] == [9]


def test_a_mark_belongs_to_the_next_block():
    text = "<!-- not run: needs a GPU -->\n\n    nbport gpu\n\nText\n\n    nbport view a.img\n"
    assert [block.reason for block in blocks("page.md", text)] == ["needs a GPU", ""]
    with pytest.raises(AssertionError, match="without a block"):
        blocks("page.md", "<!-- not run: needs a GPU -->\n\nText\n")
