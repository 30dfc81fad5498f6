"""Folders that others own, can write, have made before, or have put links into."""

import errno
import os
import stat
import subprocess
from types import SimpleNamespace

import pytest

from nbport.system import trusted_folder as module
from nbport.system.trusted_folder import UntrustedFolder, trusted_folder
from tests.users import SHARED, as_user, new_name, new_user, swept, two_users

EVERYBODY = 0o777
SOMEBODY = 65533


@pytest.fixture
def place(tmp_path):
    """A folder of the user's own, below others of the kind."""
    return tmp_path.resolve()


def refused(path):
    with pytest.raises(UntrustedFolder) as caught:
        trusted_folder(str(path))
    text = str(caught.value)
    assert "\n" not in text
    return text


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# -- what is taken


def test_missing_folders_are_made_for_the_user_alone(place):
    before = os.umask(0)
    try:
        assert trusted_folder(f"{place}/a//./b/../c/d/") == f"{place}/a/c/d"
    finally:
        os.umask(before)
    assert {mode(place / name) for name in ("a", "a/b", "a/c", "a/c/d")} == {0o700}


def test_folder_that_is_there_is_taken_again(place):
    for _ in "ab":
        assert trusted_folder(str(place / "a")) == str(place / "a")
    assert os.listdir(place / "a") == []


def test_home_behind_links_is_taken_and_the_path_has_none(place):
    (place / "export/home/me").mkdir(parents=True)
    (place / "home").symlink_to("export/home")
    (place / "export/home/me/.cache").symlink_to(place / "home/../scratch/.")
    (place / "export/scratch").mkdir()
    assert trusted_folder(str(place / "home/me/.cache/x")) == str(place / "export/scratch/x")


def test_folder_on_the_way_that_can_only_be_passed_is_taken(place):
    (place / "home").mkdir(mode=0o711)
    assert trusted_folder(str(place / "home/me")) == str(place / "home/me")


def test_shared_folder_takes_a_folder_of_the_users_own():
    path = new_name()
    with swept(path):
        assert trusted_folder(str(path / "x")) == str(path.resolve() / "x")
        assert mode(path) == mode(path / "x") == 0o700


# -- what others can write


@pytest.mark.parametrize("bits", [0o777, 0o757, 0o702])
@pytest.mark.parametrize("where", ["last", "before"])
def test_folder_that_everybody_can_write_is_refused(place, bits, where):
    path = place / "open"
    path.mkdir()
    path.chmod(bits)
    assert f"{path}: " in refused(path if where == "last" else path / "x")
    assert os.listdir(path) == []


def test_shared_folder_itself_is_refused(place):
    place.chmod(0o1777)
    assert f"{place}: belongs to user {os.geteuid()}, mode 1777, expected user" in refused(place)


@pytest.mark.parametrize("bits", [0o710, 0o701, 0o755, 0o750])
@pytest.mark.parametrize("shared", [False, True])
def test_last_folder_and_what_follows_a_shared_one_must_be_for_the_user_alone(place, bits, shared):
    place.chmod(0o1777 if shared else 0o700)
    path = place / "own"
    path.mkdir()
    path.chmod(bits)
    assert f"{path}: belongs to user {os.geteuid()}, mode {bits:04o}, expected" in refused(path)
    if shared:
        assert f"{path}: belongs to user" in refused(path / "x")
    else:
        assert trusted_folder(str(path / "x")) == str(path / "x")


def test_link_in_a_shared_folder_is_refused_even_if_it_is_the_users_own(place):
    (place / "shared").mkdir()
    (place / "shared").chmod(0o1777)
    (place / "own").mkdir(mode=0o700)
    (place / "shared/link").symlink_to(place / "own")
    assert f"{place}/shared/link: found a link in a folder that others can write" in refused(place / "shared/link/x")


class Groups:
    """What this machine knows of the user and of a group."""

    def __init__(self, monkeypatch):
        self.user = SimpleNamespace(pw_uid=1000, pw_gid=os.getegid(), pw_name="me")
        self.group = SimpleNamespace(gr_name="me", gr_mem=[])
        monkeypatch.setattr("pwd.getpwuid", lambda uid: self.user)
        monkeypatch.setattr("grp.getgrgid", lambda gid: self.group)


def test_folder_that_the_group_can_write_is_taken_if_the_group_is_the_users_private_one(place, monkeypatch):
    groups = Groups(monkeypatch)
    (place / "home").mkdir()
    (place / "home").chmod(0o2775)
    for members in ([], ["me"]):
        groups.group.gr_mem = members
        assert trusted_folder(str(place / "home/x")) == str(place / "home/x")


@pytest.mark.parametrize("why", ["members", "name", "not primary", "root's", "unknown"])
def test_folder_that_another_group_can_write_is_refused(place, monkeypatch, why):
    groups = Groups(monkeypatch)
    if why == "members":
        groups.group.gr_mem = ["me", "you"]
    elif why == "name":
        groups.group.gr_name = "users"
    elif why == "not primary":
        groups.user.pw_gid += 1
    elif why == "root's":
        groups.user.pw_uid = 0
    else:

        def unknown(gid):
            raise KeyError(gid)

        monkeypatch.setattr("grp.getgrgid", unknown)
    (place / "home").mkdir()
    (place / "home").chmod(0o775)
    assert refused(place / "home/x") == f"{place}/home: others can write it, mode 0775"


def test_private_group_does_not_hide_an_access_list(place, monkeypatch):
    Groups(monkeypatch)
    (place / "home").mkdir()
    (place / "home").chmod(0o770)
    if not hasattr(os, "setxattr"):
        pytest.skip("no POSIX access control lists here")
    rows = [(1, 7, -1), (2, 7, SOMEBODY), (4, 0, -1), (16, 7, -1), (32, 0, -1)]  # user::rwx, user:SOMEBODY:rwx, ...
    content = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + (who & 0xFFFFFFFF).to_bytes(4, "little")
        for tag, rights, who in rows
    )
    try:
        os.setxattr(place / "home", "system.posix_acl_access", content)
    except OSError as error:
        pytest.skip(f"this file system takes no access control lists: {error}")
    assert mode(place / "home") == 0o770
    assert "others can write it" in refused(place / "home/x")


# -- what belongs to others


@two_users
@pytest.mark.parametrize("where", ["last", "before"])
@pytest.mark.parametrize("bits", [0o700, 0o755, 0o000])
def test_folder_of_somebody_else_is_refused(place, where, bits):
    path = place / "theirs"
    path.mkdir()
    path.chmod(bits)
    os.chown(path, SOMEBODY, SOMEBODY)
    assert f"{path}: belongs to user {SOMEBODY}" in refused(path if where == "last" else path / "x")
    assert os.listdir(path) == []


@two_users
def test_link_of_somebody_else_is_refused(place):
    (place / "own").mkdir(mode=0o700)
    (place / "link").symlink_to("own")
    os.chown(place / "link", SOMEBODY, SOMEBODY, follow_symlinks=False)
    assert f"{place}/link: belongs to user {SOMEBODY}, expected user 0 or root" in refused(place / "link")


def make_folder(path, bits=EVERYBODY):
    path.mkdir()
    path.chmod(bits)


@two_users
@pytest.mark.parametrize("bits", [0o700, 0o755, 0o777, 0o1777])
def test_folder_that_another_user_made_first_is_refused(bits):
    attacker, victim, path = new_user(), new_user(), new_name()
    with swept(path):
        as_user(attacker, make_folder, path, bits)
        assert f"{path}: belongs to user {attacker}" in as_user(victim, refused, path)
        assert f"{path}: belongs to user {attacker}" in as_user(victim, refused, path / "x")
        assert list(path.iterdir()) == []


@two_users
def test_folder_of_root_is_not_taken_by_another_user():
    user, path = new_user(), new_name()
    with swept(path):
        path.mkdir(mode=0o700)
        assert f"{path}: belongs to user 0, mode 0700, expected user {user}" in as_user(user, refused, path)


@two_users
def test_another_user_gets_a_folder_of_their_own_in_the_shared_one():
    user, path = new_user(), new_name()
    with swept(path):
        assert as_user(user, trusted_folder, str(path / "x")) == str(path / "x")
        assert (path.stat().st_uid, mode(path)) == (user, 0o700)


@two_users
def test_link_of_another_user_to_a_shared_folder_is_refused():
    attacker, victim, path = new_user(), new_user(), new_name()
    with swept(path):
        as_user(attacker, path.symlink_to, SHARED)
        assert f"{path}: found a link" in as_user(victim, refused, path)
        assert f"{path}: found a link" in as_user(victim, refused, path / f"nbport-{victim}")


@two_users
def test_folder_that_was_exchanged_while_it_was_checked_is_noticed(place, monkeypatch):
    """Between the look for a link and the opening, a folder becomes a link."""
    (place / "shared").mkdir()
    (place / "shared").chmod(0o1777)
    (place / "shared/x").mkdir(mode=0o700)
    (place / "bait").mkdir(mode=0o700)
    enter = module._enter

    def exchanged(step, folder, may_make):
        if step == "x":
            (place / "shared/x").rename(place / "shared/old")
            (place / "shared/x").symlink_to(place / "bait")
        return enter(step, folder, may_make)

    monkeypatch.setattr(module, "_enter", exchanged)
    with pytest.raises(NotADirectoryError):
        trusted_folder(str(place / "shared/x"))


# -- what cannot be used

UNUSABLE = {
    "file": (lambda path: path.write_text("x"), errno.ENOTDIR),
    "pipe": (os.mkfifo, errno.ENOTDIR),
    "link to nowhere": (lambda path: path.symlink_to("nowhere"), errno.ENOENT),
    "link to a file": (lambda path: path.symlink_to("/etc/passwd"), errno.ENOTDIR),
    "link to itself": (lambda path: path.symlink_to(path), errno.ELOOP),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("below", ["", "x"])
def test_what_is_no_folder_is_an_os_error(place, kind, below):
    make, expected = UNUSABLE[kind]
    make(place / "bad")
    with pytest.raises(OSError) as caught:
        trusted_folder(str(place / "bad" / below))
    assert caught.value.errno == expected
    assert os.listdir(place) == ["bad"]


def test_name_that_cannot_be_is_an_error(place):
    with pytest.raises(OSError):
        trusted_folder(str(place / ("x" * 300)))
    for odd in (f"{place}/a\0b", "relative"):
        with pytest.raises(ValueError):
            trusted_folder(odd)


@two_users
def test_folder_that_nobody_may_enter_is_an_os_error():
    victim, path = new_user(), new_name()
    with swept(path):
        as_user(victim, make_folder, path, 0o000)
        with pytest.raises(AssertionError, match="PermissionError"):
            as_user(victim, trusted_folder, str(path))
        with pytest.raises(AssertionError, match="PermissionError"):
            as_user(victim, trusted_folder, str(path / "x"))


@two_users
def test_disk_that_cannot_be_written_is_an_os_error(place):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "none", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no read-only disk: {mounted.stderr.decode()}")
    try:
        for path in (place, place / "x"):
            with pytest.raises(OSError) as caught:
                trusted_folder(str(path))
            assert caught.value.errno == errno.EROFS
    finally:
        subprocess.run(["umount", place], check=True)


def test_no_descriptor_is_left_open(place):
    before = os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else pytest.skip("no /proc")
    trusted_folder(str(place / "a"))
    refused(SHARED)
    with pytest.raises(OSError):
        trusted_folder(str(place / ("x" * 300)))
    assert os.listdir("/proc/self/fd") == before
