"""ITCH's protocols: how many records a frame can make at most, and which day files are of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.itch.harness import EXAMPLES, messages
from tests.unit.runtime.itch_frames import ARRIVAL_NS, feed_frames, new_feed
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.framing.mold import encode_packet
from zerofeed.codecs.framing.soup import encode_login_accepted
from zerofeed.codecs.framing.soup import encode_packet as soup_packet
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.runtime.itch import ITCH, most_records
from zerofeed.runtime.protocols import find_protocol

__all__: list[str] = []

HALTS = [
    encode_message("h", stock_locate=n, stock=f"S{n}", market_code="Q", operational_halt_action="H")
    for n in range(1, 60)
]


def test_every_protocol_counts_every_type() -> None:
    names = {slot: each.name for slot, each in enumerate(ITCH_MESSAGES)}
    assert [each.name for each in ITCH] == ["itch50-mold", "itch50-soup", "itch50"]
    assert all(each.templates == names for each in ITCH)


def test_only_what_has_no_arrivals_needs_a_day() -> None:
    needs = {each.name: each.days is not None and each.days.is_needed for each in ITCH}
    assert needs == {"itch50-mold": False, "itch50-soup": True, "itch50": True}


def test_the_state_of_the_codec_grows_by_the_same_for_each_instrument() -> None:
    sizes = [find_protocol("itch50").work_words(count) for count in (100, 101, 102)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


@pytest.mark.compiled
@settings(max_examples=EXAMPLES)
@given(st.lists(messages(most_ns=10**12), min_size=1, max_size=30))
def test_no_frame_makes_more_records_than_the_bound(sent: list[bytes]) -> None:
    for protocol, frame in (
        ("itch50-mold", encode_packet("A", 9, sent)),
        ("itch50", encode_blocks(sent)),
        ("itch50-soup", b"".join(soup_packet("S", each) for each in sent)),
    ):
        made = feed_frames(new_feed(protocol), [frame])
        assert len(made) <= most_records(len(frame))


@pytest.mark.compiled
def test_the_densest_frames_keep_the_bound() -> None:
    """Halts of stocks that nobody has told of; and logins to one session after the other."""
    frame = encode_packet("A", 1, HALTS)
    made = feed_frames(new_feed("itch50-mold"), [encode_packet("B", 1), frame])
    assert 2 * len(HALTS) < len(made) <= most_records(len(frame))
    logins = b"".join(encode_login_accepted(f"S{n}", 5) for n in range(40))
    made = feed_frames(new_feed("itch50-soup"), [logins])
    assert 39 <= len(made) <= most_records(len(logins))


@pytest.mark.compiled
@pytest.mark.parametrize("each", ITCH, ids=lambda each: each.name)
def test_a_frame_as_long_as_a_packet_can_be_is_decoded_whole(each) -> None:
    encode = {"itch50-mold": lambda sent: encode_packet("A", 1, sent), "itch50": encode_blocks,
              "itch50-soup": lambda sent: b"".join(soup_packet("S", m) for m in sent)}[each.name]  # fmt: skip
    # Beside the halts, the stock is announced, and that the session begins.
    sent = [HALTS[0]] * 2600
    feed = new_feed(each.name)
    records = feed_frames(feed, [encode(sent)], ARRIVAL_NS)
    assert len(records) == 2602
    assert feed.metrics["packets_decoded"] == 1
