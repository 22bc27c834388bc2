"""CME says what a feed of it needs, and no packet makes more records than that."""

from __future__ import annotations

import pytest

from tests.unit.codecs.cme.venue import any_messages, book, definition, entry, message, packet
from tests.unit.runtime.wire_packets import Sent
from zerofeed.codecs.cme._layout import DIALECT_AT, TABLE_AT, layout_table
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.feed.metrics import TEMPLATES
from zerofeed.runtime.cme import CME, make_scratch, most_records, work_words

__all__: list[str] = []


def test_every_template_has_a_counter() -> None:
    assert list(CME.templates.values()) == [each.name for each in SCHEMA.messages]
    assert len(CME.templates) <= TEMPLATES


def test_the_scratch_has_the_table_in_front_of_the_dialect_s() -> None:
    scratch = make_scratch(1_400)
    assert (scratch[TABLE_AT:DIALECT_AT] == layout_table(SCHEMA)).all()
    assert scratch.size > DIALECT_AT


def test_the_state_of_the_codec_grows_by_the_same_for_each_instrument() -> None:
    sizes = [work_words(count) for count in (100, 101, 102)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


# Records have attributes in compiled code alone.
@pytest.mark.compiled
@pytest.mark.parametrize("place", range(len(any_messages())))
def test_no_message_makes_more_records_than_the_bound(place: int) -> None:
    payload = packet(1, *[any_messages()[place]] * 3)
    assert len(Sent("cme-mdp3")(payload)) <= most_records(len(payload)) - 1024


@pytest.mark.compiled
def test_the_densest_messages_make_no_more_records_than_the_bound() -> None:
    """Each level is of an instrument of its own, and ends a transaction that began before."""
    sent = Sent("cme-mdp3", instruments=512)
    sent(packet(1, *(definition(each, f"F{each}") for each in range(1, 200))))
    entries = [entry(1, 1, 1, kind="ImpliedBid", security=each) for each in range(1, 200)]
    payload = packet(2, book(*entries, version=9))
    records = sent(payload)
    assert 2 * 199 < len(records) <= most_records(len(payload))
    levels = [{"MDEntryPx": each, "MDEntrySize": 1, "MDEntryType": "Bid"} for each in range(250)]
    payload = packet(3, message("SnapshotFullRefresh52", SecurityID=1, NoMDEntries=levels))
    assert len(sent(payload)) <= most_records(len(payload))
