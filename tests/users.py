"""Other users of this machine, for tests of what they must not be able to do; only root can become one."""

import os
import pickle
import random
import shutil
import signal
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path

import pytest

SECONDS = 60
SHARED = Path("/tmp")
two_users = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: another user; only root can become one")


def new_user():
    """Number of a user that nobody is, and that has no group of a name."""
    return random.randrange(2_000_000_000, 2_100_000_000)


def as_user(user, function, *arguments):
    """Result of a function in a process of that user.

    What it imports must have been imported before: the user may not be able to read this project.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            os.umask(0o022)
            found = True, function(*arguments)
        except BaseException:
            found = False, traceback.format_exc()
        with open(writing, "wb") as out:
            out.write(pickle.dumps(found))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    succeeded, result = pickle.loads(content) if content else (False, "the process was killed")
    assert succeeded, result
    return result


@contextmanager
def swept(*paths):
    """Remove afterwards what users left in the shared folder."""
    try:
        yield
    finally:
        for path in paths:
            if path.is_symlink() or path.is_file():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)


def new_name():
    """Path in the shared folder that does not exist."""
    return SHARED / f"nbport-test-{next(tempfile._get_candidate_names())}"
