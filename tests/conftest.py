"""What several test modules share."""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from c_reference.cases import HERE
from c_reference.programs import NAMES
from c_reference.runners import InProcess


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run tests marked slow (or set NBPORT_SLOW=1)")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow") or os.environ.get("NBPORT_SLOW") == "1":
        return
    skip = pytest.mark.skip(reason="slow: give --slow or set NBPORT_SLOW=1")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config, specs):
    """Compile the kernels that most tests need, before workers start to compile them all at once."""
    code = "import sys; from nbport.cli.nanobragg_command import main; sys.exit(main(sys.argv[1:]))"
    crystal = "-cell 50 60 70 90 90 90 -default_F 100 -N 5 -detpixels 4 -distance 100 -lambda 1 -seed 1".split()
    with tempfile.TemporaryDirectory(prefix="warm-up-") as folder:
        environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
        for own in (["--kernel", "reference"], ["--kernel", "certified"], ["--device", "cpu-body"]):
            command = [sys.executable, "-c", code, *own, *crystal]
            subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def pytest_terminal_summary(terminalreporter):
    """Sum up what was skipped, and why."""
    # a skipped test has (file, line, reason) for its longrepr
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    if reasons:
        terminalreporter.section("skipped")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:6d}  {' '.join(reason.split())}")


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
