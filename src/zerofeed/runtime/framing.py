"""How a venue frames its SBE messages, said in the terms of its packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.model import PRIMITIVES
from zerofeed.runtime import _framed_words as f

__all__ = ["At", "Framing", "framed_scratch"]

_INTEGERS = [each.name for each in PRIMITIVES.values() if not (each.is_float or each.is_char)]


@dataclass(frozen=True, slots=True)
class At:
    """Where a number is.

    Attributes:
        offset: bytes from the begin of the packet, or of what precedes a message.
        type: name of the integer, as in schemas.
    """

    offset: int
    type: str


@dataclass(frozen=True, slots=True)
class Framing:
    """What stands in front of messages.

    Attributes:
        header_bytes: in front of the first message of a packet.
        sequence: the packet's number, or that of its first message; None: it has none, and no gap is seen.
        counts: what the numbers count, ``packets`` or ``messages``; of messages, ``count`` must say how many.
        count: messages of the packet.
        channel: number of the channel; None: all packets are of one.
        kind: bits that say what the packet is.
        loop: mask of those bits that are set where a packet is of snapshots that go round.
        prefix_bytes: in front of each message.
        length: of the message, in its prefix; None: the schema's header or the groups tell it.
        length_excludes: bytes of the message and its prefix that the length does not count.
        byte_order: ``little`` or ``big``, of all that is not a message.
        is_block_known: False: messages do not say the length of their root block.
    """

    header_bytes: int = 0
    sequence: At | None = None
    counts: str = "packets"
    count: At | None = None
    channel: At | None = None
    kind: At | None = None
    loop: int = 0
    prefix_bytes: int = 0
    length: At | None = None
    length_excludes: int = 0
    byte_order: str = "little"
    is_block_known: bool = True

    def words(self) -> npt.NDArray[np.int64]:
        """Make the words that the kernel reads.

        Raises:
            ConfigurationError: a number lies outside of what holds it, or the words contradict each other.
        """
        words = np.zeros(f.FRAME_WORDS, np.int64)
        words[f.F_HEADER] = self.header_bytes
        words[f.F_ORDER] = w.BIG_ENDIAN if self.byte_order == "big" else 0
        words[f.F_LOOP] = self.loop
        words[f.F_PREFIX] = self.prefix_bytes
        words[f.F_LENGTH_PLUS] = self.length_excludes
        words[f.F_IS_COUNTED] = int(self.counts == "messages")
        words[f.F_GROUPED] = int(not self.is_block_known)
        for place, name, at, room in (
            (f.F_SEQUENCE, "sequence", self.sequence, self.header_bytes),
            (f.F_COUNT, "count", self.count, self.header_bytes),
            (f.F_CHANNEL, "channel", self.channel, self.header_bytes),
            (f.F_KIND, "kind", self.kind, self.header_bytes),
            (f.F_LENGTH, "length", self.length, self.prefix_bytes),
        ):
            if at is not None:
                words[place : place + 2] = _located(name, at, room)
        if self.counts == "messages" and self.count is None:
            raise _wrong("numbers of messages need to know how many a packet has", "count", None)
        return words


def _located(name: str, at: At, room: int) -> tuple[int, int]:
    if at.type not in _INTEGERS:
        raise _wrong("not an integer type", f"{name}.type", at.type, _INTEGERS)
    primitive = PRIMITIVES[at.type]
    if not 0 <= at.offset <= room - primitive.size:
        expected = f"0 to {room - primitive.size}, in {room} bytes"
        raise _wrong("lies outside of what holds it", f"{name}.offset", at.offset, expected)
    return primitive.code, at.offset


def _wrong(what: str, where: str, got: object, expected: object = None) -> ConfigurationError:
    return ConfigurationError(
        what,
        where=f"framing.{where}",
        expected=expected,
        got=got,
        next_step="see docs/reference/sbe.md for how a packet is described",
    )


def framed_scratch(framing: Framing, dialect: Dialect) -> Callable[[int], npt.NDArray[np.int64]]:
    """Give what makes the scratch of a protocol whose packets are framed like this."""
    words = framing.words()

    def make_scratch(longest_bytes: int) -> npt.NDArray[np.int64]:
        return np.concatenate([words, dialect.scratch(longest_bytes)])

    return make_scratch
