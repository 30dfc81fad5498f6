"""Cases to run another implementation on: suites that come with nbport, recorded ones, files of one's own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from ..system.files import read_bytes
from .draw import draw
from .features import features_of, parsed
from .places import written_outside

DATA = Path(__file__).parent / "data"
RECORDED = Path(__file__).parents[2] / "c_reference"  # in a clone
RECORDED_GROUPS = ("quirk", "random", "found", "bench")
SUITES = ("quick", "parity", "random", "full")


@dataclass(frozen=True)
class Case:
    """One or more command lines, run one after another in one folder.

    Attributes
    ----------
    name : str
        Unique within a run: collection and id.
    steps : tuple of tuple of str
        The arguments of each command line.
    inputs : tuple of Path
        Files that lie in the folder before the first step.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]
    inputs: tuple[Path, ...] = ()

    @cached_property
    def features(self) -> tuple[str, ...]:
        """What it uses of the simulator."""
        return features_of(self.steps)

    def is_like(self, patterns: Sequence[str]) -> bool:
        """Whether its name, or one of its features, matches one of the patterns of a shell."""
        return any(fnmatchcase(text, pattern) for pattern in patterns for text in (self.name, *self.features))


def suite(name: str, size: int, seed: int, count: int) -> list[Case]:
    """The cases of a suite.

    Parameters
    ----------
    name : str
        One of SUITES.
    size : int
        Pixels along each side of the detector, in quick and parity.
    seed, count : int
        For random.

    Raises
    ------
    InputError
        If there are no recorded cases here.
    """
    if name == "random":
        return [_of_data(f"random/{seed}-{number}", draw(seed, number)) for number in range(count)]
    if name == "full":
        if not (RECORDED / "quirk.jsonl").exists():
            raise InputError(
                "--suite full: the recorded cases come with a clone of nbport, not with the installed package;"
                " expected --cases FILE.jsonl, or another suite"
            )
        files = [RECORDED / f"{group}.jsonl" for group in RECORDED_GROUPS]
        return [case for file in files for case in from_file(file, RECORDED / "inputs")]
    return [case for file in sorted(DATA.glob(f"{name}*.json")) for case in _from_templates(file, size)]


def _from_templates(path: Path, size: int) -> Iterable[Case]:
    """Cases of a data file: words that stand for options, and a template of options for each case."""
    content = json.loads(path.read_text(encoding="utf-8"))
    words = {"size": str(size), "pixel": repr(content["width_mm"] / size)}
    for word, template in content["words"].items():
        words[word] = template.format_map(words)
    for name, templates in content["cases"].items():
        steps = [templates] if isinstance(templates, str) else templates
        yield _of_data(f"{path.stem}/{name}", *(shlex.split(step.format_map(words)) for step in steps))


def _of_data(name: str, *steps: Sequence[str]) -> Case:
    inputs = {token for step in steps for token in step} & {path.name for path in DATA.iterdir()}
    return Case(name, tuple(map(tuple, steps)), tuple(DATA / file for file in sorted(inputs)))


def from_file(path: Path, inputs: Path | None = None) -> list[Case]:
    """Cases of a file of lines {"id": ..., "inputs": [files], "steps": [[argument, ...], ...]}.

    Parameters
    ----------
    path : Path
    inputs : Path, optional
        Folder of the input files; default: `inputs` beside the file, or else the folder of the file.

    Raises
    ------
    InputError
        If a line is none such, or an input file is missing.
    """
    if inputs is None:
        inputs = path.parent / "inputs" if (path.parent / "inputs").is_dir() else path.parent
    cases = []
    text = read_bytes(path, "cases").decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            steps = tuple(tuple(map(_word, step)) for step in row["steps"])
            files = tuple(inputs / _word(name) for name in row.get("inputs", ()))
            cases.append(Case(f"{row.get('group', path.stem)}/{row['id']}", steps, files))
        except (ValueError, TypeError, KeyError, AttributeError):
            expected = '{"id": ..., "inputs": [file, ...], "steps": [[argument, ...], ...]}'
            raise InputError(f"{path}, line {number}: found {line[:60]!r}, expected {expected}") from None
    return cases


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def check(cases: Sequence[Case]) -> None:
    """Refuse cases that cannot be compared, or that would write outside of the folder that they run in.

    Raises
    ------
    InputError
        At the first one.
    """
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise InputError(f"case {case.name}: found this name twice")
        if _by_clock(case.steps):
            raise InputError(f"case {case.name}: found -misset random, expected -misset_seed with it")
        outside = [found for step in case.steps if (found := written_outside(step))]
        if outside:
            option, name = outside[0]
            raise InputError(f"case {case.name}: found {option} {name!r}, expected a file in the folder of the case")
        names = [file.name for file in case.inputs]
        if len(set(names)) < len(names):
            raise InputError(f"case {case.name}: found {', '.join(names)}, expected input files of different names")
        missing = [file for file in case.inputs if not file.is_file()]
        if missing:
            raise InputError(f"case {case.name}: no input file {missing[0]}")
        seen.add(case.name)


def _by_clock(steps: Sequence[Sequence[str]]) -> bool:
    found = [parsed(step) for step in steps]
    return any(p is not None and p.misset_random and p.misset_seed is None for p in found)
