"""What goes wrong between a venue and a client: chosen by rate and seed, and written down.

Every message of a stream meets at most one fate. The draws of a connection depend on the seed, on
its number and on how many stream messages it has had, so a run can be repeated whatever the
timing. Answers, snapshots and heartbeats are left alone, and so a client can always recover.

==============  ================================================================================
fault           what happens
==============  ================================================================================
``drop``        the message is never sent
``duplicate``   it is sent twice in a row
``reorder``     it changes places with the next one; counted once that is sent
``delay``       the connection pauses for ``delay_ms`` before it
``disconnect``  it is never sent, and the connection is cut without a closing handshake
``half-open``   from here on the connection stays open and nothing more is sent on it
``garbage``     bytes of no meaning are sent in its place
``oversized``   a frame of ``oversized_bytes`` is sent in its place
``checksum``    its checksum is changed; without one (or a sequence number in its place) it is sent
                as it is, and counted under no fault
``skew``        the venue's times in it are ``skew_ms`` off
==============  ================================================================================

A binary message has no checksum and keeps its times; its garbage is binary, too.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import NamedTuple

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.connection import Message

__all__ = [
    "FAULT_NAMES",
    "Action",
    "ConnectionFaults",
    "Done",
    "Faults",
    "Ledger",
    "oversized",
    "parse_faults",
]

FAULT_NAMES = (
    "drop",
    "duplicate",
    "reorder",
    "delay",
    "disconnect",
    "half-open",
    "garbage",
    "oversized",
    "checksum",
    "skew",
)
_RATES = tuple(name.replace("-", "_") for name in FAULT_NAMES)
_KEPT_ENTRIES = 100_000
_CHECKSUM = re.compile(r'("checksum"\s*:\s*|"c"\s*:\s*"|,"cs",)(-?\d+)')
_TIME = re.compile(
    r'("(?:E|T|ts|cts|timestamp|time|timestamp_ms)"\s*:\s*"?)(\d{13,19})(?=["\s,}\]])'
)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=[.Z])")


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong: chances of a stream message, 0 to 1, together at most 1.

    Attributes:
        drop: and so on: see the table above.
        delay_ms: length of a pause.
        oversized_bytes: length of an oversized frame.
        skew_ms: how far off the times are.

    Raises:
        ConfigurationError: a chance is out of range.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    disconnect: float = 0.0
    half_open: float = 0.0
    garbage: float = 0.0
    oversized: float = 0.0
    checksum: float = 0.0
    skew: float = 0.0
    delay_ms: int = 100
    oversized_bytes: int = 32 * 1024 * 1024
    skew_ms: int = 5_000

    def __post_init__(self) -> None:
        chances = self.chances()
        if min(chances) < 0 or sum(chances) > 1:
            raise ConfigurationError(
                "chances of faults are out of range",
                expected="0 or more each, at most 1 together",
                got=dict(zip(FAULT_NAMES, chances, strict=True)),
            )

    def chances(self) -> tuple[float, ...]:
        """In the order of ``FAULT_NAMES``."""
        return tuple(float(getattr(self, name)) for name in _RATES)


class Done(NamedTuple):
    """One fault that was done.

    Attributes:
        fault: its name.
        connection: number of the connection.
        message: which stream message of that connection, from 0.
        stream: key of its stream.
    """

    fault: str
    connection: int
    message: int
    stream: str


@dataclass(slots=True)
class Ledger:
    """What was done so far.

    Attributes:
        counts: by fault.
        entries: the first 100,000, in the order they were done.
    """

    counts: Counter[str] = field(default_factory=Counter)
    entries: list[Done] = field(default_factory=list)

    def note(self, done: Done) -> None:
        """Write one down."""
        self.counts[done.fault] += 1
        if len(self.entries) < _KEPT_ENTRIES:
            self.entries.append(done)


class Action(NamedTuple):
    """What a connection is to do next.

    Attributes:
        kind: ``send``, ``pause``, ``cut`` or ``hush``.
        payload: to send: text, or bytes that are put into a text frame as they are.
        pause_ms: how long.
        is_binary: the bytes are a binary message.
    """

    kind: str
    payload: str | bytes = ""
    pause_ms: int = 0
    is_binary: bool = False


def _send(text: str | bytes) -> Action:
    """Send a message as what it is."""
    return Action("send", text, is_binary=isinstance(text, bytes))


class ConnectionFaults:
    """Decides the fate of one connection's messages.

    Args:
        faults: how often what.
        seed: of every draw.
        connection: its number.
        ledger: where it is written down.
    """

    def __init__(self, faults: Faults, seed: int, connection: int, ledger: Ledger) -> None:
        self._faults = faults
        self._random = random.Random(f"{seed}/{connection}")  # noqa: S311 - repeatable on purpose
        self._connection = connection
        self._ledger = ledger
        self._chances = faults.chances()
        self._is_quiet = not any(self._chances)
        self._is_over = False
        self._count = 0
        self._held: tuple[str | bytes, Done] | None = None

    def apply(self, message: Message) -> list[Action]:
        """Say what becomes of a message.

        Args:
            message: the next in order.

        Returns:
            What to do, in order; nothing for a message that is dropped or held back.
        """
        if self._is_over:
            return []
        if self._is_quiet or not message.stream:
            return [*self.release(), _send(message.text)]
        number, self._count = self._count, self._count + 1
        fault = self._draw()
        if fault in _SPOILERS:
            text = message.text
            spoiled = _SPOILERS[fault](text, self._faults) if isinstance(text, str) else text
            if spoiled == text:
                fault = ""
            message = message._replace(text=spoiled)
        if fault == "reorder":
            if self._held is None:
                self._held = message.text, Done(fault, self._connection, number, message.stream)
                return []
            fault = ""
        if fault:
            self._ledger.note(Done(fault, self._connection, number, message.stream))
        actions = self._actions(fault, message.text)
        if self._held is not None and actions and actions[-1].kind == "send":
            self._ledger.note(self._held[1])
        return [*actions, *self.release()]

    @property
    def is_holding(self) -> bool:
        """Whether a message waits for its successor."""
        return self._held is not None

    def release(self) -> list[Action]:
        """Send what is held back, also if no successor came; then it was no fault."""
        held, self._held = self._held, None
        return [] if held is None or self._is_over else [_send(held[0])]

    def _draw(self) -> str:
        point = self._random.random()
        for name, chance in zip(FAULT_NAMES, self._chances, strict=True):
            if point < chance:
                return name
            point -= chance
        return ""

    def _actions(self, fault: str, text: str | bytes) -> list[Action]:
        send = _send(text)
        match fault:
            case "drop":
                return []
            case "duplicate":
                return [send, send]
            case "delay":
                return [Action("pause", pause_ms=self._faults.delay_ms), send]
            case "disconnect":
                self._is_over = True
                return [Action("cut")]
            case "half-open":
                self._is_over = True
                return [Action("hush")]
            case "garbage":
                if isinstance(text, bytes):
                    return [_send(self._binary_garbage(text))]
                return [Action("send", self._garbage(text))]
            case "oversized":
                return [_send(oversized(text, self._faults.oversized_bytes))]
            case _:
                return [send]

    def _garbage(self, text: str) -> str | bytes:
        """Cut JSON, no JSON, bytes that are no UTF-8."""
        match self._random.randrange(3):
            case 0:
                return text[: self._random.randrange(1, max(len(text), 2))]
            case 1:
                return "".join(chr(self._random.randrange(32, 127)) for _ in range(64))
            case _:
                return b"\xff\xfe" + self._random.randbytes(62)

    def _binary_garbage(self, message: bytes) -> bytes:
        """A cut message, or bytes of no meaning."""
        if self._random.randrange(2):
            return message[: self._random.randrange(1, max(len(message), 2))]
        return self._random.randbytes(64)


def oversized(text: str | bytes, length: int) -> str | bytes:
    """A message blown up with spaces behind it, still JSON; or with zeros behind one in SBE."""
    if isinstance(text, bytes):
        return text.ljust(length, b"\0")
    return text + " " * max(length - len(text), 0)


def parse_faults(text: str) -> Faults:
    """Read ``drop=0.01,half-open=0.001,delay_ms=50``.

    Raises:
        ConfigurationError: a name or number is wrong; the message lists the names.
    """
    known = {each.name for each in fields(Faults)}
    values: dict[str, float | int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, number = part.partition("=")
        key = name.strip().replace("-", "_")
        try:
            value = (int if key in _WHOLE else float)(number) if equals else None
        except ValueError:
            value = None
        if value is None or key not in known:
            raise ConfigurationError(
                "is no fault",
                where=f"--faults {part}",
                expected=f"NAME=CHANCE, of {', '.join(FAULT_NAMES)}; or {', '.join(sorted(_WHOLE))}",
                next_step="for instance --faults drop=0.01,disconnect=0.001",
            )
        values[key] = value
    return Faults(**values)  # type: ignore[arg-type]


_WHOLE = frozenset({"delay_ms", "oversized_bytes", "skew_ms"})


def _spoil_checksum(text: str, faults: Faults) -> str:
    del faults

    def spoil(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) ^ 0x55}"

    return _CHECKSUM.sub(spoil, text)


def _skew(text: str, faults: Faults) -> str:
    """Move times in ms, us and ns by their own unit, and written ones by whole seconds."""

    def move(found: re.Match[str]) -> str:
        unit = 10 ** (len(found[2]) - 13)
        return f"{found[1]}{int(found[2]) + faults.skew_ms * unit}"

    def move_iso(found: re.Match[str]) -> str:
        moved = datetime.fromisoformat(found[0]) + timedelta(seconds=faults.skew_ms // 1_000)
        return moved.isoformat(timespec="seconds")

    return _ISO_TIME.sub(move_iso, _TIME.sub(move, text))


_SPOILERS: Mapping[str, Callable[[str, Faults], str]] = {
    "checksum": _spoil_checksum,
    "skew": _skew,
}
