"""Any SBE feed by its schema: numbers are judged, messages are counted and shown, and none has records.

What messages mean, a schema does not say. Records of such a feed are those of its numbers; its messages are in the frames,
and :class:`~zerofeed.runtime.packet_views.PacketViews` finds them there.
"""

from __future__ import annotations

from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import Message
from zerofeed.codecs.sbe.schema import load_schema
from zerofeed.runtime.framed import framed_protocol
from zerofeed.runtime.protocol import Protocol
from zerofeed.runtime.sbe_config import FramingSection, SbeSection

__all__ = ["SBE", "sbe_protocol_of"]

SBE = "sbe"
"""Name of the protocol whose schema a configuration gives."""


def sbe_protocol_of(section: SbeSection | None) -> Protocol:
    """Make the protocol of a schema.

    Args:
        section: of the configuration.

    Raises:
        ConfigurationError: there is no schema, or the framing cannot be.
        SchemaError: the schema cannot be read.
    """
    if section is None:
        raise ConfigurationError(
            "protocol sbe needs a schema",
            where="sbe.schema",
            expected="the path of an SBE schema",
            next_step="add [sbe] with schema and framing, or --schema FILE",
        )
    schema = load_schema(Path(section.schema))
    framing: FramingSection = section.framing
    dialect = Dialect(
        schema,
        [Message(each.name) for each in schema.messages],
        length_member=framing.length_member,
        is_schema_id_checked=framing.schema_ids == "own",
    )
    return framed_protocol(
        SBE,
        f"the schema of {section.schema}",
        framing.framing(),
        dialect,
        length_member=framing.length_member,
        is_schema_id_checked=framing.schema_ids == "own",
    )
