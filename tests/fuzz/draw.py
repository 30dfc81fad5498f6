"""Drafts of random command lines: groups of options, and the draw in progress."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from c_reference.cases import INPUTS, Case

# Texts at the edges of strtod and strtol. None of them makes a long loop where it counts something.
ODD_REALS = (
    "0", "-0", "-1.5", "+1.", ".5", "5.", "0x1p0", "0x.8p1", "0x", "1,5", "1d3", "1e", "1e+", "1_0", "abc", "", "-",
    " 2.5", "\t3", "\v2", "\u00a03", "\u0663", "--1", "nan", "-nan", "nan(12)", "inf", "-infinity", "1e400", "-1e400",
    "1e-320", "2.2250738585072011e-308", "0.1000000000000000055511151231257827", "1.00000000000000011102230246251565",
)  # fmt: skip
ODD_COUNTS = (
    "0", "-3", "1e3", "2.7", "0x10", " 3", "\v2", "+2", "3abc", "", "nan", "007", "1_0", "\u0663", "--3", "- 3",
    "4294967298", "99999999999999999999", "-99999999999999999999",
)  # fmt: skip
#: About as many evaluations of each pixel may be asked for.
MAX_STEPS = 60


@dataclass(frozen=True)
class Group:
    """Tokens that belong together: an option and its values.

    Parameters
    ----------
    tokens : tuple of str
        The arguments.
    steps : tuple of int
        The steps of the case that have them.
    pinned : bool
        Without these the run would be long: never removed.
    """

    tokens: tuple[str, ...]
    steps: tuple[int, ...] = (0, 1)
    pinned: bool = False


@dataclass(frozen=True)
class Draft:
    """A case as the fuzzer handles it: groups of tokens, in order."""

    groups: tuple[Group, ...]
    steps: tuple[int, ...] = (0,)

    def case(self, case_id: str) -> Case:
        """Spell it out."""
        argvs = tuple(
            tuple(token for group in self.groups if step in group.steps for token in group.tokens)
            for step in self.steps
        )
        tokens = {token for argv in argvs for token in argv if token and "/" not in token and "\0" not in token}
        inputs = sorted(token for token in tokens if (INPUTS / token).is_file())
        return Case(case_id, "fuzz", tuple(inputs), argvs)


@dataclass
class Drawing:
    """One draw in progress: the random numbers, how odd it is, and the work left to spend."""

    rng: random.Random
    oddness: float
    steps_left: float = MAX_STEPS
    groups: list[Group] = field(default_factory=list)

    def add(self, option: str, *values: str, pinned: bool = False, steps: Sequence[int] = (0, 1)) -> None:
        """Append an option; one that bounds the work is always spelled as it should be."""
        spelled = option if pinned else self.spelled(option)
        self.groups.append(Group((spelled, *values), tuple(steps), pinned))

    def maybe(self, chance: float) -> bool:
        """Draw yes with this chance."""
        return self.rng.random() < chance

    def one(self, choices: Sequence[str]) -> str:
        """Draw one of these."""
        return self.rng.choice(choices)

    def real(self, low: float, high: float) -> str:
        """Draw a number's text."""
        if self.maybe(self.oddness):
            return self.one(ODD_REALS)
        return self.one(("{:.4g}", "{:.4g}", "{:.4g}", "{:g}", "{:.3e}", "{:+.17g}", "{:.2f}")).format(
            self.rng.uniform(low, high)
        )

    def count(self, low: int, high: int) -> str:
        """Draw the text of a whole number that costs no more than the number itself."""
        return self.one(ODD_COUNTS) if self.maybe(self.oddness) else str(self.rng.randint(low, high))

    def share(self, most: int) -> int:
        """Draw a number of steps of one kind, taken from the work that is left."""
        taken = self.rng.randint(1, max(1, min(most, int(self.steps_left))))
        self.steps_left /= taken
        return taken

    def spelled(self, option: str) -> str:
        """Draw a spelling that the reference's substring search may take for the option, or for another."""
        if not self.maybe(self.oddness):
            return option
        before, after = self.one(("", "", "-", "-x", "-my")), self.one(("", "", "X", "s", "_0", "_rotx", "2"))
        return before + option + after
