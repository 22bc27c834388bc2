"""What a WebSocket source connects to, what it says there, and how long it waits for what."""

from __future__ import annotations

import os
import stat
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zerofeed.base.errors import ConfigurationError

__all__ = ["Endpoint", "Pace", "check_proxy", "read_headers", "read_private", "split_url"]

_PORTS = {"ws": 80, "wss": 443}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of a connection, all in seconds.

    Attributes:
        open_s: longest that opening may take, from the name to the answer to the handshake.
        ping_s: from one ping to the next; 0: none.
        stale_s: a connection that brings nothing for so long, no pong either, is given up; 0: never.
        renew_s: a connection that lived so long is replaced; 0: never.
        overlap_s: how long both are open then, once the new one delivers.
        sends_per_s: texts sent in a second, at most.
    """

    open_s: float = 10.0
    ping_s: float = 20.0
    stale_s: float = 60.0
    renew_s: float = 23 * 3600.0
    overlap_s: float = 2.0
    sends_per_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address, and how to talk to it.

    Attributes:
        url: ``ws://`` or ``wss://``.
        send: texts to send after each opening.
        ping_text: text to send in place of a ping frame; empty: a ping frame.
        pace: times.
        lines: connections that are kept at a time.
        dials_per_5min: attempts to connect to its host, of all connections together; 0: any number.
        proxy: ``http://host:port``; empty: as the environment says; ``"none"``: no proxy.
        ca_file: certificates to trust in place of the system's; empty: the system's.
        compression: offer permessage-deflate.
        headers: to send with the handshake; never printed.
        sign: makes further headers, anew for each attempt; never printed.
    """

    url: str
    send: tuple[str, ...] = ()
    ping_text: str = ""
    pace: Pace = field(default_factory=Pace)
    lines: int = 1
    dials_per_5min: int = 0
    proxy: str = ""
    ca_file: str = ""
    compression: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Name or address of the server."""
        return split_url(self.url)[1]

    @property
    def port(self) -> int:
        """Its port."""
        return split_url(self.url)[2]

    @property
    def is_secure(self) -> bool:
        """Whether it is reached by TLS."""
        return split_url(self.url)[0] == "wss"

    @property
    def name(self) -> str:
        """The address without what may be secret in it, for people."""
        scheme, host, port, path = split_url(self.url)
        shown = f"[{host}]" if ":" in host else host
        if port != _PORTS[scheme]:
            shown += f":{port}"
        return f"{scheme}://{shown}{path}"


def split_url(url: str) -> tuple[str, str, int, str]:
    """Take an address apart.

    Returns:
        Scheme, host, port, path; without user, password and query.

    Raises:
        ConfigurationError: it is no address of a WebSocket, or names a user.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url(str(error)) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _bad_url("no scheme ws or wss, or no host")
    if parts.username is not None or parts.fragment:
        raise _bad_url("a user or a fragment in it")
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path


def _bad_url(got: str) -> ConfigurationError:
    # Never the address itself: it may have a key in it.
    return ConfigurationError(
        "is no address of a WebSocket",
        where="source.url",
        expected="wss://host/path, or ws:// without TLS",
        got=got,
        next_step="keys belong into headers_file",
    )


def check_proxy(url: str) -> None:
    """Refuse what is no HTTP proxy.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        is_one = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigurationError(
            "is no HTTP proxy",
            where="source.proxy",
            expected="http://host:port",
            next_step='"none" for no proxy, nothing for that of the environment',
        )


def read_headers(place: str) -> dict[str, str]:
    """Read headers with a user's keys from a file, or from the environment.

    Args:
        place: path of a file that only its owner may read, or ``env:NAME`` for a variable. Either
            has lines ``Name: value``.

    Raises:
        ConfigurationError: it cannot be read, others could read it, or it has other lines. The
            error never says what it contains.
    """
    text = read_private(place)
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip().isascii() or not name.strip() or not value.isprintable():
            raise ConfigurationError(
                "has a line that is no header",
                where=f"{place}, line {number}",
                expected="Name: value",
            )
        headers[name.strip()] = value.strip()
    return headers


def read_private(place: str) -> str:
    """Read what is nobody else's to read.

    Args:
        place: path of a file that only its owner may read, or ``env:NAME`` for a variable.

    Raises:
        ConfigurationError: it cannot be read, others could read it, or it is empty. The error never
            says what it contains.
    """
    if not place.startswith("env:"):
        return _private_text(Path(place))
    text = os.environ.get(place.removeprefix("env:"), "")
    if not text:
        raise ConfigurationError("is not set", where=place, next_step="set it, or name a file")
    return text


def _private_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & _OTHERS:
            raise ConfigurationError(
                "others may read it",
                where=str(path),
                expected="mode 0600",
                got=f"mode {stat.S_IMODE(mode):04o}",
                next_step=f"chmod 600 {path}",
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "cannot be read", where=str(path), got=type(error).__name__
        ) from error
