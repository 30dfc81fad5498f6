"""The commands; see the package's docstring."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from . import __doc__ as description
from .by_hand import BY_HAND
from .fault import Fault
from .generator import chosen
from .journal import VERDICTS, Journal
from .modules import MODULES
from .unseen import UNSEEN
from .workplace import ROOT, RedBefore, Workplace

PLACE = ROOT / "build" / "mutants"


def all_faults(root: Path, modules: list[str] | None = None) -> list[Fault]:
    """Those of some modules or of all; in each the written ones first. Every one can be put in.

    Raises
    ------
    NotThere
        If a source has changed under a written one.
    """
    faults = []
    for name in modules or MODULES:
        faults += [fault for fault in BY_HAND if fault.module == name] + chosen(root, name)
    sources = {name: (root / MODULES[name].path).read_text() for name in MODULES}
    for fault in faults:
        fault.put_into(sources[fault.module])
    unlike: dict[str, Fault] = {}
    for fault in faults:
        unlike.setdefault(fault.key, fault)
    return list(unlike.values())


def main(argv: list[str] | None = None) -> int:
    """The exit status: 0, or 1 from `report` if a fault survived or has no verdict."""
    arguments = _parser().parse_args(argv)
    faults = all_faults(ROOT, arguments.modules)
    journal = Journal(PLACE / "verdicts.jsonl")
    if arguments.command == "list":
        for fault in faults:
            print(fault.title)
    elif arguments.command == "show":
        _show(faults, journal, arguments.verdict)
    elif arguments.command == "report":
        return _report(faults, journal)
    else:
        _run(faults, journal, arguments.shard, arguments.again)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests.mutants", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("list", "run", "show", "report"))
    parser.add_argument("verdict", nargs="?", choices=VERDICTS, default="survived", help="for show")
    parser.add_argument("--modules", nargs="+", choices=MODULES, metavar="NAME", help="only faults of these")
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="K/N", help="only every N-th fault")
    parser.add_argument("--again", choices=(*VERDICTS, "all"), help="also those that have this verdict")
    return parser


def _shard(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    if not 1 <= int(number) <= int(of):
        raise ValueError(text)
    return int(number), int(of)


def _run(faults: list[Fault], journal: Journal, shard: tuple[int, int], again: str | None) -> None:
    number, of = shard
    faults = faults[number - 1 :: of]
    waiting = [fault for fault in faults if journal.verdict(fault) in (None, again) or again == "all"]
    workplace = Workplace(PLACE / f"place-{number}")
    red: set[str] = set()
    for count, fault in enumerate(waiting, 1):
        if fault.module in red:
            continue
        try:
            outcome = workplace.try_fault(fault)
        except RedBefore as error:
            print(f"{fault.module}: left out: {error}", file=sys.stderr, flush=True)
            red.add(fault.module)
            continue
        journal.add(fault, outcome)
        verdict = journal.verdict(fault)
        print(f"{count} of {len(waiting)}: {verdict}, {outcome.seconds:.0f} s: {fault.title} {outcome.by}", flush=True)
        if verdict == "survived":
            print(fault.difference((ROOT / MODULES[fault.module].path).read_text()), flush=True)


def _show(faults: list[Fault], journal: Journal, verdict: str) -> None:
    for fault in faults:
        if journal.verdict(fault) == verdict:
            print(fault.difference((ROOT / MODULES[fault.module].path).read_text()))
            print("noticed by:" if journal.by(fault) else UNSEEN.get(fault.key, ""), journal.by(fault), "\n")


def _report(faults: list[Fault], journal: Journal) -> int:
    found = {name: Counter() for name in MODULES}
    for fault in faults:
        found[fault.module][journal.verdict(fault) or "not run"] += 1
    columns = (*VERDICTS, "not run")
    print("| module | faults | " + " | ".join(columns) + " |\n| --- |" + " ---: |" * (len(columns) + 1))
    rows = [*found.items(), ("all", sum(found.values(), Counter()))]
    for name, counts in rows:
        if counts:
            print(f"| {name} | {counts.total()} | " + " | ".join(str(counts[column]) for column in columns) + " |")
    counts = rows[-1][1]
    noticed, tried = counts["killed"] + counts["timed out"], counts.total() - counts["not run"]
    print(f"\n{noticed} of {tried} were noticed: {100.0 * noticed / max(tried, 1):.1f} %")
    return 1 if counts["survived"] or counts["not run"] else 0


if __name__ == "__main__":
    sys.exit(main())
