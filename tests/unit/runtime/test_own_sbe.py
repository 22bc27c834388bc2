"""A feed of any schema: its numbers are judged, its messages counted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.unit.runtime.own_sbe_feed import FRAMING, XML, message, packet
from tests.unit.runtime.wire_packets import Sent, kinds_of
from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.runtime.own_sbe import sbe_protocol_of
from zerofeed.runtime.sbe_config import FramingSection, SbeSection

__all__: list[str] = []


def section(folder: Path, xml: str = XML, framing: str = FRAMING) -> SbeSection:
    path = folder / "venue.xml"
    path.write_text(xml)
    return SbeSection(str(path), msgspec.toml.decode(framing, type=FramingSection))


# Records have attributes in compiled code alone.
@pytest.mark.compiled
def test_messages_are_counted_and_what_is_missing_is_told(tmp_path: Path) -> None:
    protocol = sbe_protocol_of(section(tmp_path))
    sent = Sent(protocol)
    assert len(sent(packet(1, message("Hello", rows=[1, 2]), message("Bye")))) == 0
    records = sent(packet(5, message("Bye")))
    assert kinds_of(records) == ["gap"]
    assert (records["missing_count"][0], records["channel"][0]) == (2, 4)
    counted = sent.feed.metrics.templates()
    assert {name: counted[slot] for slot, name in protocol.templates.items()} == {
        "Hello": 1,
        "Bye": 2,
        "text": 0,
    }
    sent(packet(6, message("Bye")[:-1]))
    sent.assert_every_packet_is_accounted_for()
    assert sent.count("packets_malformed") == 1


def test_a_schema_is_needed_and_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs a schema"):
        sbe_protocol_of(None)
    with pytest.raises(SchemaError):
        sbe_protocol_of(section(tmp_path, xml="<nothing/>"))
    with pytest.raises(ConfigurationError, match="sequence"):
        sbe_protocol_of(section(tmp_path, framing='sequence = { offset = 0, type = "uint32" }'))
