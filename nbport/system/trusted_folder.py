"""Folders into which nobody else can put anything, for files that run when they are loaded.

Whoever can write a cache of compiled code can run programs as its user. A folder is trusted if, after links are
resolved, every component of its path

- belongs to root or to the user, and
- can be written by nobody else, or is shared and sticky like /tmp. What follows a shared folder must be a real folder
  of the user's own, with mode 0700: everybody can make a folder or a link of any name there, but not in the name of
  somebody else.

The last component is always the user's own, with mode 0700: so the files and folders in it are out of reach, whatever
their own modes are. Missing folders are made with mode 0700, but not at the end of a link that leads nowhere.

*While it is checked* nothing can be exchanged: every component is opened relative to the descriptor of the one before,
never through a link, and judged by its own descriptor. *Afterwards* the path may be used by name, as Numba does: to let
it mean another folder, one would have to rename, remove or replace one of its components, which takes the right to
write the folder that holds it; in a sticky folder, the component itself must be one's own, too. Only root and
the user have that, and they need no trick. The path that is returned has no links, so there are no others to follow.

A folder that its group can write is trusted only if the group is the user's private one: the primary group, named
like the user, without further members, and not root's. Systems that give each user a group also let new folders be
written by it. That nobody else has it as primary group is not looked up, which would take the whole list of users.
Access control lists of Linux (POSIX) hide behind the rights of the group, so a list takes away that exception; those of
NFSv4 and macOS are not seen.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import tempfile

# O_PATH: a folder on the way may be one that can be passed through but not listed
OPEN_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
MOST_LINKS = 40
ROOT = 0


class UntrustedFolder(Exception):
    """Somebody else can, or could, write there. The text is one line: where, found, expected."""


def trusted_folder(path: str) -> str:
    """Make a folder, or take the one that is there, if nobody but its user and root can put anything into it.

    Parameters
    ----------
    path : str
        Absolute.

    Returns
    -------
    str
        Its path without links. It can be written, and means this folder from now on: see above.

    Raises
    ------
    UntrustedFolder
        If a component belongs to somebody else or can be written by others.
    OSError, ValueError
        If it cannot be made, entered or written.
    """
    if not os.path.isabs(path):
        raise ValueError(f"{path}: not an absolute path")
    waiting = [(step, True) for step in _steps(path)]
    real: list[str] = []
    shared, links = False, 0
    here = os.open("/", OPEN_FOLDER)
    try:
        while waiting:
            step, may_make = waiting.pop()
            place = _moved(real, step)
            target = _link_target(step, here, _joined(place), shared)
            if target is not None:
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                waiting += [(part, False) for part in _steps(target)]
                continue
            entered = _enter(step, here, may_make)
            os.close(here)
            here, real = entered, place
            if shared and step not in ("/", ".."):
                _must_be_private(here, _joined(real))
            shared = _is_shared(here, _joined(real))
        _must_be_private(here, _joined(real))
    finally:
        os.close(here)
    with tempfile.TemporaryFile(dir=_joined(real)):
        # permissions do not tell: root may write where nothing can be made
        return _joined(real)


def _steps(path: str) -> list[str]:
    """What to enter one after the other, the last one first."""
    names = [name for name in reversed(path.split("/")) if name not in ("", ".")]
    return [*names, "/"] if os.path.isabs(path) else names


def _moved(place: list[str], step: str) -> list[str]:
    """Names of the folders down to where a step leads."""
    return {"/": [], "..": place[:-1]}.get(step, [*place, step])


def _joined(names: list[str]) -> str:
    return "/" + "/".join(names)


def _link_target(name: str, folder: int, path: str, shared: bool) -> str | None:
    """Where a link leads; None if it is something else, or not there."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if shared:
        raise UntrustedFolder(f"{path}: found a link in a folder that others can write, expected a folder")
    _must_be_ours(status, path)
    return os.readlink(name, dir_fd=folder)


def _enter(name: str, folder: int, may_make: bool) -> int:
    """Descriptor of a folder in another one."""
    try:
        return os.open(name, OPEN_FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not may_make:
            raise
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        pass  # somebody was faster; whose it is will be seen
    return os.open(name, OPEN_FOLDER, dir_fd=folder)


def _must_be_ours(status: os.stat_result, path: str) -> None:
    if status.st_uid not in (ROOT, os.geteuid()):
        raise UntrustedFolder(f"{path}: belongs to user {status.st_uid}, expected user {os.geteuid()} or root")


def _must_be_private(folder: int, path: str) -> None:
    status = os.fstat(folder)
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid != os.geteuid() or mode & 0o077:
        raise UntrustedFolder(
            f"{path}: belongs to user {status.st_uid}, mode {mode:04o}, expected user {os.geteuid()}, mode 0700"
        )


def _is_shared(folder: int, path: str) -> bool:
    """Whether others can make files there, but not remove those of the user; refused if they can do both."""
    status = os.fstat(folder)
    _must_be_ours(status, path)
    mode = stat.S_IMODE(status.st_mode)
    if not mode & stat.S_IWOTH and not (mode & stat.S_IWGRP and not _is_private_group(folder, status.st_gid)):
        return False
    if mode & stat.S_ISVTX:
        return True
    raise UntrustedFolder(f"{path}: others can write it, mode {mode:04o}")


def _is_private_group(folder: int, group: int) -> bool:
    """Whether what a folder's group may do, the user alone may do."""
    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    named_alike = user.pw_uid != ROOT and user.pw_gid == group and user.pw_name == entry.gr_name
    return named_alike and set(entry.gr_mem) <= {user.pw_name} and not _has_access_list(folder)


def _has_access_list(folder: int) -> bool:
    if not hasattr(os, "getxattr"):
        return False
    try:
        # by name, since a descriptor of O_PATH has no attributes
        os.getxattr(f"/proc/self/fd/{folder}", "system.posix_acl_access")
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.ENOTSUP)
    return True
