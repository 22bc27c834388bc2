"""The parser says what RFC 6455 says, however the bytes are split into reads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.websocket.frames import Oracle, frame
from zerofeed.base.status import NOT_READY
from zerofeed.wire.websocket import _frame_kernels as k
from zerofeed.wire.websocket import _words as w

__all__: list[str] = []

LONGEST = 300
GUARD = 0xA5


class Parser:
    """The kernel over a region that grows by reads; remembers what is behind END, to see it untouched."""

    def __init__(self, *, deflate: bool = False, longest: int = LONGEST, room: int = 4096) -> None:
        self.region = np.full(room, GUARD, np.uint8)
        self.words = np.zeros(w.STREAM_WORDS, np.int64)
        self.words[w.LONGEST] = longest
        self.words[w.DEFLATE] = deflate

    def read(self, data: bytes) -> list[tuple]:
        """Put bytes behind the others; the events that come of them."""
        end = int(self.words[w.END])
        self.region[end : end + len(data)] = np.frombuffer(data, np.uint8)
        self.words[w.END] += len(data)
        events = []
        while not events or events[-1][0] not in ("missing", "refused", "close"):
            events.append(self._event())
        assert (self.region[int(self.words[w.END]) :] == GUARD).all()
        return events

    def _event(self) -> tuple:
        words = self.words
        found = k.parse(self.region, words)
        control = self._bytes(words[w.CONTROL_AT], words[w.CONTROL_BYTES])
        if found == k.MESSAGE:
            payload = self._bytes(words[w.MESSAGE_AT], words[w.MESSAGE_BYTES])
            event = ("message", int(words[w.OPCODE]), bool(words[w.IS_COMPRESSED]), payload)
            words[w.OPCODE] = words[w.IS_COMPLETE] = 0
            return event
        named = {k.PING: "ping", k.PONG: "pong", k.CLOSE: "close"}
        if found in named:
            return named[found], control
        return ("missing",) if found == NOT_READY else ("refused", found)

    def _bytes(self, at: int, length: int) -> bytes:
        return self.region[int(at) : int(at) + int(length)].tobytes()


def parsed(data: bytes, cuts: list[int], **options) -> list[tuple]:
    """All events of bytes that come in pieces."""
    parser = Parser(**options)
    events: list[tuple] = []
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for begin, end in itertools.pairwise(places):
        events = events[:-1] + parser.read(data[begin:end])
        if events[-1][0] != "missing":
            break
    return events


SIZES = st.sampled_from([0, 1, 2, 5, 124, 125, 126, 127, 200, LONGEST, LONGEST + 1])
PAYLOADS = st.builds(lambda size, byte: bytes([byte]) * size, SIZES, st.integers(0, 255))
ANY_FRAMES = st.builds(
    lambda opcode, payload, fin, rsv, mask, wide: frame(
        opcode, payload, fin=fin, rsv=rsv, mask=mask, width=8 if wide else None
    ),
    st.sampled_from([0, 0, 1, 1, 2, 8, 9, 10, 3, 11, 15]),
    PAYLOADS,
    st.booleans(),
    st.sampled_from([0, 0, 0, 0, 4, 2, 1]),
    st.sampled_from([False] * 9 + [True]),
    st.booleans(),
)


@st.composite
def legal(draw) -> bytes:
    """A message in some frames with control frames between them."""
    pieces = draw(st.lists(st.binary(max_size=LONGEST // 4), min_size=1, max_size=4))
    data = b""
    for index, piece in enumerate(pieces):
        opcode = draw(st.sampled_from([1, 2])) if index == 0 else 0
        if index:
            for _ in range(draw(st.integers(0, 2))):
                data += frame(draw(st.sampled_from([9, 10])), draw(st.binary(max_size=20)))
        data += frame(opcode, piece, fin=index == len(pieces) - 1)
    return data


@pytest.mark.slow
@given(st.lists(legal(), max_size=5), st.lists(st.integers(0, 3000), max_size=12))
def test_any_split_into_reads_gives_the_same_messages(messages, cuts) -> None:
    data = b"".join(messages)
    events = parsed(data, cuts, room=8192)
    assert events == Oracle(deflate=False, longest=LONGEST).events(data)
    assert sum(event[0] == "message" for event in events) == len(messages)


@pytest.mark.slow
@given(
    st.lists(ANY_FRAMES, max_size=6).map(b"".join),
    st.lists(st.integers(0, 2500), max_size=10),
    st.booleans(),
)
def test_any_frames_mean_what_the_rfc_says(data, cuts, deflate) -> None:
    expected = Oracle(deflate=deflate, longest=LONGEST).events(data)
    assert parsed(data, cuts, deflate=deflate) == expected


@pytest.mark.slow
@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=6), st.booleans())
def test_any_bytes_at_all_are_read_as_the_oracle_reads_them(data, cuts, deflate) -> None:
    expected = Oracle(deflate=deflate, longest=LONGEST).events(data)
    assert parsed(data, cuts, deflate=deflate) == expected


@pytest.mark.parametrize("size", [0, 125, 126, 127, 65535, 65536, 70000])
def test_every_width_of_a_length_is_read(size: int) -> None:
    payload = bytes(size)
    events = parsed(frame(2, payload), [3, 9], longest=1 << 20, room=1 << 17)
    assert events == [("message", 2, False, payload), ("missing",)]


ILLEGAL = {
    "a masked frame": frame(1, b"x", mask=True),
    "RSV1 without compression": frame(1, b"x", rsv=4),
    "RSV2": frame(1, b"x", rsv=2),
    "RSV3": frame(1, b"x", rsv=1),
    "a reserved opcode": frame(3, b"x"),
    "a reserved control opcode": frame(11, b"x"),
    "a ping in fragments": frame(9, b"x", fin=False),
    "a long ping": frame(9, bytes(126)),
    "a continuation of nothing": frame(0, b"x"),
    "a message inside another": frame(1, b"x", fin=False) + frame(1, b"y"),
    "half a close code": frame(8, b"\x03"),
    "a close code that may not be sent": frame(8, (1005).to_bytes(2, "big")),
    "a close code that nobody defined": frame(8, (2000).to_bytes(2, "big")),
    "a length with the top bit": bytes([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1]),
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_what_is_illegal_closes_with_1002(case: str) -> None:
    assert parsed(ILLEGAL[case], [])[-1] == ("refused", 1002)


def test_a_message_that_is_too_long_is_refused_by_its_header() -> None:
    head = frame(2, bytes(LONGEST + 1))[:4]
    assert parsed(head, []) == [("refused", 1009)]


def test_fragments_that_are_too_long_together_are_refused() -> None:
    data = frame(2, bytes(LONGEST), fin=False) + frame(0, b"x")
    assert parsed(data, [])[-1] == ("refused", 1009)


def test_rsv1_on_a_continuation_is_refused_with_compression_too() -> None:
    data = frame(2, b"x", fin=False, rsv=4) + frame(0, b"y", rsv=4)
    assert parsed(data, [], deflate=True)[-1] == ("refused", 1002)


def test_a_message_stays_until_somebody_took_it() -> None:
    parser = Parser()
    parser.region[:3] = np.frombuffer(frame(1, b"a"), np.uint8)
    parser.words[w.END] = 3
    assert k.parse(parser.region, parser.words) == k.MESSAGE
    assert k.parse(parser.region, parser.words) == k.MESSAGE
