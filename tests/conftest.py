"""What several test modules share."""

import os
import signal
from importlib import import_module
from pathlib import Path

import pytest

from c_reference.programs import NAMES
from c_reference.runners import InProcess


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run tests marked slow (or set NBPORT_SLOW=1)")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes from seconds to minutes; needs --slow or NBPORT_SLOW=1")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow") or os.environ.get("NBPORT_SLOW") == "1":
        return
    skip = pytest.mark.skip(reason="slow: give --slow or set NBPORT_SLOW=1")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def no_dump_left_in_the_clone():
    """A dump beside the tests would be read by every test that renders there without structure factors of its own."""
    dump = Path(__file__).resolve().parent.parent / "Fdump.bin"
    assert not dump.exists(), f"{dump} is in the way: remove it"
    yield
    assert not dump.exists(), f"a test wrote {dump}"


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_not_ignored():
    """As it is in what a shell runs in the background, with all its children, which are then not to be interrupted."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def nbport_command():
    """The command under test, as a runner inside this process."""
    from nbport.cli.nanobragg_command import main

    return InProcess(main)


@pytest.fixture(scope="session")
def nbport_command_fixed():
    """The command under test with upstream's corrections."""
    from nbport.cli.nanobragg_command import main

    return InProcess(main, prefix=("--fix", "upstream"))


@pytest.fixture(scope="session")
def program_runners(nbport_command):
    """nanoBragg and its companions, as runners inside this process by name."""
    commands = {name: import_module(f"nbport.programs.{name.lower()}.command").main for name in NAMES}
    return {**{name: InProcess(main) for name, main in commands.items()}, "nanoBragg": nbport_command}
