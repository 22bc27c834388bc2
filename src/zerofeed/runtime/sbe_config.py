"""``[sbe]``: a venue's own schema, and how its packets are framed, in place of a protocol that is known."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.framing import At, Framing

__all__ = ["FramingSection", "NumberSection", "SbeSection", "load_framing"]

_Bytes = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class NumberSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a number is.

    Attributes:
        offset: bytes from the begin of the packet, or of what precedes a message.
        type: name of the integer, as in schemas.
    """

    offset: _Bytes
    type: str


class FramingSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[sbe.framing]``: what stands in front of messages, as in :class:`~zerofeed.runtime.framing.Framing`.

    Attributes:
        header_bytes: in front of the first message of a packet.
        sequence: the packet's number, or that of its first message.
        counts: what the numbers count.
        count: messages of the packet.
        channel: number of the channel.
        kind: bits that say what the packet is.
        loop: mask of those bits: the packet is of snapshots that go round.
        prefix_bytes: in front of each message.
        length: of the message, in its prefix.
        length_excludes: bytes of the message and its prefix that the length does not count.
        length_member: member of the schema's message header that counts the whole message.
        byte_order: of all that is not a message.
        schema_ids: ``any`` decodes messages whatever schema id they carry.
    """

    header_bytes: _Bytes = 0
    sequence: NumberSection | None = None
    counts: Literal["packets", "messages"] = "packets"
    count: NumberSection | None = None
    channel: NumberSection | None = None
    kind: NumberSection | None = None
    loop: Annotated[int, msgspec.Meta(ge=0)] = 0
    prefix_bytes: _Bytes = 0
    length: NumberSection | None = None
    length_excludes: _Bytes = 0
    length_member: str | None = None
    byte_order: Literal["little", "big"] = "little"
    schema_ids: Literal["own", "any"] = "own"

    def framing(self) -> Framing:
        """Give it as the runtime takes it."""

        def at(number: NumberSection | None) -> At | None:
            return None if number is None else At(number.offset, number.type)

        return Framing(
            header_bytes=self.header_bytes,
            sequence=at(self.sequence),
            counts=self.counts,
            count=at(self.count),
            channel=at(self.channel),
            kind=at(self.kind),
            loop=self.loop,
            prefix_bytes=self.prefix_bytes,
            length=at(self.length),
            length_excludes=self.length_excludes,
            byte_order=self.byte_order,
        )


class SbeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[sbe]``.

    Attributes:
        schema: file of the schema, XML.
        framing: of the packets; default: messages back to back.
    """

    schema: str
    framing: FramingSection = FramingSection()


def load_framing(path: str | Path) -> FramingSection:
    """Read the framing from a file: a feed's configuration, or a file with the keys of ``[sbe.framing]`` alone.

    Raises:
        ConfigurationError: it cannot be read, or a key is unknown or impossible.
    """
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        given = tree.get("sbe", {}).get("framing", {}) if "feed" in tree else tree
        return msgspec.convert(given, FramingSection)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})", where=str(path), next_step="give a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"does not describe a framing: {error}",
            where=str(path),
            expected=f"keys {', '.join(FramingSection.__struct_fields__)}",
            next_step="see docs/reference/sbe.md",
        ) from error
