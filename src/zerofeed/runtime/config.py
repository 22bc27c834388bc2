"""A feed's configuration: one TOML file, typed, with a default for everything but what to receive.

::

    [feed]
    name = "deribit"
    protocol = "deribit-multicast"

    [[source]]
    group = "239.111.111.1"
    port = 6100
    interface = "eth0"

Unknown keys, wrong types and impossible values are errors that name the key, say what was
expected and what to do; nothing is started before all of them are right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from zerofeed.base.errors import ConfigurationError

__all__ = [
    "FeedConfig",
    "FeedSection",
    "LogSection",
    "MemorySection",
    "ReadersSection",
    "Source",
    "WorkerSection",
    "load",
    "parse",
]

_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file; unknown keys are errors."""


class FeedSection(_Section, frozen=True):
    """``[feed]``.

    Attributes:
        name: what readers attach to.
        protocol: what the packets are.
        socket: also listen on this path, for containers.
    """

    name: str
    protocol: str
    socket: str | None = None


class Source(_Section, frozen=True):
    """``[[source]]``: where packets come from.

    Attributes:
        group: multicast group to join, or local address for unicast.
        port: UDP port.
        interface: name or address of the interface.
        source_address: accept this sender only (source-specific multicast).
        buffer_bytes: socket receive buffer to ask for.
    """

    group: str
    port: _Port
    interface: str | None = None
    source_address: str | None = None
    buffer_bytes: _Positive = 16 << 20


class MemorySection(_Section, frozen=True):
    """``[memory]``: sizes, in items.

    Attributes:
        records: records kept, a power of two; 2**18 are 16 MiB.
        frames: packets kept, a power of two.
        chunk_bytes: longest packet kept whole.
        instruments: most instruments.
        book_levels: levels a side that are tracked.
        book_depth: levels a side that readers see.
        huge_pages: ask for 2 MiB pages.
        lock: keep everything resident.
    """

    records: _Positive = 1 << 18
    frames: _Positive = 1 << 13
    chunk_bytes: Annotated[int, msgspec.Meta(ge=512, le=16384, multiple_of=64)] = 2048
    instruments: Annotated[int, msgspec.Meta(ge=2)] = 4096
    book_levels: Annotated[int, msgspec.Meta(ge=8, multiple_of=8)] = 256
    book_depth: _Positive = 20
    huge_pages: bool = False
    lock: bool = False


class WorkerSection(_Section, frozen=True):
    """``[worker]``.

    Attributes:
        idle: ``sleep`` until packets come, or ``spin`` and burn a core for latency.
        burst: most packets in one receive call.
        core: pin the worker to this core.
    """

    idle: Literal["sleep", "spin"] = "sleep"
    burst: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    core: Annotated[int, msgspec.Meta(ge=0)] | None = None


class ReadersSection(_Section, frozen=True):
    """``[readers]``.

    Attributes:
        patience_ms: longest that the feed waits for a lossless reader before degrading it.
        limit: most readers at a time.
        user_share: part of them that one user other than the feed's own may have.
        process_share: part of them that one process may have.
        allow_users: users, by name or number, who may attach besides the feed's own.
        allow_groups: groups whose members may.
    """

    patience_ms: Annotated[int, msgspec.Meta(ge=0)] = 100
    limit: Annotated[int, msgspec.Meta(ge=1, le=128)] = 64
    user_share: _Share = 0.5
    process_share: _Share = 0.75
    allow_users: list[str] = []
    allow_groups: list[str] = []


class LogSection(_Section, frozen=True):
    """``[log]``.

    Attributes:
        audit: file for attach and refusal lines; default: standard error with the rest.
    """

    audit: str | None = None


class FeedConfig(_Section, frozen=True):
    """A whole file."""

    feed: FeedSection
    source: Annotated[list[Source], msgspec.Meta(min_length=1)]
    memory: MemorySection = MemorySection()
    worker: WorkerSection = WorkerSection()
    readers: ReadersSection = ReadersSection()
    log: LogSection = LogSection()


def parse(text: str, where: str = "configuration", settings: Sequence[str] = ()) -> FeedConfig:
    """Read a configuration from TOML text.

    Args:
        text: the file's contents.
        where: what to call it in errors.
        settings: ``key.path=value`` texts that replace single values, for instance
            ``memory.records=1048576`` or ``source.0.port=6200``. A value is read as TOML, and
            as a string where it is none.

    Raises:
        ConfigurationError: not TOML, an unknown key, a wrong type or an impossible value.
    """
    try:
        tree = tomllib.loads(text)
        for setting in settings:
            _set(tree, setting)
        config = msgspec.convert(tree, FeedConfig)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not valid TOML: {error}", where=where) from error
    except msgspec.ValidationError as error:
        raise _explained(str(error), where) from error
    for key in ("records", "frames"):
        value = getattr(config.memory, key)
        if value & (value - 1):
            raise ConfigurationError(
                f"memory.{key} is not a power of two",
                where=where,
                got=value,
                next_step=f"choose {1 << value.bit_length()}",
            )
    return config


def load(path: str | Path, settings: Sequence[str] = ()) -> FeedConfig:
    """Read a configuration file.

    Args:
        path: of the file.
        settings: as for :func:`parse`.

    Raises:
        ConfigurationError: it cannot be read, or as :func:`parse`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})",
            where=str(path),
            next_step="give the path of a feed's TOML file",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("is not UTF-8 text", where=str(path)) from error
    return parse(text, str(path), settings)


def _set(tree: dict[str, Any], setting: str) -> None:
    """Replace one value of a tree; whether the key exists is seen when the tree is typed."""
    key, equals, text = setting.partition("=")
    *above, last = key.strip().split(".")
    place: Any = tree
    try:
        for part in above:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        place[int(last) if isinstance(place, list) else last] = _value(text.strip())
    except (ValueError, IndexError, TypeError, AttributeError):
        equals = ""
    if not equals or not last:
        raise ConfigurationError(
            "is no setting of the configuration",
            where=setting,
            expected="key.path=value, with a number for an element of a list",
            next_step="for instance memory.records=1048576 or source.0.port=6200",
        )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explained(message: str, where: str) -> ConfigurationError:
    """Say in the file's own words what the typed conversion did not like."""
    what, _, place = message.partition(" - at `$")
    path = place.removesuffix("`").removeprefix(".")
    next_step = "see docs/reference/configuration.md for every key"
    unknown = _UNKNOWN_FIELD.fullmatch(what)
    if unknown is not None:
        keys = _SECTIONS.get(path.partition("[")[0], FeedConfig).__struct_fields__
        name = f"{path}.{unknown[1]}".removeprefix(".")
        return ConfigurationError(
            f"there is no key {name}",
            where=where,
            expected=f"one of {', '.join(keys)}",
            next_step=next_step,
        )
    named = f"{path}: {what}" if path else what
    return ConfigurationError(named.replace("`", ""), where=where, next_step=next_step)


_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`")
_SECTIONS: dict[str, type[_Section]] = {
    "feed": FeedSection,
    "source": Source,
    "memory": MemorySection,
    "worker": WorkerSection,
    "readers": ReadersSection,
    "log": LogSection,
}
