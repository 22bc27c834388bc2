"""Two private networks with a cable between them: a venue in one, a feed in the other. For root.

::

    network of the feed                      network of the venue
    zf-feed  10.77.0.1  ◀──── veth pair ────▶  zf-venue  10.77.0.2

Nothing of the machine's own networks is touched or seen, so an XDP program on this cable takes no
packets away from anybody.

**What holds them.** The networks have no names. They live as long as a process is in one or holds
its descriptor, and with a network goes its end of the cable, which takes the other end along. So
nothing is left behind, however the processes end, SIGKILL included.

The process that enters is in the feed's network until it leaves; so are the processes that it forks
meanwhile. A socket stays in the network in which it was made: a sender is opened
:meth:`~PrivateNetworks.at_the_venue` and used anywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from zerofeed.base.errors import ResourceError

__all__ = ["FEED_ADDRESS", "FEED_SIDE", "VENUE_ADDRESS", "VENUE_SIDE", "PrivateNetworks", "inside"]

FEED_SIDE = "zf-feed"
"""The interface that a feed receives on."""
VENUE_SIDE = "zf-venue"
"""The interface that a venue sends from, in the other network."""
FEED_ADDRESS = "10.77.0.1"
VENUE_ADDRESS = "10.77.0.2"

_CLONE_NEWNET = 0x40000000
_OWN_NETWORK = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(network: int) -> Iterator[None]:
    """Be in a network for a while: this thread, and what it opens or forks meanwhile.

    Args:
        network: descriptor of a network namespace.
    """
    before = os.open(_OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _go(network)
        try:
            yield
        finally:
            _go(before)
    finally:
        os.close(before)


class PrivateNetworks:
    """Both networks, as a context manager; the block runs in the feed's.

    Attributes:
        venue: descriptor of the venue's network; forked processes have it as well.

    Raises:
        ResourceError: this process may not make networks, or the program ``ip`` is missing or
            refuses; nothing is left behind.
    """

    def __init__(self) -> None:
        self.venue = -1
        self._before = -1
        self._has_left = False

    def __enter__(self) -> Self:
        """Make them, and go into the feed's."""
        if shutil.which("ip") is None:
            raise ResourceError(
                "virtual interfaces cannot be made without the program `ip`",
                next_step="install the package iproute2",
            )
        self._before = os.open(_OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.venue = _new_network()
            self._has_left = True
            _ip("link set lo up")
            os.close(_new_network())
            _ip("link set lo up")
            there = f"/proc/{os.getpid()}/fd/{self.venue}"
            _ip(f"link add {FEED_SIDE} type veth peer name {VENUE_SIDE} netns {there}")
            with self.at_the_venue():
                _raise_end(VENUE_SIDE, VENUE_ADDRESS)
            _raise_end(FEED_SIDE, FEED_ADDRESS)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Go back to where this process came from and let the networks go."""
        self._leave()

    def at_the_venue(self) -> contextlib.AbstractContextManager[None]:
        """Be in the venue's network for a while."""
        return inside(self.venue)

    def _leave(self) -> None:
        if self._has_left:
            _go(self._before)
            self._has_left = False
        for network in (self.venue, self._before):
            if network >= 0:
                os.close(network)
        self.venue = self._before = -1


def _new_network() -> int:
    """Go into a new network; its descriptor."""
    if _libc.unshare(_CLONE_NEWNET) < 0:
        code = ctypes.get_errno()
        raise ResourceError(
            "this process may not make a network of its own",
            expected="root, or CAP_SYS_ADMIN and CAP_NET_ADMIN",
            got=os.strerror(code),
            next_step="run it as root (sudo); in a container, with --privileged",
        )
    return os.open(_OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)


def _go(network: int) -> None:
    if _libc.setns(network, _CLONE_NEWNET) < 0:
        code = ctypes.get_errno()
        raise ResourceError("cannot enter a network namespace", got=os.strerror(code))


def _raise_end(name: str, address: str) -> None:
    """Give one end of the cable its address, in the present network."""
    off = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    with contextlib.suppress(OSError):
        # No neighbour discovery beside the packets that are counted.
        off.write_text("1", encoding="ascii")
    _ip(f"addr add {address}/24 dev {name}")
    _ip(f"link set {name} up")


def _ip(command: str) -> None:
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["ip", *command.split()],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ResourceError(
            "cannot make a pair of virtual interfaces",
            where=f"ip {command}",
            got=done.stderr.strip() or f"exit status {done.returncode}",
            next_step="the kernel needs network namespaces and veth (CONFIG_NET_NS, CONFIG_VETH)",
        )
