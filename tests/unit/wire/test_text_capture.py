"""Every line of a text capture is a message, or is counted with the reason why it is none."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import CaptureError
from zerofeed.records.units import UNDEF
from zerofeed.wire.pcap import CaptureReader
from zerofeed.wire.pcap_index import PACKET_UNTIMED
from zerofeed.wire.text_capture import TextCapture, open_recording

__all__: list[str] = []

URL = "wss://venue.example/ws"


def read(text: bytes, messages: int = 64) -> tuple[list[tuple[int, bytes]], TextCapture]:
    """Times and texts of all messages, and the reader."""
    # A copy that ends where the text ends: a read behind it is caught when bounds are checked.
    capture = TextCapture(np.frombuffer(text, np.uint8), "vector")
    told = [
        (int(row["ts_ns"]), text[int(row["offset"]) : int(row["offset"]) + int(row["length"])])
        for chunk in capture.chunks(messages)
        for row in chunk
    ]
    return told, capture


@pytest.mark.parametrize(
    ("line", "time", "text"),
    [
        ('1723161255030314667 {"a":1}', 1723161255030314667, '{"a":1}'),
        ("1723161255030314667 pong", 1723161255030314667, "pong"),
        ('  17   {"a": 1}', 17, '{"a": 1}'),
        ('1618678132.831468: {"a":1}', 1618678132831468000, '{"a":1}'),
        ("1618678132.9348202: [1, 2]", 1618678132934820200, "[1, 2]"),
        ("1618678132: x", 1618678132000000000, "x"),
        ("1618678132.1234567899: x", 1618678132123456789, "x"),
        ('{"a":1}', UNDEF, '{"a":1}'),
        ("[1]", UNDEF, "[1]"),
        (URL + ' -> 1618678132.5: {"answer":1}', 1618678132500000000, '{"answer":1}'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_line_is_a_message(line: str, time: int, text: str, end: str) -> None:
    told, capture = read((line + end).encode())
    assert told == [(time, text.encode())]
    assert capture.counts.packets == capture.counts.frames == 1
    assert capture.counts.packets_untimed == (time == UNDEF)
    assert capture.counts.answers == (URL in line)
    assert capture.counts.payload_bytes == len(text)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (URL + ' <- 1618678132.83097: {"event":"subscribe"}', "sent"),
        (URL + " <-> 1618678132.368463", "opened"),
        ("what is this", "not_understood"),
        ("1618678132.5 {}", "not_understood"),
        ("1618678132.5:", "not_understood"),
        ("17", "not_understood"),
        ("12345678901: {}", "not_understood"),
        ("12345678901234567890 {}", "not_understood"),
        ("x", "not_understood"),
        (URL + " ->", "not_understood"),
        (URL + " => 1.5: {}", "not_understood"),
    ],
)
def test_any_other_line_is_counted_by_its_cause(line: str, cause: str) -> None:
    told, capture = read(f"1 {{}}\n{line}\n".encode())
    assert told == [(1, b"{}")]
    skipped = capture.counts.skipped
    assert (skipped.sent, skipped.opened, skipped.not_understood) == tuple(
        int(name == cause) for name in ("sent", "opened", "not_understood")
    )
    assert capture.counts.frames == 2


def test_empty_lines_are_no_lines() -> None:
    told, capture = read(b"\n  \r\n\n1 {}\n\n")
    assert told == [(1, b"{}")]
    assert capture.counts.frames == 1


def test_a_message_without_a_time_says_so() -> None:
    capture = TextCapture(np.frombuffer(b'{"a":1}\n5 {}\n', np.uint8), "vector")
    flags = [int(row["flags"]) for chunk in capture.chunks() for row in chunk]
    assert flags == [PACKET_UNTIMED, 0]


def test_chunks_of_any_size_give_the_same_messages() -> None:
    text = b"".join(b'%d {"n":%d}\n' % (n, n) for n in range(20))
    whole, _ = read(text)
    assert [n for n, _ in whole] == list(range(20))
    for messages in (1, 3, 19, 20, 21):
        assert read(text, messages)[0] == whole


def test_lines_of_no_known_form_are_no_capture() -> None:
    with pytest.raises(CaptureError, match=r"not a capture.*got 2 other lines"):
        read(b"what\nis this\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_lines_that_are_counted_once(data: bytes) -> None:
    capture = TextCapture(np.frombuffer(data, np.uint8), "vector")
    try:
        rows = [row for chunk in capture.chunks(7) for row in chunk]
    except CaptureError:
        rows = []
    counts = capture.counts
    lines = [line for line in data.split(b"\n") if line.removesuffix(b"\r").strip(b" ")]
    assert counts.frames == len(lines)
    skipped = counts.skipped
    assert counts.packets == len(rows)
    assert counts.packets + skipped.sent + skipped.opened + skipped.not_understood == len(lines)
    for row in rows:
        text = data[int(row["offset"]) : int(row["offset"]) + int(row["length"])]
        assert text
        assert b"\n" not in text


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**19 - 1),
            st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), min_size=1).filter(
                lambda text: text.strip(" ") and not re.match(r"[ .:\d]", text)
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_with_its_time_is_read_so(messages: list[tuple[int, str]]) -> None:
    lines = "".join(f"{time} {text}\n" for time, text in messages).encode()
    told, _ = read(lines)
    assert [text for _, text in told] == [text.encode() for _, text in messages]
    for (time, _), (expected, _) in zip(told, messages, strict=True):
        if expected < 1 << 63:
            assert time == expected


# Files


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_file_of_lines_is_opened_as_text(is_packed: bool, tmp_path: Path) -> None:
    content = b"1 {}\n2 {}\n"
    (tmp_path / "file").write_bytes(gzip.compress(content) if is_packed else content)
    reader = open_recording(tmp_path / "file")
    assert isinstance(reader, TextCapture)
    assert reader.format == "text"
    assert [int(t) for chunk in reader.chunks() for t in chunk["ts_ns"]] == [1, 2]


@pytest.mark.parametrize(
    "magic", [b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"]
)
def test_a_file_of_packets_is_opened_as_such(magic: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(magic + bytes(40))
    try:
        reader = open_recording(tmp_path / "file")
    except CaptureError:
        # Empty ones of these forms are damaged; what matters is who was asked.
        return
    assert isinstance(reader, CaptureReader)


def test_a_file_that_is_cut_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(b"1 {}\n" * 2000)[:-9])
    reader = open_recording(tmp_path / "file")
    assert sum(len(chunk) for chunk in reader.chunks()) > 0
    assert reader.counts.is_gzip_cut
