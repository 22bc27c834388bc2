"""What a simulated venue is asked to send, and what it says it sent.

Apart from the venue itself, so that a parent process need not load any of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

from zerofeed.base.errors import ConfigurationError

__all__ = ["READY", "Plan", "Report"]

READY = "ready"
"""What a waiting venue says once it can begin."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send.

    Attributes:
        seed: of the simulation.
        seconds: how long, or None for as long as nobody stops it.
        packets: how many, or None for any number. The last occurrence is sent whole, so it may
            be a few more.
        rate: packets a second, or None for as many as the kernel takes.
        interface: name or address of the interface for multicast; None leaves it to routing.
        drop: chance of a packet to get lost on the way, 0 to 1.
        sender: ``udp``, a socket; or ``afxdp``, for root, on an interface that is named.
    """

    seed: int = 1
    seconds: float | None = None
    packets: int | None = None
    rate: float | None = None
    interface: str | None = "lo"
    drop: float = 0.0
    sender: Literal["udp", "afxdp"] = "udp"

    def check(self) -> None:
        """Make sure that the plan can be carried out.

        Raises:
            ConfigurationError: a number is out of range.
        """
        for name in ("seconds", "packets", "rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(f"not a plan: {name}", expected="more than 0", got=value)
        if not 0 <= self.drop <= 1:
            raise ConfigurationError("not a plan: drop", expected="0 to 1", got=self.drop)
        if self.sender == "afxdp" and self.interface is None:
            raise ConfigurationError("AF_XDP sends on one interface", expected="its name", got=None)

    def to_arguments(self) -> list[str]:
        """Write the plan as command-line arguments of ``zerofeed.mock.serve``."""
        return [f"--{name}={value}" for name, value in asdict(self).items() if value is not None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was sent.

    Attributes:
        packets: datagrams that the kernel took.
        bytes: of their payloads.
        messages: that the venue wrote, by name of the template, lost ones included.
        trades: single trades.
        level_changes: levels created, changed and deleted.
        dropped: packets that were lost on purpose.
        channels: packets that the venue wrote, by channel.
        elapsed_ns: from the first packet to the last.
        books: of each instrument by name, the change id and the best price and amount of each
            side as decimal texts ("0" for an empty side), when the last packet was written.
    """

    packets: int = 0
    bytes: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    trades: int = 0
    level_changes: int = 0
    dropped: int = 0
    channels: dict[int, int] = field(default_factory=dict)
    elapsed_ns: int = 0
    books: dict[str, tuple[int, str, str, str, str]] = field(default_factory=dict)

    @property
    def packets_per_second(self) -> float:
        """Mean rate; 0 when nothing took any time."""
        return self.packets * 1e9 / self.elapsed_ns if self.elapsed_ns else 0.0

    def to_json(self) -> str:
        """Write the report as one JSON object on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote."""
        values = json.loads(text)
        values["channels"] = {int(channel): count for channel, count in values["channels"].items()}
        values["books"] = {name: tuple(book) for name, book in values["books"].items()}
        return cls(**values)
