"""What a worker may do: another user, no capabilities, no way back.

The worker parses what the network sends. The supervisor may need rights to open what a feed has
(ports, an interface's packets, locked memory); the worker uses what is open and needs none. So it gives
up, in this order, each step needing what a later one takes away::

    bounding set       emptied, where CAP_SETPCAP allows it
    ambient set        emptied
    groups, gid, uid   those of the user, real, effective, saved
    capability sets    effective, permitted, inheritable emptied
    no_new_privs       no program that it could start would give any of it back
    parent's death     asked for again: the kernel forgets it when ids change

and then looks whether all of it is so, and whether the way back is shut. A worker that cannot give up
its rights does not work.

What this guarantees: a process that owns the feed's memory and its sockets, and nothing else. Another
process of the same user cannot trace it either, because the kernel marks a process whose ids changed as
not dumpable. What it does not: a worker that was taken over can still write wrong records.

Whether a user can be changed to depends on ids, capabilities and user namespaces. That is not computed
but tried, by :func:`rehearse`, in a child that does nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
from dataclasses import dataclass
from typing import NoReturn

from zerofeed.base.errors import ConfigurationError, ResourceError, ZerofeedError

__all__ = ["Account", "die_with", "drop", "find_account", "rehearse", "rights"]

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_NO_NEW_PRIVS = 39
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64
_SETTING = "worker.user"
_WENT_WELL = b"\0"
_ANSWER_BYTES = 4096

_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """32 capabilities; the kernel takes two of these, the lower ones first."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """A user to become.

    Attributes:
        name: of the user.
        uid: its number, never 0.
        gid: its group.
        groups: all its groups, its own included.
    """

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def find_account(name: str) -> Account:
    """Look a user up.

    Args:
        name: of the user, or its number.

    Raises:
        ConfigurationError: there is no such user, or it is root.
    """
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except (KeyError, OverflowError) as error:
        raise ConfigurationError(
            "there is no such user",
            where=_SETTING,
            expected="a name or number from /etc/passwd",
            got=repr(name),
            next_step="make the user, for instance with `useradd --system`, or leave the key out",
        ) from error
    if entry.pw_uid == 0:
        raise ConfigurationError(
            "root is no user without rights",
            where=_SETTING,
            got=repr(name),
            next_step="name an ordinary user",
        )
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, tuple(sorted(groups)))


def rights() -> int:
    """Read this thread's capabilities, effective, permitted or inheritable, as a bit mask."""
    sets = (_Sets * 2)()
    _check(_libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets), "capget")
    low, high = (each.effective | each.permitted | each.inheritable for each in sets)
    return int(low | high << 32)


def die_with(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends; end it if that has happened.

    Args:
        parent_pid: process that forked this one.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(0)


def drop(account: Account | None, parent_pid: int) -> None:
    """Give up all rights of this process, for good. For a forked child, with one thread.

    Args:
        account: user to become; None: stay who this is, and give up the capabilities if it is
            not root, whose worker stays as it is.
        parent_pid: process to die with.

    Raises:
        ResourceError: the kernel refuses a step, or the rights are not gone.
    """
    die_with(parent_pid)
    if account is None and os.geteuid() == 0:
        return
    try:
        _forget_bounds()
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        uid, gid = os.geteuid(), os.getegid()
        if account is not None and uid != account.uid:
            uid, gid = account.uid, account.gid
            os.setgroups(account.groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        header = _Header(_CAPABILITY_VERSION_3, 0)
        _check(_libc.capset(ctypes.byref(header), (_Sets * 2)()), "capset")
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    except OSError as error:
        who = "have no capabilities" if account is None else f"become user {account.name}"
        raise _refused(f"the worker cannot {who} ({error.strerror})") from error
    die_with(parent_pid)
    _prove(uid, gid)


def rehearse(account: Account) -> None:
    """Try in a child whether a worker can become a user and still be ended by this process.

    Raises:
        ResourceError: it cannot; this process is what it was.
    """
    answers, answer = os.pipe()
    held, release = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _rehearse_and_exit(account, parent, answer, (held, release))
    os.close(answer)
    os.close(held)
    try:
        said = os.read(answers, _ANSWER_BYTES)
        can_end = _can_signal(pid)
    finally:
        # The child waits for this end to close, so that it is there to be asked about.
        os.close(release)
        os.close(answers)
        os.waitpid(pid, 0)
    if said != _WENT_WELL:
        raise _refused(said.decode() or f"the worker cannot become user {account.name}")
    if not can_end:
        raise _refused(f"a worker of user {account.name} could not be ended by its supervisor")


def _rehearse_and_exit(
    account: Account, parent_pid: int, answer: int, hold: tuple[int, int]
) -> NoReturn:
    """Drop rights in the child, say how that went, and wait to be let go."""
    held, release = hold
    said = b""
    try:
        os.close(release)
        drop(account, parent_pid)
        said = _WENT_WELL
    except ZerofeedError as error:
        said = error.what.encode()
    finally:
        os.write(answer, said)
        os.close(answer)
        os.read(held, 1)
        os._exit(0)


def _refused(what: str) -> ResourceError:
    return ResourceError(
        what,
        where=_SETTING,
        expected="CAP_SETUID, CAP_SETGID, CAP_KILL, and a user that this user namespace has",
        got=f"user {os.geteuid()} with capabilities {rights():#x}",
        next_step="run as root, give the service these capabilities, or leave worker.user out",
    )


def _forget_bounds() -> None:
    """Empty the bounding set; without CAP_SETPCAP it stays, and no_new_privs makes it useless."""
    for number in range(_MOST_CAPABILITIES):
        if _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) < 0:
            return


def _prove(uid: int, gid: int) -> None:
    """Look whether the rights are gone, and whether they can be had again.

    Args:
        uid: what every user id must be; not 0.
        gid: what every group id must be.

    Raises:
        ResourceError: not so; nothing may go on with what is left.
    """
    left = []
    if rights():
        left.append(f"capabilities {rights():#x}")
    if _libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        left.append("programs that it starts may have more")
    if os.getresuid() != (uid,) * 3 or os.getresgid() != (gid,) * 3:
        left.append(f"users {os.getresuid()}, groups {os.getresgid()}")
    # EPERM; EINVAL in a user namespace that has no root at all.
    with contextlib.suppress(OSError):
        os.setresuid(0, 0, 0)
        left.append("root again")
    if left:
        raise ResourceError(
            "the worker still has rights after it gave them up",
            where=_SETTING,
            expected="none",
            got=", ".join(left),
            next_step="report this with the kernel's version",
        )


def _can_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    return True


def _check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")
