"""The tool of deliberate faults: it notices what a test notices, finds its places again, and says so if it cannot."""

import os
from pathlib import Path

import pytest

from tests.mutants import workplace
from tests.mutants.__main__ import all_faults
from tests.mutants.by_hand import BY_HAND
from tests.mutants.fault import Fault, NotThere
from tests.mutants.generator import candidates, chosen
from tests.mutants.journal import Journal
from tests.mutants.modules import MODULES, Module
from tests.mutants.unseen import UNSEEN
from tests.mutants.workplace import NOT_COPIED, ROOT, Outcome, RedBefore, Workplace, affected

TOY = '''"""A toy."""


def distance(x, y, scale=1.0):
    """Of two places."""
    if x == y:
        return 0.0
    while y < x:
        x, y = y, x
    return (y - x) * scale
'''
TOY_TEST = """from nbport.toy import distance


def test_distance():
    assert distance(1, 3) == distance(3, 1) == 2
    assert distance(1, 1) == 0
"""
WRONG = Fault("toy", "distance", "(y - x)", "(y + x)", "a planted fault")
# two places that are the same are 0 apart without being asked about, too
SAME = Fault("toy", "distance", "x == y", "False", "a fault that changes nothing")
ENDLESS = Fault("toy", "distance", "x, y = y, x", "pass", "a loop without end")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The root of a small tree of one module and one test."""
    root = tmp_path / "root"
    for folder in ("nbport", "kernels", "tests", "build"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").write_text("")
    (root / "nbport" / "__init__.py").write_text(
        "from pathlib import Path\n__path__.append(str(Path(__file__).parents[1]))\n"
    )
    (root / "nbport" / "toy.py").write_text(TOY)
    (root / "tests" / "test_toy.py").write_text(TOY_TEST)
    monkeypatch.setattr(workplace, "WARMING", ())
    monkeypatch.setitem(MODULES, "toy", Module("nbport/toy.py", ("tests/test_toy.py",), 3))
    return root


def test_fault_is_killed_one_that_changes_nothing_survives_and_an_endless_one_is_ended(toy, tmp_path, monkeypatch):
    place = Workplace(tmp_path / "place", toy)
    killed = place.try_fault(WRONG)
    assert (killed.verdict, killed.by) == ("killed", "tests/test_toy.py::test_distance")
    assert place.try_fault(SAME).verdict == "survived"
    monkeypatch.setattr(workplace, "LEAST", 1.0)
    monkeypatch.setattr(workplace, "PATIENCE", 0.0)
    assert place.try_fault(ENDLESS).verdict == "timed out"
    assert (toy / "nbport" / "toy.py").read_text() == TOY


def test_tests_that_fail_without_a_fault_are_refused(toy, tmp_path):
    (toy / "tests" / "test_toy.py").write_text("def test_nothing():\n    assert 0\n")
    with pytest.raises(RedBefore, match="without any fault: killed: tests/test_toy.py::test_nothing"):
        Workplace(tmp_path / "place", toy).try_fault(WRONG)


def test_every_fault_finds_its_place_and_there_are_two_hundred():
    faults = all_faults(ROOT)
    assert len({fault.key for fault in faults}) == len(faults) >= 200
    assert set(BY_HAND) <= set(faults)
    assert set(UNSEEN) <= {fault.key for fault in faults}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (WRONG._replace(function="length"), "no such function"),
        (WRONG._replace(before="(y + x)"), "not found"),
        (WRONG._replace(before="y"), "found more than once"),
        (WRONG._replace(after="(y"), "no Python with it"),
    ],
)
def test_fault_without_its_place_is_refused(fault, reason):
    with pytest.raises(NotThere, match=reason):
        fault.put_into(TOY)


def test_faults_of_every_kind_are_made_each_of_one_place():
    source = (ROOT / "nbport" / "view" / "spots.py").read_text()
    found = candidates(source, "view.spots")
    assert {fault.kind for fault in found} == set(
        "operator comparison constant condition statement arguments sign".split()
    )
    for fault in found:
        assert fault.put_into(source) != source
        assert "\n-" in fault.difference(source) and "\n+" in fault.difference(source)


def test_choice_does_not_change_with_what_is_added_elsewhere(toy):
    before = chosen(toy, "toy")
    (toy / "nbport" / "toy.py").write_text(TOY.replace('"""A toy."""', '"""A toy."""\n\n\ndef nothing():\n    pass'))
    assert chosen(toy, "toy") == before and len(before) == 3


def test_kernels_of_whatever_imports_a_changed_source_are_compiled_anew():
    stems = affected(ROOT, "kernels/terms.py")
    assert {"terms", "certified", "mixed", "device_body"} <= stems
    assert not {"random", "certificate", "interpolation", "reference"} & stems
    assert affected(ROOT, "nbport/system/files.py") == set()


def test_every_source_is_copied():
    for folder in ("nbport", "kernels", "tests", "c_reference"):
        for path, folders, files in os.walk(ROOT / folder):
            assert NOT_COPIED(path, folders + files) <= {"__pycache__"}


def test_last_verdict_counts_and_survivors_with_a_reason_are_unseen(tmp_path, monkeypatch):
    path = Path(tmp_path, "folder", "verdicts.jsonl")
    Journal(path).add(SAME, Outcome("killed", 1.0, "a test"))
    Journal(path).add(SAME, Outcome("survived", 1.0, ""))
    assert Journal(path).verdict(SAME) == "survived"
    assert Journal(path).verdict(WRONG) is None
    monkeypatch.setitem(UNSEEN, SAME.key, "it changes nothing")
    assert Journal(path).verdict(SAME) == "unseen"
