"""A file of blocks becomes frames of whole blocks, each byte once, however it is packed or cut."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import CaptureError
from zerofeed.records.units import UNDEF
from zerofeed.wire.length_prefixed import (
    FORMAT,
    BlockLayout,
    LengthPrefixedReader,
    open_length_prefixed,
    read_length_prefixed,
)
from zerofeed.wire.pcap_index import PACKET_UNTIMED
from zerofeed.wire.pcap_write import CaptureWriter

__all__: list[str] = []

EXAMPLES = 25
BY_LETTER = np.zeros(256, np.int64)
BY_LETTER[[ord("a"), ord("b")]] = (3, 7)
BLOCKS = st.lists(st.binary(min_size=1, max_size=30), max_size=20)


def file_of(blocks: list[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(2, "big") + each for each in blocks)


def pieces_of(data: bytes, cuts: list[int]) -> Generator[np.ndarray, None, bool]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for begin, end in itertools.pairwise(edges):
        yield np.frombuffer(data[begin:end], np.uint8)
    return False


def frames_of(reader: LengthPrefixedReader, rows: int = 64) -> list[bytes]:
    return [
        reader.data[row["offset"] : row["offset"] + row["length"]].tobytes()
        for index in reader.chunks(rows)
        for row in index
    ]


def packed(blocks: list[bytes], frame_bytes: int) -> list[bytes]:
    """The oracle: as many whole blocks a frame as fit it."""
    frames: list[bytes] = []
    for block in (file_of([each]) for each in blocks):
        if frames and len(frames[-1]) + len(block) <= frame_bytes:
            frames[-1] += block
        else:
            frames.append(block)
    return frames


@settings(max_examples=EXAMPLES)
@given(BLOCKS, st.integers(1, 80), st.integers(1, 5))
def test_frames_are_as_many_whole_blocks_as_fit(blocks, frame_bytes, rows) -> None:
    data = file_of(blocks)
    layout = BlockLayout(frame_bytes=frame_bytes)
    reader = LengthPrefixedReader(pieces_of(data, []), "vector", layout)
    assert frames_of(reader, rows) == packed(blocks, frame_bytes)
    counts = reader.counts
    assert (reader.blocks, counts.payload_bytes, counts.tail_bytes) == (len(blocks), len(data), 0)
    assert counts.frames == counts.packets == counts.packets_untimed


@settings(max_examples=EXAMPLES)
@given(BLOCKS, st.lists(st.integers(0, 600), max_size=6), st.integers(1, 60))
def test_pieces_of_any_size_lose_and_double_nothing(blocks, cuts, frame_bytes) -> None:
    data = file_of(blocks)
    layout = BlockLayout(frame_bytes=frame_bytes)
    reader = LengthPrefixedReader(pieces_of(data, cuts), "vector", layout)
    frames = frames_of(reader, 3)
    assert b"".join(frames) == data
    assert reader.blocks == len(blocks)


@settings(max_examples=EXAMPLES)
@given(BLOCKS.filter(bool), st.integers(1, 31))
def test_a_file_that_is_cut_gives_its_whole_blocks_and_counts_the_rest(blocks, cut) -> None:
    data = file_of(blocks)
    kept = data[: max(0, len(data) - min(cut, len(blocks[-1]) + 1))]
    reader = LengthPrefixedReader(pieces_of(kept, []), "vector", BlockLayout())
    if len(blocks) == 1 and kept:
        with pytest.raises(CaptureError, match="not a file of blocks"):
            frames_of(reader)
        return
    assert b"".join(frames_of(reader)) == file_of(blocks[:-1])
    assert reader.counts.tail_bytes == len(kept) - len(file_of(blocks[:-1]))


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=120), st.integers(1, 40), st.booleans())
def test_any_bytes_give_frames_that_lie_inside_and_follow_one_another(
    data, frame_bytes, knows_letters
) -> None:
    layout = BlockLayout(frame_bytes=frame_bytes)
    if knows_letters:
        layout = BlockLayout(lengths=BY_LETTER, frame_bytes=frame_bytes, time_at=1, time_bytes=6)
    reader = LengthPrefixedReader(pieces_of(data, []), "vector", layout)
    at = 0
    try:
        for index, times in reader.timed_chunks(5, 4):
            assert len(index) == len(times)
            for row in index:
                assert (int(row["offset"]), row["flags"]) == (at, PACKET_UNTIMED)
                assert row["ts_ns"] == UNDEF
                at += int(row["length"])
    except CaptureError:
        assert at == 0
        return
    assert at + reader.counts.tail_bytes in (len(data), len(data) - 2)


def test_a_length_of_0_ends_a_file() -> None:
    data = file_of([b"abc", b"de"]) + b"\0\0" + b"rest"
    reader = LengthPrefixedReader(pieces_of(data, []), "vector", BlockLayout(lengths=BY_LETTER))
    assert frames_of(reader) == [data[:9]]
    assert reader.counts.tail_bytes == 4


def test_lengths_that_all_say_0_are_those_of_the_letters() -> None:
    blocks = [b"abc", b"bcdefgh", b"axy"]
    data = b"".join(b"\0\0" + each for each in blocks)
    layout = BlockLayout(lengths=BY_LETTER, frame_bytes=14)
    for cuts in ([], [1], [2, 3], [5, 6, 7, 8]):
        reader = LengthPrefixedReader(pieces_of(data, cuts), "vector", layout)
        assert b"".join(frames_of(reader)) == data
        assert reader.blocks == 3


def test_a_letter_that_nobody_knows_ends_a_file_of_zeros() -> None:
    data = b"\0\0abc" + b"\0\0zzz"
    reader = LengthPrefixedReader(pieces_of(data, []), "vector", BlockLayout(lengths=BY_LETTER))
    assert frames_of(reader) == [data[:5]]
    assert reader.counts.tail_bytes == 3


@pytest.mark.parametrize("data", [b"", b"\0\0"])
def test_an_empty_day_has_no_frames(data: bytes) -> None:
    assert frames_of(LengthPrefixedReader(pieces_of(data, []), "vector", BlockLayout())) == []


def test_a_file_of_something_else_is_refused() -> None:
    reader = LengthPrefixedReader(pieces_of(b"\xff\xffnot blocks", []), "vector", BlockLayout())
    with pytest.raises(CaptureError, match="not a file of blocks"):
        frames_of(reader)


def test_a_capture_of_packets_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    with path.open("wb") as file, CaptureWriter(file) as writer:
        writer.write_udp(1, b"x", source=(1, 1), destination=(2, 2))
    with pytest.raises(CaptureError, match=r"capture of packets.*itch50-mold"):
        frames_of(open_length_prefixed(path, BlockLayout()))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_read_in_every_form(pack, tmp_path: Path) -> None:
    data = file_of([b"abcdefgh" * 3] * 5000)
    (tmp_path / "file").write_bytes(pack(data))
    reader = open_length_prefixed(tmp_path / "file", BlockLayout())
    assert (reader.format, reader.name) == (FORMAT, str(tmp_path / "file"))
    assert b"".join(frames_of(reader)) == data
    assert not reader.counts.is_gzip_cut


def test_a_compressed_file_that_ends_early_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(file_of([b"abcdefgh"] * 50))[:-10])
    reader = open_length_prefixed(tmp_path / "file", BlockLayout())
    frames_of(reader)
    assert reader.counts.is_gzip_cut


def test_a_file_that_is_not_there_is_said_when_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be read"):
        frames_of(open_length_prefixed(tmp_path / "none", BlockLayout()))


def test_a_file_to_be_played_is_paced_by_the_times_of_its_blocks(tmp_path: Path) -> None:
    blocks = [b"m" + (1000 * n).to_bytes(6, "big") + bytes(20) for n in range(1, 5)]
    (tmp_path / "file").write_bytes(file_of([*blocks, b"mshort"]))
    layout = BlockLayout(time_at=1, time_bytes=6, frame_bytes=30)
    capture = read_length_prefixed(tmp_path / "file", layout, epoch_ns=7)
    assert capture.paced_by is not None
    assert capture.paced_by.tolist() == [1007, 2007, 3007, 4007, UNDEF]
    assert (capture.index["ts_ns"] == UNDEF).all()
    assert [each.tobytes() for each in capture.payloads()] == packed([*blocks, b"mshort"], 30)
    assert capture.format == FORMAT


def test_blocks_without_times_pace_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(file_of([b"abc"]))
    assert read_length_prefixed(tmp_path / "file", BlockLayout()).paced_by is None
