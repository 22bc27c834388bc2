"""Receive, publish, recycle, recover: chunks are conserved, packets come once, whatever happens."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.shm import plain
from tests.unit.wire.xdp.dying import Dying, twin
from tests.unit.wire.xdp.kernel_side import KernelSide
from tests.unit.wire.xdp.packets import GROUP, HOST, PORT, SENDER, udp_frame
from zerofeed.base.status import NOT_READY, WOULD_BLOCK
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.shm import _ring_kernels as ring
from zerofeed.wire.xdp import _xdp_kernels as k
from zerofeed.wire.xdp import layout
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.layout import ArenaPlan

FLOWS = [Flow(HOST, PORT, source=3), Flow(GROUP, PORT, source=4, sender=SENDER)]
PLAN = ArenaPlan(slots=128, queues=2, chunks_per_queue=64)
JUMBO = ArenaPlan(slots=128, queues=1, chunks_per_queue=64, gather_bytes=4096)
NOW = 9_000_000_000


def receive(side: KernelSide, queue: int = 0, limit: int = 32, tai_shift: int = 0) -> int:
    return k.receive_once(
        queue, *side.tables, side.flows, side.arena, side.ring.control, side.cursors.words,
        side.frames, side.one, limit, NOW, tai_shift,
    )  # fmt: skip


def recover(side: KernelSide) -> int:
    return k.recover_queues(*side.tables, side.ring.control)


def counters(side: KernelSide, queue: int = 0) -> dict[str, int]:
    names = {"received": 8, "gathered": 9, "cut": 10, "foreign": 11}
    return {name: int(side.blocks[queue, at + layout.LIVE]) for name, at in names.items()}


def test_flags_are_those_of_the_socket_path_and_do_not_overlap() -> None:
    assert (k.CUT_FLAG, k.NO_STAMP_FLAG) == (burst.CUT_FLAG, burst.NO_STAMP_FLAG)
    flags = [
        k.CUT_FLAG, k.NO_STAMP_FLAG, burst.RECORDED_FLAG, k.HARDWARE_TIME_FLAG, k.GATHERED_FLAG
    ]  # fmt: skip
    assert sum(flags) == 0b11111


def test_packet_becomes_a_frame_where_the_kernel_put_it() -> None:
    side = KernelSide(PLAN, FLOWS)
    assert receive(side) == 0
    assert side.deliver(udp_frame(b"hello", tags=(0x8100,), options=bytes(8)), tai_ns=5_000)
    assert receive(side, tai_shift=1_000) == 1
    frame = side.frames[0]
    chunk = int(PLAN.queue_chunks(0)[0])
    assert frame["offset"] == chunk + 256 + 14 + 4 + 28 + 8
    assert [int(frame[name]) for name in ("seq", "length", "channel", "flags")] == [0, 5, 3, 0]
    assert frame["ts_recv_ns"] == 4_000
    assert side.payload(0) == b"hello"
    assert side.owners[0] == chunk
    assert side.chunks_of(0)[-1] == 0, "the slot's first chunk went to the FILL ring"
    side.assert_conserved()


def test_padding_is_no_payload_and_empty_payloads_are_frames() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame(b"", padding=18))
    side.deliver(udp_frame(b"ab", padding=16))
    assert receive(side) == 2
    assert [side.payload(0), side.payload(1)] == [b"", b"ab"]


def test_source_is_found_by_address_port_and_sender() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame(b"1", destination=GROUP))
    side.deliver(udp_frame(b"2", destination=GROUP, sender="10.9.9.9"))
    side.deliver(udp_frame(b"3", port=PORT + 1))
    side.deliver(udp_frame(b"4"))
    assert receive(side) == 2
    assert [int(c) for c in side.frames["channel"][:2]] == [4, 3]
    assert counters(side) == {"received": 2, "gathered": 0, "cut": 0, "foreign": 2}
    side.assert_conserved()


@pytest.mark.parametrize("wrong", [{"udp_bytes": 4}, {"udp_bytes": 4000, "ip_bytes": 4020}])
def test_packet_whose_lengths_contradict_it_is_given_back(wrong: dict[str, int]) -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame(b"x", **wrong))
    assert receive(side) == 0
    assert side.ring.published == 0
    assert counters(side)["foreign"] == 1
    side.assert_conserved()
    assert side.chunks_of(0)[-1] == PLAN.queue_chunks(0)[0]


def test_descriptor_outside_the_packet_memory_is_not_followed() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame(b"x"))
    side.words[side.geometry[0, layout.RX_RING]] = PLAN.umem_bytes
    assert receive(side) == 0
    assert counters(side)["foreign"] == 1


def test_time_is_the_worker_s_own_and_says_so_where_nobody_stamped() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame(), has_metadata=False)
    assert receive(side) == 1
    assert (side.frames["ts_recv_ns"][0], side.frames["flags"][0]) == (NOW, k.NO_STAMP_FLAG)


def test_time_of_the_card_is_used_when_asked_for_and_there() -> None:
    side = KernelSide(PLAN, FLOWS)
    for hardware_ns in (77, 0):
        side.deliver(udp_frame(), tai_ns=500, hardware_ns=hardware_ns)
    side.geometry[:, layout.HARDWARE_TIME] = 1
    assert receive(side) == 2
    assert side.frames["ts_recv_ns"][:2].tolist() == [77, 500]
    assert side.frames["flags"][:2].tolist() == [k.HARDWARE_TIME_FLAG, 0]
    side.deliver(udp_frame(), tai_ns=500, hardware_ns=77)
    side.geometry[:, layout.HARDWARE_TIME] = 0
    receive(side)
    assert (side.frames["ts_recv_ns"][2], side.frames["flags"][2]) == (500, 0)


def test_packet_in_pieces_is_gathered_into_its_slot_s_place() -> None:
    side = KernelSide(JUMBO, FLOWS)
    payload = bytes(i * 7 & 0xFF for i in range(4000))
    side.deliver(udp_frame(b"first"))
    side.deliver(udp_frame(payload))
    side.deliver(udp_frame(b"last"))
    assert receive(side) == 3
    assert [side.payload(i) for i in range(3)] == [b"first", payload, b"last"]
    assert side.frames["flags"][:3].tolist() == [0, k.GATHERED_FLAG, 0]
    assert side.frames["offset"][1] == JUMBO.umem_bytes + JUMBO.gather_bytes
    assert counters(side) == {"received": 3, "gathered": 1, "cut": 0, "foreign": 0}
    assert side.owners[1] == JUMBO.chunk_bytes, "the slot kept its chunk"
    side.assert_conserved()


def test_packet_longer_than_its_place_is_cut_and_says_so() -> None:
    side = KernelSide(JUMBO, FLOWS)
    payload = bytes(i * 3 & 0xFF for i in range(5000))
    side.deliver(udp_frame(payload))
    assert receive(side) == 1
    assert side.payload(0) == payload[:4096]
    assert side.frames["flags"][0] == k.GATHERED_FLAG | k.CUT_FLAG
    assert counters(side)["cut"] == 1
    side.assert_conserved()


def test_packet_in_pieces_is_cut_to_its_first_where_there_are_no_places() -> None:
    side = KernelSide(PLAN, FLOWS)
    payload = bytes(i * 3 & 0xFF for i in range(5000))
    side.deliver(udp_frame(payload))
    assert receive(side) == 1
    assert side.payload(0) == payload[: 2048 - 256 - 42]
    assert side.frames["flags"][0] == k.CUT_FLAG
    side.assert_conserved()


def test_packet_whose_end_is_not_there_yet_is_left_for_later() -> None:
    side = KernelSide(JUMBO, FLOWS)
    side.deliver(udp_frame(b"whole"))
    side.deliver(udp_frame(bytes(4000)))
    producer = side.geometry[0, layout.RX_PRODUCER]
    side.halves[producer] -= 1
    assert receive(side) == 1
    assert receive(side) == 0
    side.halves[producer] += 1
    assert receive(side) == 1
    side.assert_conserved()


def test_limit_and_batch_bound_one_call() -> None:
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=256)
    side = KernelSide(plan, FLOWS)
    for _ in range(80):
        assert side.deliver(udp_frame())
    assert [receive(side, limit=n) for n in (0, 5, 64, 64)] == [0, 5, 64, 11]
    side.assert_conserved()


def test_packet_without_an_end_does_not_stop_its_queue() -> None:
    """No packet is that long; if a driver says so nevertheless, what follows it still arrives."""
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=256)
    side = KernelSide(plan, FLOWS)
    assert side.deliver(udp_frame(bytes(60_000)) + bytes(80 * 1792))
    assert side.deliver(udp_frame(b"following"))
    while receive(side) == 0:
        assert counters(side)["foreign"] < 10
    assert side.payload(0) == b"following"
    side.assert_conserved()


def test_nothing_happens_while_a_lossless_reader_is_in_the_way() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.ring.control[ring.MODES] = ring.LOSSLESS
    side.ring.control[ring.SLOTS] = 1
    side.deliver(udp_frame())
    results = []
    for _ in range(200):
        results.append(receive(side))
        side.deliver(udp_frame())
    assert results[-1] == WOULD_BLOCK
    assert side.ring.published <= PLAN.slots
    side.assert_conserved()


def test_an_unprepared_block_is_refused() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame())
    side.blocks[0, layout.MAGIC] = 0
    assert receive(side) == NOT_READY
    assert side.ring.published == 0


def test_fill_has_room_while_the_kernel_has_not_yet_said_what_it_took() -> None:
    side = KernelSide(PLAN, FLOWS)
    said = side.index(0, layout.FILL_CONSUMER)
    for _ in range(PLAN.rx_entries):
        side.deliver(udp_frame())
    took = side.index(0, layout.FILL_CONSUMER)
    side.halves[side.geometry[0, layout.FILL_CONSUMER]] = said
    while receive(side):
        pass
    filled = side.index(0, layout.FILL_PRODUCER) - said
    assert PLAN.chunks_per_queue < filled <= PLAN.fill_entries
    side.halves[side.geometry[0, layout.FILL_CONSUMER]] = took
    side.assert_conserved()


def test_recovery_of_blocks_at_rest_changes_nothing() -> None:
    side = KernelSide(PLAN, FLOWS)
    side.deliver(udp_frame())
    receive(side)
    before = [table.copy() for table in side.tables]
    assert recover(side) == 0
    assert all((a == b).all() for a, b in zip(before, side.tables, strict=True))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "long", "foreign", "receive", "receive"]),
            st.integers(0, 1),
            st.integers(0, 40),
        ),
        max_size=150,
    ),
    st.sampled_from([0, 2**32 - 20, 2**31 - 3]),
)
def test_any_order_of_deliveries_and_receptions_loses_nothing_but_what_is_counted(
    steps: list[tuple[str, int, int]], start: int
) -> None:
    plan = ArenaPlan(slots=128, queues=2, chunks_per_queue=64, gather_bytes=4096)
    side = KernelSide(plan, FLOWS, start=start)
    expected: list[list[bytes]] = [[], []]
    delivered = [0, 0]
    frames: list[bytes] = []
    number = 0
    for what, queue, limit in steps + [("receive", q, 32) for q in (0, 1) for _ in range(4)]:
        if what == "receive":
            first = side.ring.published
            count = receive(side, queue, limit)
            assert count >= 0
            frames += [side.payload(first + i) for i in range(count)]
            assert frames[len(frames) - count :] == expected[queue][:count]
            del expected[queue][:count]
            continue
        for _ in range(2 if what == "two" else 1):
            number += 1
            payload = struct.pack("<I", number) + bytes(3000 if what == "long" else number % 50)
            port = PORT + 1 if what == "foreign" else PORT
            if side.deliver(udp_frame(payload, port=port), queue):
                delivered[queue] += 1
                expected[queue] += [] if what == "foreign" else [payload]
    side.assert_conserved()
    assert expected == [[], []]
    for queue in (0, 1):
        told = counters(side, queue)
        assert told["received"] + told["foreign"] == delivered[queue]
    assert sum(counters(side, q)["received"] for q in (0, 1)) == side.ring.published == len(frames)


# Killed before any store


def until(lives: int):
    """Let so many stores happen."""
    left = [lives]

    def before(*_: object) -> None:
        if left[0] == 0:
            raise plain.Killed
        left[0] -= 1

    return before


def prepared_for_a_kill(plan: ArenaPlan) -> tuple[KernelSide, list[bytes]]:
    """Make a side with a past, and packets of every sort waiting."""
    side = KernelSide(plan, FLOWS, start=2**32 - 70)
    for i in range(40):
        assert side.deliver(udp_frame(b"past %d" % i))
        assert receive(side, 0, 1) == 1
    payloads = [b"a", b"b" * 100, b"c" * 3000, b"d"]
    side.deliver(udp_frame(payloads[0]))
    side.deliver(udp_frame(b"foreign", port=PORT + 1))
    for payload in payloads[1:]:
        side.deliver(udp_frame(payload))
    return side, payloads


def run_until_killed(side: KernelSide, lives: int) -> bool:
    """Claim and receive as plain Python; True if it was killed before a store."""
    python = twin()
    before = until(lives)

    def dying(array):
        return Dying(array, "", before)

    try:
        assert ring.try_claim(side.ring.control, side.cursors.words, 32) == 0
        python.receive_queue(
            0, dying(side.halves), dying(side.words), side.geometry.tolist(), dying(side.blocks),
            dying(side.owners), side.flows, dying(side.arena), dying(side.ring.control),
            side.frames.view(np.recarray), 32, NOW, 0,
        )  # fmt: skip
    except plain.Killed:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("gather_bytes", [0, 256])
def test_a_kill_before_any_store_is_recovered_from(gather_bytes: int) -> None:
    """Each store of a batch in turn; the successor publishes every packet once, in order.

    A successor that is killed in its recovery is succeeded like any other.
    """
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=64, gather_bytes=gather_bytes)
    longest = gather_bytes or 2048 - 256 - 42
    lives = 0
    outcomes = set()
    is_killed = True
    while is_killed:
        side, payloads = prepared_for_a_kill(plan)
        is_killed = run_until_killed(side, lives)
        is_published = side.ring.published > 40
        # The kernel goes on receiving while there is nobody.
        assert side.deliver(udp_frame(b"after"))
        payloads.append(b"after")
        finished = recover(side)
        outcomes.add((is_killed, is_published, finished))
        assert recover(side) == 0
        side.assert_conserved()
        while receive(side) > 0:
            pass
        side.assert_conserved()
        got = [side.payload(seq) for seq in range(40, side.ring.published)]
        assert got == [payload[:longest] for payload in payloads], f"killed before store {lives}"
        assert counters(side) == {
            "received": 45,
            "gathered": 1 if gather_bytes else 0,
            "cut": 1,
            "foreign": 1,
        }
        lives += 1
    assert lives > 60
    assert outcomes == {
        (True, False, 0),
        (True, True, 1),
        (False, True, 0),
    }


@pytest.mark.slow
def test_a_kill_during_recovery_is_recovered_from() -> None:
    python = twin()
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=64, gather_bytes=256)
    side, _ = prepared_for_a_kill(plan)
    # Killed right behind the publication: everything of the recovery is still to be done.
    lives = 0
    while not (run_until_killed(side, lives) and side.ring.published == 44):
        side, _ = prepared_for_a_kill(plan)
        lives += 1
    steps = 0
    is_killed = True
    while is_killed:
        again, _ = prepared_for_a_kill(plan)
        run_until_killed(again, lives)
        before = until(steps)
        is_killed = False
        try:
            python.recover_queues(
                Dying(again.halves, "", before), Dying(again.words, "", before), again.geometry,
                Dying(again.blocks, "", before), Dying(again.owners, "", before),
                again.ring.control,
            )  # fmt: skip
        except plain.Killed:
            is_killed = True
        recover(again)
        again.assert_conserved()
        assert receive(again) == 0
        assert again.ring.published == 44
        steps += 1
    assert steps > 15
