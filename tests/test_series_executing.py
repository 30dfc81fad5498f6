"""Rows of processes that die: each is tried once more, and never lost without a word."""

import os
import signal
from pathlib import Path

import pytest

from nbport.series import executing
from nbport.series.rendering import Outcome
from nbport.series.rows import Row


def dies_at_row_2(connection, folder, threads):
    """Stands for the renderer: its process dies of row 2, as often as the folder's file says."""
    deaths = Path(folder, "deaths")
    while True:
        try:
            row = connection.recv()
        except EOFError:
            return
        left = int(deaths.read_text())
        if row.number == 2 and left:
            deaths.write_text(str(left - 1))
            os.kill(os.getpid(), signal.SIGKILL)
        connection.send(Outcome(row.number, {"by": "a process"}))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("deaths", [0, 1, 2])
def test_every_row_has_an_outcome_however_often_its_process_dies(tmp_path, monkeypatch, deaths, jobs):
    (tmp_path / "deaths").write_text(str(deaths))
    monkeypatch.setattr(executing, "_serve", dies_at_row_2)
    rows = [Row(number, (), ("float",)) for number in (1, 2, 3)]
    outcomes = list(executing.in_processes(rows, str(tmp_path), jobs, 1))
    assert sorted(outcome.number for outcome in outcomes) == [1, 2, 3]
    errors = {outcome.number: outcome.error for outcome in outcomes if outcome.record is None}
    assert errors == ({2: "its process died twice (signal 9)"} if deaths == 2 else {})
    assert (tmp_path / "deaths").read_text() == "0"
