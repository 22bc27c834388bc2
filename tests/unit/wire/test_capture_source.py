"""A capture's packets become frames, each once, in order, when they are due, also across kills."""

from __future__ import annotations

import gzip
import select
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import CaptureError, ConfigurationError
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.records.units import UNDEF
from zerofeed.shm import _ring_kernels as ring_k
from zerofeed.wire import _capture_source_kernels as k
from zerofeed.wire._arrival_kernels import CUT_FLAG, NO_STAMP_FLAG, RECORDED_FLAG
from zerofeed.wire.capture_source import BLOCK_WORDS, CaptureReceiver, open_capture_source
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.pcap_index import INDEX_DTYPE
from zerofeed.wire.pcap_write import CaptureWriter

__all__: list[str] = []

pytestmark = pytest.mark.compiled

CHUNK = 64
FRAMES = 128
BURST = 8
OPENS_NS = 1_700_000_000_000_000_000
ENDS = ((0x7F000001, 5000), (0xEF6F6F01, 6100))


def write(path: Path, payloads: list[bytes], step_ns: int = 1000) -> Path:
    with path.open("wb") as file, CaptureWriter(file) as writer:
        for number, payload in enumerate(payloads):
            writer.write_udp(
                OPENS_NS + number * step_ns, payload, source=ENDS[0], destination=ENDS[1]
            )
    return path


class Rig:
    """A small feed's memory and a receiver that is taken over as often as one likes."""

    def __init__(self, receiver: CaptureReceiver) -> None:
        sizes = MemorySizes(
            records=256, frames=FRAMES, chunk_bytes=CHUNK, burst=BURST, max_claim=8, instruments=8
        )
        self.memory = FeedMemory("capture", sizes)
        self.receiver = receiver
        self.block = np.zeros(BLOCK_WORDS, np.int64)
        self.receiver.take_over(self.block, self.memory, 3)

    def take(self, limit: int = BURST) -> int:
        memory = self.memory
        control = memory.frame_ring.control
        assert ring_k.try_claim(control, memory.frame_cursors.words, limit) == 0
        (timer,) = self.receiver.filenos()
        return k.take(timer, 3, self.block, memory.arena, CHUNK, control, memory.frames, limit)

    def frames(self, first: int, count: int):
        """Descriptors and payloads of the latest frames."""
        memory = self.memory
        rows = [memory.frames[(first + i) % FRAMES] for i in range(count)]
        arena = memory.arena
        return [
            (row, arena[row["offset"] : row["offset"] + row["length"]].tobytes()) for row in rows
        ]

    def is_readable(self) -> bool:
        poll = select.poll()
        poll.register(self.receiver.filenos()[0], select.POLLIN)
        return bool(poll.poll(0))


def made(payloads: list[bytes], times_ns=None, cut=None) -> CaptureReceiver:
    """A receiver of payloads that lie in memory, played as fast as possible."""
    index = np.zeros(len(payloads), INDEX_DTYPE)
    index["length"] = [len(payload) for payload in payloads]
    index["offset"] = np.cumsum([0, *index["length"][:-1]])
    index["orig_length"] = index["length"] + (0 if cut is None else np.array(cut))
    index["ts_ns"] = OPENS_NS if times_ns is None else times_ns
    data = np.frombuffer(b"".join(payloads) or b"\0", np.uint8)
    return CaptureReceiver(Capture("made", "pcap", data, index, None), "max")  # type: ignore[arg-type]


def test_a_capture_says_that_the_worker_copies() -> None:
    receiver = made([b"payload"])
    told = receiver.tell_copies()
    receiver.close()
    assert (told.kind, told.kernel_copies, told.user_copies) == ("capture", 0, 1)


def test_a_capture_without_arrival_times_is_paced_by_those_of_its_messages() -> None:
    payloads = [b"a", b"b", b"c"]
    index = np.zeros(3, INDEX_DTYPE)
    index["length"] = index["orig_length"] = 1
    index["offset"] = [0, 1, 2]
    index["ts_ns"] = UNDEF
    capture = Capture(
        "made", "length-prefixed", np.frombuffer(b"abc", np.uint8), index, None,  # type: ignore[arg-type]
        paced_by=np.array([100, 100, 60_000_000_100]),
    )  # fmt: skip
    rig = Rig(CaptureReceiver(capture, 1.0))
    assert rig.take() == 2
    assert rig.take() == 0
    (row, stored), _ = rig.frames(0, 2)
    assert stored == payloads[0]
    assert row["flags"] == RECORDED_FLAG | NO_STAMP_FLAG
    assert row["ts_recv_ns"] > OPENS_NS
    rig.receiver.close()


payload_lists = st.lists(st.binary(max_size=2 * CHUNK), min_size=1, max_size=200)


@given(payloads=payload_lists, limits=st.lists(st.integers(1, BURST), min_size=1))
def test_frames_are_the_payloads_in_order(payloads, limits) -> None:
    """Against a plain oracle: the file's own slices."""
    rig = Rig(made(payloads))
    done = turn = 0
    while done < len(payloads):
        limit = limits[turn % len(limits)]
        count = rig.take(limit)
        assert count == min(limit, len(payloads) - done)
        for number, (row, stored) in enumerate(rig.frames(done, count), start=done):
            payload = payloads[number]
            assert stored == payload[:CHUNK]
            assert (row["seq"], row["channel"], row["ts_recv_ns"]) == (number, 3, OPENS_NS)
            is_cut = len(payload) > CHUNK
            assert row["flags"] == RECORDED_FLAG | (CUT_FLAG if is_cut else 0)
        done += count
        turn += 1
    assert rig.memory.frame_ring.published == len(payloads)
    assert rig.take() == 0
    assert rig.receiver.has_ended(rig.block)
    rig.receiver.close()


STOPS = ("before", "noted", "copied", "published", "next stored")


@given(
    payloads=payload_lists,
    stops=st.lists(st.tuples(st.sampled_from(STOPS), st.integers(1, BURST)), min_size=1),
)
def test_a_kill_at_any_store_neither_loses_nor_doubles_a_packet(payloads, stops) -> None:
    rig = Rig(made(payloads))
    seen: list[bytes] = []
    for turn in range(4 * len(payloads) + 4):
        stop, limit = stops[turn % len(stops)]
        if turn % 2:
            stop = "before"
        before = rig.block.copy()
        published = rig.memory.frame_ring.published
        count = rig.take(limit)
        if stop != "before" and count:
            # What a kill at this store leaves: later stores are taken back.
            after = rig.block.copy()
            rig.block[:] = after
            rig.block[1] = 1
            if stop in ("noted", "copied"):
                rig.memory.frame_ring.control[ring_k.PUBLISHED] = published
            if stop != "next stored":
                rig.block[k.NEXT] = before[k.NEXT]
        for _ in range(1 + turn % 2):
            rig.receiver.take_over(rig.block, rig.memory, 3)
        new = rig.memory.frame_ring.published - published
        seen += [stored for _, stored in rig.frames(published, new)]
        if rig.receiver.has_ended(rig.block):
            break
    assert seen == [payload[:CHUNK] for payload in payloads]
    rig.receiver.close()


def test_a_packet_without_a_time_gets_the_present_and_says_so() -> None:
    rig = Rig(made([b"a", b"b"], times_ns=[-(2**63), OPENS_NS]))
    before = time.time_ns()
    rig.take()
    (first, _), (second, _) = rig.frames(0, 2)
    assert first["flags"] == RECORDED_FLAG | NO_STAMP_FLAG
    assert before <= first["ts_recv_ns"] <= time.time_ns()
    assert (second["flags"], second["ts_recv_ns"]) == (RECORDED_FLAG, OPENS_NS)
    rig.receiver.close()


def test_a_packet_that_the_capture_cut_is_marked() -> None:
    rig = Rig(made([b"abc", b"def"], cut=[0, 5]))
    rig.take()
    assert [row["flags"] & CUT_FLAG for row, _ in rig.frames(0, 2)] == [0, CUT_FLAG]
    rig.receiver.close()


def test_its_timer_can_be_read_while_packets_are_due_and_never_after_the_last() -> None:
    rig = Rig(made([b"x"] * (BURST + 1)))
    assert rig.is_readable()
    rig.take()
    assert rig.is_readable()
    rig.take()
    assert not rig.is_readable()
    # A successor looks once more and finds nothing.
    rig.receiver.take_over(rig.block, rig.memory, 3)
    assert rig.is_readable()
    assert rig.take() == 0
    assert not rig.is_readable()
    rig.receiver.close()


def test_packets_are_taken_when_they_are_due_and_not_before(tmp_path) -> None:
    path = write(tmp_path / "paced.pcap", [b"a", b"b", b"c"], step_ns=40_000_000)
    receiver = open_capture_source(path, 2.0)
    rig = Rig(receiver)
    assert rig.take() == 1
    assert not rig.is_readable()
    start = int(rig.block[k.START_NS])
    for number in (1, 2):
        poll = select.poll()
        poll.register(receiver.filenos()[0], select.POLLIN)
        assert poll.poll(10_000)
        assert time.monotonic_ns() - start >= number * 20_000_000
        assert rig.take() == 1
    assert receiver.has_ended(rig.block)
    receiver.close()


def test_a_successor_keeps_the_pace_of_its_predecessor(tmp_path) -> None:
    path = write(tmp_path / "paced.pcap", [b"a", b"b"], step_ns=3_600_000_000_000)
    rig = Rig(open_capture_source(path))
    rig.take()
    start = int(rig.block[k.START_NS])
    rig.receiver.take_over(rig.block, rig.memory, 3)
    assert rig.take() == 0
    assert rig.block[k.START_NS] == start
    assert not rig.is_readable()
    rig.receiver.close()


def test_its_end_is_told_once(tmp_path) -> None:
    path = write(tmp_path / "two.pcap", [b"a", b"b"])
    rig = Rig(open_capture_source(path, "max"))
    assert rig.receiver.tell(rig.block) is None
    rig.take()
    line = rig.receiver.tell(rig.block)
    assert line == f"capture {path}: ended, all 2 packets were taken"
    assert rig.receiver.tell(rig.block) is None
    rig.receiver.take_over(rig.block, rig.memory, 3)
    assert rig.receiver.tell(rig.block) is None
    rig.receiver.close()


def test_it_says_how_many_copies_it_makes_and_whose_clock_it_has() -> None:
    receiver = made([b"a"])
    assert "one copy in user space" in receiver.how
    assert "recorded" in receiver.clock
    assert (receiver.drops(), receiver.name) == (0, "made")
    receiver.close()
    receiver.close()


def test_a_compressed_capture_is_played_like_any_other(tmp_path) -> None:
    plain = write(tmp_path / "three.pcap", [b"one", b"two", b"three"])
    packed = tmp_path / "three.pcap.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    rig = Rig(open_capture_source(packed, "max"))
    assert rig.take() == 3
    assert [stored for _, stored in rig.frames(0, 3)] == [b"one", b"two", b"three"]
    rig.receiver.close()


# What cannot be played


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(CaptureError, match=r"absent\.pcap: the capture cannot be read"):
        open_capture_source(tmp_path / "absent.pcap")


def test_a_file_that_is_no_capture_is_named(tmp_path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("this is no capture at all")
    with pytest.raises(CaptureError, match=r"note\.txt, offset 0: not a capture"):
        open_capture_source(path)


def test_a_capture_without_udp_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=r"empty\.pcap: the capture has no UDP packets"):
        open_capture_source(write(tmp_path / "empty.pcap", []))


def test_a_capture_that_contradicts_itself_names_the_packet(tmp_path) -> None:
    path = write(tmp_path / "bad.pcap", [b"one", b"two", b"three"])
    index = read_capture(path).index
    raw = bytearray(path.read_bytes())
    # The third packet's length in its record header, which is right before its Ethernet frame.
    at = int(index["offset"][2]) - 42 - 8
    raw[at : at + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(raw)
    with pytest.raises(CaptureError, match=r"bad\.pcap behind packet 2, offset \d+: impossible"):
        open_capture_source(path)


def test_a_capture_that_is_cut_at_its_end_is_played_and_says_behind_which_packet(tmp_path) -> None:
    path = write(tmp_path / "cut.pcap", [b"one", b"two", b"three"])
    path.write_bytes(path.read_bytes()[:-2])
    receiver = open_capture_source(path)
    (line,) = receiver.shortcomings()
    assert "cut.pcap: the file is cut behind packet 2;" in line
    assert "bytes of the next one are left out" in line
    assert len(receiver.capture) == 2
    receiver.close()
