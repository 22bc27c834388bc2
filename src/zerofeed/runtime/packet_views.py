"""The messages of a packet as typed views in place, for people and for what has no records.

A view reads its fields where they lie in the packet; nothing is copied until a value is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.codecs.sbe.message import MessageView
from zerofeed.codecs.sbe.model import Schema
from zerofeed.runtime.framing import At, Framing

__all__ = ["PacketViews", "plain"]

Bytes = npt.NDArray[np.uint8]


class PacketViews:
    """Find the messages of packets.

    Args:
        schema: of the messages.
        framing: of the packets.
        length_member: member of the message header that counts the whole message.
        is_schema_id_checked: False takes messages whatever schema id they carry.
    """

    def __init__(
        self,
        schema: Schema,
        framing: Framing,
        *,
        length_member: str | None = None,
        is_schema_id_checked: bool = True,
    ) -> None:
        self.framing = framing
        self._order = "little" if framing.byte_order == "little" else "big"
        self._decoder = SbeDecoder(
            schema, length_member=length_member, is_schema_id_checked=is_schema_id_checked
        )

    def of_packet(self, packet: Bytes) -> Iterator[tuple[int | None, MessageView]]:
        """Go through the messages of a packet, up to the first that cannot be used.

        Args:
            packet: uint8, the payload.

        Yields:
            The number of the message, or of the packet; None where it has none; and the view. A message of
            an unknown template is passed over where its length is known.
        """
        framing = self.framing
        if len(packet) < framing.header_bytes:
            return
        number = self._number(packet, 0, framing.sequence)
        at = framing.header_bytes
        while at < len(packet):
            end = len(packet)
            begin = at + framing.prefix_bytes
            if framing.length is not None:
                if begin > end:
                    return
                length = self._number(packet, at, framing.length)
                assert length is not None
                end = at + length + framing.length_excludes
                if not begin < end <= len(packet):
                    return
            messages = self._decoder.messages(packet[:end], begin)
            view = next(messages, None)
            if view is not None:
                yield number, view
            passed = messages.position if framing.length is None else end
            if passed <= at:
                return
            at = passed
            if number is not None and framing.counts == "messages":
                number += 1

    def _number(self, packet: Bytes, begin: int, at: At | None) -> int | None:
        if at is None:
            return None
        code = {"8": 1, "16": 2, "32": 4, "64": 8}[at.type.strip("uint")]
        raw = packet[begin + at.offset : begin + at.offset + code].tobytes()
        return int.from_bytes(
            raw, "little" if self._order == "little" else "big", signed=at.type.startswith("i")
        )


def plain(value: Any) -> Any:
    """Turn a view's values into what JSON has: no bytes, and no number that is none."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
