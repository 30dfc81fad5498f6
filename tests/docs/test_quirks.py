"""The list of quirks is that of the code's marks; commands and cases that the docs show exist."""

import re
import shlex

import pytest

from c_reference.cases import HERE, INPUTS, Case, load_cases, run_case
from c_reference.programs import HERE as PROGRAMS
from c_reference.programs import INPUTS as PROGRAM_INPUTS
from c_reference.programs import NAMES as PROGRAM_NAMES
from c_reference.programs import ProgramCase, load_program_cases, run_program_case

ROOT = HERE.parent
TEXT = (ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")
ENTRIES = [(part.split("\n", 1)[0], part) for part in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]]
NAMES = [name for name, _ in ENTRIES]
# those of nanoBragg; entries of the other programs are behind them, and are neither marked nor classed yet
OF_NANOBRAGG = re.findall(r"^### (.+)$", TEXT.partition("\n## noisify\n")[0], flags=re.MULTILINE)
MACROS = dict(re.findall(r'^    ([A-Z])="(.*)"$', TEXT, flags=re.MULTILINE))


def commands(entry):
    """Name and arguments of every command that an entry shows."""
    for program, span in re.findall(rf"`(nanoBragg|{'|'.join(PROGRAM_NAMES)}) ([^`]*)`", entry):
        for name, options in MACROS.items():
            span = span.replace(f"${name}", options)
        yield program, *shlex.split(span)


def quirks_named():
    """File and name for every quirk that a comment names."""
    for folder in ("nbport", "kernels"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in re.findall(r"\(quirk:\s+([^;)\s]+)", path.read_text(encoding="utf-8")):
                yield path.name, name


def test_every_quirk_named_in_the_code_is_described():
    named = list(quirks_named())
    assert named
    assert [where for where in named if where[1] not in NAMES] == []


def test_every_quirk_described_is_marked_in_the_code():
    assert OF_NANOBRAGG
    assert set(OF_NANOBRAGG) - {name for _, name in quirks_named()} == set()


def test_every_quirk_says_what_it_does_to_an_image():
    effects = set(re.findall(r"^- \*([a-z ]+)\*: ", TEXT, flags=re.MULTILINE))
    assert effects == {"harmless", "last digits", "visible", "wrong physics"}
    said = {
        name: re.match(rf"{re.escape(name)}\n\*Effect: ([a-z ]+)\.\*\n", entry)
        for name, entry in ENTRIES
        if name in OF_NANOBRAGG
    }
    assert [name for name, found in said.items() if found is None] == []
    assert {found[1] for found in said.values()} == effects
    assert TEXT.count("*Effect:") == len(OF_NANOBRAGG)


def test_quirks_have_unique_kebab_case_names():
    assert len(set(NAMES)) == len(NAMES)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_every_quirk_shows_a_command():
    assert [name for name, entry in ENTRIES if not list(commands(entry))] == []


def test_cases_that_are_cited_are_on_record():
    recorded = {case.id for case in load_cases(HERE / "quirk.jsonl")}
    recorded |= {case.id for path in PROGRAMS.glob("*.jsonl") for case in load_program_cases(path)}
    cited = {name for _, entry in ENTRIES for part in re.findall(r"Recorded:([^.]*)\.", entry)
             for name in re.findall(r"`(\w+)`", part)}  # fmt: skip
    assert cited
    assert cited - recorded == set()


def test_readme_shows_the_command_of_the_demo():
    demo = (ROOT / "demo" / "render.py").read_text(encoding="utf-8")
    options = re.search(r'^OPTIONS = """(.*?)"""', demo, flags=re.MULTILINE | re.DOTALL)[1].split()
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    assert " ".join(options) in " ".join(readme.split())


def test_links_within_the_list_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", TEXT, flags=re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\(#([^)]*)\)", TEXT)) - anchors == set()


def results_of(name, steps, nbport_command, program_runners):
    """Run the commands of an entry, which are all nanoBragg's or all of other programs."""
    others = steps[0][0] != "nanoBragg"
    folder = PROGRAM_INPUTS if others else INPUTS
    inputs = tuple(sorted({token for argv in steps for token in argv if (folder / token).is_file()}))
    if others:
        return run_program_case(ProgramCase(name, "docs", inputs, steps), program_runners)
    return run_case(Case(name, "docs", inputs, tuple(argv[1:] for argv in steps)), nbport_command)


@pytest.mark.parametrize("name, entry", ENTRIES, ids=NAMES)
def test_command_that_shows_a_quirk_runs(name, entry, nbport_command, program_runners):
    steps = tuple(commands(entry))
    for argv, result in zip(steps, results_of(name, steps, nbport_command, program_runners), strict=True):
        assert result.exit in (0, 9), f"{shlex.join(argv)}\n{result.stderr.decode()}"


def test_commands_of_the_other_programs_run_as_their_page_shows(program_runners):
    text = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8").replace("\\\n", " ")
    names = ("nanoBragg", *PROGRAM_NAMES)
    steps = tuple(tuple(words) for line in text.splitlines() if line.startswith("    ")
                  if (words := shlex.split(line)) and words[0] in names)  # fmt: skip
    assert {argv[0] for argv in steps} == set(names) - {"nearBragg"}
    results = run_program_case(ProgramCase("page", "docs", ("1orc_small.hkl", "wat.stol"), steps), program_runners)
    assert [result.exit for result in results] == [0] * len(steps)
    assert results[-1].files.keys() == {"intimage.img", "image.pgm", "noiseimage.img"}
