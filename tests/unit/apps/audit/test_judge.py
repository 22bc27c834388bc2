"""Every statement can be contradicted, and what is not known is neither for nor against it."""

from __future__ import annotations

import pytest

from tests.unit.apps.audit.made_up import (
    OBJECTS,
    PID,
    growth,
    mapped,
    probes,
    process,
    reader,
    receiver,
)
from zerofeed.apps.audit.evidence import Sort, Verdict
from zerofeed.apps.audit.facts import ObjectFact, OwnFacts, ViewFact
from zerofeed.apps.audit.judge import (
    decoding_hop,
    judge_growth,
    judge_maps,
    judge_probes,
    own_hop,
    reader_hop,
    receiver_hops,
)

__all__: list[str] = []

HOLDS, CONTRADICTS, UNKNOWN = Verdict.HOLDS, Verdict.CONTRADICTS, Verdict.UNKNOWN
MIB = 1 << 20


def verdicts(hop) -> dict[Sort, Verdict]:
    return {each.sort: each.verdict for each in hop.evidence}


def test_shared_read_only_maps_hold_the_claim() -> None:
    found = judge_maps(process(), OBJECTS)
    assert found.verdict is HOLDS
    assert "3 maps of 3 of the feed's 3 sealed files" in found.text


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (mapped(1, "r--p"), "frame_ring is mapped privately (r--p)"),
        (mapped(1, "rw-p"), "frame_ring is mapped privately (rw-p)"),
        (mapped(2, "rw-s"), "frames is mapped writable (rw-s)"),
        (mapped(0, "rw-p", anonymous_bytes=8192), "8 KiB of records are its own copies"),
        (mapped(0, private_dirty_bytes=4096), "4 KiB of records are its own, changed"),
    ],
    ids=["private", "private-writable", "writable", "copied", "dirty"],
)
def test_a_private_or_writable_map_contradicts(bad, text: str) -> None:
    found = judge_maps(process(mapped(0), bad), OBJECTS)
    assert found.verdict is CONTRADICTS
    assert text in found.text


def test_a_process_that_does_not_map_the_records_reads_something_else() -> None:
    assert judge_maps(process(mapped(1), mapped(2)), OBJECTS).verdict is CONTRADICTS


def test_memory_that_is_not_sealed_contradicts() -> None:
    loose = [*OBJECTS[:2], ObjectFact("frames", (0, 1), 102, 0)]
    found = judge_maps(process(), loose)
    assert (found.verdict, "not sealed: frames" in found.text) == (CONTRADICTS, True)


def test_the_worker_may_write_but_not_have_memory_of_its_own() -> None:
    shared = [mapped(place, "rw-s", private_dirty_bytes=4096) for place in range(3)]
    assert judge_maps(process(*shared), OBJECTS, is_writer=True).verdict is HOLDS
    private = process(mapped(0, "rw-s"), mapped(1, "rw-p"))
    assert judge_maps(private, OBJECTS, is_writer=True).verdict is CONTRADICTS


def test_a_process_that_may_not_be_looked_at_is_not_known() -> None:
    hidden = process(why="permission denied")
    assert judge_maps(hidden, OBJECTS).verdict is UNKNOWN
    assert judge_growth(hidden, what="read", may_copy=False).verdict is UNKNOWN
    hop = reader_hop(reader("views"), hidden, OBJECTS, probes(calls={}), is_the_feeds=False)
    assert hop.verdict is UNKNOWN, "its own word alone proves nothing"


@pytest.mark.parametrize(
    ("grew", "read", "verdict"),
    [
        (0, 64 * MIB, HOLDS),
        (2 * MIB - 1, 16 * MIB, HOLDS),
        (2 * MIB, 16 * MIB, CONTRADICTS),
        (8 * MIB - 1, 64 * MIB, HOLDS),
        (8 * MIB, 64 * MIB, CONTRADICTS),
        (64 * MIB, 16 * MIB - 1, UNKNOWN),
        (-MIB, 64 * MIB, HOLDS),
    ],
)
def test_memory_that_grows_with_what_is_read_contradicts(grew, read, verdict) -> None:
    grown = process(grew=growth(grew, read))
    assert judge_growth(grown, what="read", may_copy=False).verdict is verdict


def test_a_reader_that_says_that_it_copies_may_grow() -> None:
    grown = process(grew=growth(64 * MIB))
    found = judge_growth(grown, what="read", may_copy=True)
    assert (found.verdict, "as it says" in found.text) == (HOLDS, True)


@pytest.mark.parametrize(
    ("takes", "copies"),
    [(("views",), 0), (("matches",), 1), (("handler",), 1), (("copy", "handler"), 1)],
)
def test_a_reader_is_reported_with_the_copies_it_states(takes, copies) -> None:
    hop = reader_hop(reader(*takes), process(), OBJECTS, probes(calls={}), is_the_feeds=False)
    assert (hop.pid, hop.kernel_copies, hop.user_copies) == (PID, 0, copies)
    assert hop.verdict is HOLDS


def test_a_reader_of_another_version_states_nothing() -> None:
    silent = {key: value for key, value in reader().items() if key != "takes"}
    hop = reader_hop(silent, process(), OBJECTS, probes(), is_the_feeds=False)
    assert hop.user_copies is None
    assert verdicts(hop)[Sort.STATEMENT] is UNKNOWN


@pytest.mark.parametrize(
    ("kind", "copies", "facts", "verdict"),
    [
        ("udp", 1, {}, HOLDS),
        ("udp", 1, {"calls": {PID: 25_000}}, HOLDS),
        ("udp", 1, {"calls": {PID: 9_000}}, CONTRADICTS),
        ("udp", 1, {"calls": {}}, CONTRADICTS),
        ("capture", 0, {"calls": {PID: 3}}, HOLDS),
        ("capture", 0, {"calls": {PID: 5_000}}, CONTRADICTS),
        ("xdp", 0, {"everywhere": {"__xsk_rcv": 0, "__xsk_rcv_zc": 10_000}}, HOLDS),
        ("xdp", 0, {"everywhere": {"__xsk_rcv": 10_000, "__xsk_rcv_zc": 0}}, CONTRADICTS),
        ("xdp", 0, {"everywhere": {"__xsk_rcv": 0, "__xsk_rcv_zc": 0}}, UNKNOWN),
        ("xdp", 1, {"everywhere": {"__xsk_rcv": 10_000}}, HOLDS),
        ("xdp", 1, {"everywhere": {"__xsk_rcv": 0}}, CONTRADICTS),
        ("udp", None, {}, UNKNOWN),
        ("udp", 1, {"packets": 99}, UNKNOWN),
        ("udp", 1, {"why_unknown": "locked down"}, UNKNOWN),
        ("udp", 1, {"calls": {}, "calibration": (32, 0)}, UNKNOWN),
    ],
)
def test_calls_of_the_kernel_are_compared_with_the_statement(kind, copies, facts, verdict) -> None:
    assert judge_probes(PID, kind, copies, probes(**facts)).verdict is verdict


@pytest.mark.parametrize(
    ("calls", "verdict"), [({PID: 0}, HOLDS), ({PID: 5_000}, UNKNOWN), ({}, UNKNOWN)]
)
def test_a_reader_to_which_the_kernel_copies_nothing_is_proven(calls, verdict) -> None:
    hop = reader_hop(reader("views"), process(), OBJECTS, probes(calls=calls), is_the_feeds=False)
    assert verdicts(hop)[Sort.PROBES] is verdict


def test_receivers_that_are_alike_are_one_hop() -> None:
    hops = receiver_hops([receiver()] * 5, process(), OBJECTS, probes())
    assert [hop.name for hop in hops] == [
        f"wire to frames: {', '.join(['239.1.1.1:6100'] * 4)} and 1 more"
    ]
    assert (hops[0].kernel_copies, hops[0].user_copies, hops[0].verdict) == (1, 0, HOLDS)


def test_receivers_of_different_sorts_are_hops_whose_calls_cannot_be_told_apart() -> None:
    both = [receiver(), receiver("capture", 0, 1)]
    hops = receiver_hops(both, process(), OBJECTS, probes())
    assert [(hop.kernel_copies, hop.user_copies) for hop in hops] == [(1, 0), (0, 1)]
    assert {verdicts(hop)[Sort.PROBES] for hop in hops} == {UNKNOWN}


def test_a_feed_that_states_nothing_is_not_known() -> None:
    (hop,) = receiver_hops([], process(), OBJECTS, probes())
    assert (hop.kernel_copies, hop.user_copies, hop.verdict) == (None, None, UNKNOWN)


def test_a_program_that_publishes_is_not_known() -> None:
    program = receiver("program", None, None)
    (hop,) = receiver_hops([program], process(), OBJECTS, probes())
    assert (hop.kernel_copies, hop.verdict) == (None, UNKNOWN)


def test_arrays_outside_the_map_contradict() -> None:
    inside, outside = ViewFact("records", inside=9), ViewFact("records", inside=8, outside=1)
    writable = ViewFact("records", inside=9, writable=1)
    expected = [(inside, HOLDS), (outside, CONTRADICTS), (writable, CONTRADICTS)]
    for view, verdict in [*expected, (ViewFact("records"), UNKNOWN)]:
        hop = own_hop(OwnFacts([view], process()), OBJECTS)
        assert verdicts(hop)[Sort.POINTERS] is verdict


def test_decoding_is_a_transformation_and_no_copy() -> None:
    hop = decoding_hop(10, 30)
    assert (hop.kernel_copies, hop.user_copies, hop.verdict) == (0, 0, HOLDS)
    assert decoding_hop(0, 0).verdict is UNKNOWN
