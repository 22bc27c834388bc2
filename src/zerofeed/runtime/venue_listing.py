"""A service's instruments, kept on disk so that looking one up does not cost the venue a request.

A listing is stored as the venue sent it: a line of JSON that says what it is and when it came, then the
answers one after another. It lies beside the compiled kernels, in ``$ZEROFEED_CACHE_DIR`` or
``$XDG_CACHE_HOME/zerofeed`` or ``~/.cache/zerofeed``. A file that is damaged, or of another service, counts
as none. Files are replaced whole, so readers never see half of one.

When the venue cannot be reached, an old listing is better than none: it is given with its age and the
reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.venues.definition import InstrumentDefinition
from zerofeed.venues.service import Service

__all__ = ["Listing", "ListingCache", "default_folder", "list_instruments"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The instruments of a service.

    Attributes:
        definitions: sorted by symbol.
        fetched_ns: when they came from the venue, Unix ns.
        is_cached: True when they were on disk.
        why_old: why they are older than was wanted, or None.
    """

    definitions: list[InstrumentDefinition]
    fetched_ns: int
    is_cached: bool
    why_old: str | None = None


class _Header(msgspec.Struct):
    key: str
    fetched_ns: int
    sizes: list[int]


def default_folder() -> Path:
    """Find the folder that listings are kept in; it need not exist. Reads the environment."""
    chosen = os.environ.get("ZEROFEED_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return (Path(chosen) if chosen else Path(base) / "zerofeed") / "venues"


class ListingCache:
    """Answers of venues on disk.

    Args:
        folder: made when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, service: Service) -> tuple[list[bytes], int] | None:
        """Read the answers of a service.

        Returns:
            Them and the time they came, Unix ns; None when there are none that can be read.
        """
        key = _key(service)
        try:
            stored = self._path(key).read_bytes()
        except OSError:
            return None
        line, _, rest = stored.partition(b"\n")
        try:
            header = msgspec.json.decode(line, type=_Header)
        except msgspec.MsgspecError:
            return None
        if header.key != key or sum(header.sizes) != len(rest) or min(header.sizes, default=0) < 0:
            return None
        bodies, at = [], 0
        for size in header.sizes:
            bodies.append(rest[at : at + size])
            at += size
        return bodies, header.fetched_ns

    def store(self, service: Service, bodies: list[bytes], now_ns: int) -> bool:
        """Keep the answers of a service.

        Returns:
            False when the folder cannot be written, which is no error: they are fetched again.
        """
        key = _key(service)
        header = msgspec.json.encode(_Header(key, now_ns, [len(body) for body in bodies]))
        path = self._path(key)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
        except OSError:
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines([header, b"\n", *bodies])
            Path(name).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            return False
        return True

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.listing"


def list_instruments(
    service: Service,
    fetch: Callable[[], list[bytes]],
    cache: ListingCache,
    *,
    now_ns: int,
    max_age_s: float,
) -> Listing:
    """Give a service's instruments, from disk when they are young enough.

    Args:
        service: whose.
        fetch: gets the answers from the venue.
        cache: where they are kept.
        now_ns: the time, Unix ns.
        max_age_s: age at which they are fetched again; 0 for always.

    Raises:
        VenueError: they cannot be had from the venue, and there are none on disk.
    """
    kept = cache.load(service)
    if kept is not None and 0 <= now_ns - kept[1] < max_age_s * _NS:
        return Listing(_parse(service, kept[0]), kept[1], is_cached=True)
    try:
        bodies = fetch()
        definitions = _parse(service, bodies)
    except VenueError as error:
        if kept is None:
            raise
        return Listing(_parse(service, kept[0]), kept[1], is_cached=True, why_old=str(error))
    cache.store(service, bodies, now_ns)
    return Listing(definitions, now_ns, is_cached=False)


def _key(service: Service) -> str:
    return " ".join([service.name, *service.instruments_requests()])


def _parse(service: Service, bodies: list[bytes]) -> list[InstrumentDefinition]:
    found = {each.symbol: each for body in bodies for each in service.parse_instruments(body)}
    return [found[symbol] for symbol in sorted(found)]
