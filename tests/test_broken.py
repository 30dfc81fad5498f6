"""Broken input files: every run ends with an image or with one line that says what is wrong."""

import os
import random

import pytest

from nbport.system.machine import peak_memory
from tests.broken import fault, nbport_runner, outcome, reference_runner, trials, warm_up
from tests.broken_files import KINDS

MOST_MEMORY = 2**30  # bytes that this may add to those of the process
SLOW_PLACES = ("/dev/zero", "named pipe without a writer")


@pytest.fixture(scope="module", autouse=True)
def _warm():
    warm_up()


@pytest.mark.parametrize("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_every_damage_ends_well(kind, monkeypatch):
    monkeypatch.setattr("nbport.formats.images.PATIENCE", 1.0)
    before = peak_memory()
    ended = []
    for trial in trials(random.Random(5), 1, [kind]):
        if trial.damage not in SLOW_PLACES or kind.label in ("matrix", "source file"):
            got = trial.run(nbport_runner(kind))
            ended.append((trial.damage, fault(kind, got)))
    assert len(ended) > 20
    assert [end for end in ended if end[1]] == []
    assert peak_memory() - before < MOST_MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=[kind.label for kind in KINDS])
def test_many_damages_end_well_and_with_the_bytes_of_the_reference(kind):
    reference = os.environ.get("NANOBRAGG_REFERENCE")
    if reference is None and not kind.ours_alone:
        pytest.skip("no reference program: set NANOBRAGG_REFERENCE")
    faults = []
    for trial in trials(random.Random(6), 10, [kind]):
        got = trial.run(nbport_runner(kind))
        expected = again = None
        if not kind.ours_alone:
            expected = trial.run(reference_runner(reference))
            again = trial.run(reference_runner(reference, {"MALLOC_PERTURB_": "165"}))
        faults.append((trial.damage, outcome(trial, got, expected, again)[0]))
    assert [found for found in faults if found[1].startswith("FAULT")] == []
