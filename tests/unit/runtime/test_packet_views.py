"""The messages of a packet are found by its framing, as far as its lengths are true."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.unit.codecs.cme.venue import any_messages
from tests.unit.codecs.cme.venue import packet as cme_packet
from tests.unit.runtime.framed_venues import any_of, cb_packet, sb_packet
from tests.unit.runtime.own_sbe_feed import FRAMING, SCHEMA, message, packet
from zerofeed.codecs.cme.schema import SCHEMA as CME
from zerofeed.codecs.coinbase_derivatives.schema import SCHEMA as COINBASE
from zerofeed.codecs.deribit_starbase.schema import SCHEMA as STARBASE
from zerofeed.runtime.framing import Framing
from zerofeed.runtime.packet_views import PacketViews, plain
from zerofeed.runtime.protocols import PROTOCOLS
from zerofeed.runtime.sbe_config import FramingSection

__all__: list[str] = []

VIEWS = PacketViews(SCHEMA, msgspec.toml.decode(FRAMING, type=FramingSection).framing())


def found(views: PacketViews, raw: bytes) -> list[tuple[int | None, str]]:
    return [(number, view.name) for number, view in views.of_packet(np.frombuffer(raw, np.uint8))]


def test_messages_have_their_own_numbers_and_values() -> None:
    raw = packet(
        70, message("Hello", number=-5, rows=[1, -2], note=b"\xff"), message("Bye", code=3)
    )
    assert found(VIEWS, raw) == [(70, "Hello"), (71, "Bye")]
    (_, hello), _ = VIEWS.of_packet(np.frombuffer(raw, np.uint8))
    told = plain(hello.to_dict())
    assert (told["number"], told["rows"], told["note"]) == (-5, [{"price": 1}, {"price": -2}], "ff")


def test_what_cannot_be_used_ends_the_packet_and_an_unknown_template_does_not() -> None:
    bye = message("Bye")
    unknown = bytearray(bye)
    unknown[5] = 77
    assert found(VIEWS, packet(1, bytes(unknown), bye)) == [(2, "Bye")]
    for lie in (b"\x7e\xff\xff" + bye[3:], b"\x7e\x00\x02", b"\x7e"):
        assert found(VIEWS, packet(1, bye, lie, bye)) == [(1, "Bye")]
    assert found(VIEWS, b"\x01\x02") == []


def test_messages_without_a_framing_stand_back_to_back() -> None:
    raw = message("Bye")[3:]
    assert found(PacketViews(SCHEMA, Framing()), raw * 3) == [(None, "Bye")] * 3


@pytest.mark.parametrize(
    ("protocol", "raw", "schema"),
    [
        ("cme-mdp3", cme_packet(5, *any_messages()), CME),
        ("coinbase-derivatives", cb_packet(5, *any_of(COINBASE)), COINBASE),
        ("deribit-starbase", sb_packet(5, *any_of(STARBASE)), STARBASE),
    ],
)
def test_every_message_of_the_venues_has_a_view(protocol: str, raw: bytes, schema: Any) -> None:
    views = PROTOCOLS[protocol].views
    assert views is not None
    names = [name for _, name in found(views(), raw)]
    assert names == [each.name for each in schema.messages]


def test_what_json_does_not_have_is_put_plainly() -> None:
    assert plain({"a": (1, b"\x01\x02"), "b": float("nan"), "c": [1.5]}) == {
        "a": [1, "0102"],
        "b": None,
        "c": [1.5],
    }
