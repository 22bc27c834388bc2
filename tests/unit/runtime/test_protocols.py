"""A protocol is found by its name, and says what a feed of its kind needs."""

from __future__ import annotations

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.protocols import PROTOCOLS, find_protocol

__all__: list[str] = []


def test_an_unknown_protocol_is_told_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"expected deribit-multicast or .*; got nasdaq"):
        find_protocol("nasdaq")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_names_its_templates(name: str) -> None:
    protocol = find_protocol(name)
    assert protocol.name == name
    assert all(protocol.templates.values())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_room_for_a_packet_of_nothing_but_its_gap(name: str) -> None:
    protocol = find_protocol(name)
    assert protocol.most_records(0) >= 1
    assert protocol.most_records(2048) > protocol.most_records(512)
    assert protocol.work_words(512) >= protocol.work_words(64)
