"""The filter takes exactly what a plain oracle takes, in Python and in the kernel."""

import os
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.xdp.machine import Machine
from tests.unit.wire.xdp.packets import GROUP, HOST, PORT, SENDER, oracle, udp_frame
from zerofeed.wire.xdp import abi, bpf
from zerofeed.wire.xdp.btf import find_function
from zerofeed.wire.xdp.flows import MOST_FLOWS, Flow
from zerofeed.wire.xdp.program import META_BYTES, META_MARK, build_filter, build_redirect

FLOWS = [Flow(HOST, PORT), Flow(GROUP, 7001), Flow("232.9.9.9", 7002, sender=SENDER)]
WANTED = [(flow.address, flow.port, flow.sender) for flow in FLOWS]
CODE = build_filter(FLOWS, 3)

tagged = st.lists(st.sampled_from([0x8100, 0x88A8, 0x9100]), max_size=3).map(tuple)
frames = st.builds(
    udp_frame,
    st.binary(max_size=60),
    destination=st.sampled_from([HOST, GROUP, "232.9.9.9", "10.77.0.9"]),
    port=st.sampled_from([PORT, 7001, 7002, 53]),
    sender=st.sampled_from([SENDER, "10.77.0.3"]),
    tags=tagged,
    options=st.sampled_from([b"", bytes(4), bytes(20), bytes(40)]),
    fragment=st.sampled_from([0, 0, 0, 0x4000, 0x2000, 1, 0x1FFF, 0x8000]),
    protocol=st.sampled_from([17, 17, 17, 6, 1]),
    version=st.sampled_from([4, 4, 4, 6, 0]),
    ethertype=st.sampled_from([0x0800, 0x0800, 0x0800, 0x86DD, 0x0806]),
    padding=st.sampled_from([0, 0, 18]),
)
cut = st.tuples(frames, st.integers(0, 120)).map(lambda pair: pair[0][: max(14, pair[1])])
spoiled = st.tuples(frames, st.integers(0, 70), st.integers(0, 255)).map(
    lambda three: (
        three[0][: three[1]] + bytes([three[2]]) + three[0][three[1] + 1 :]
        if three[1] < len(three[0])
        else three[0]
    )
)
packets = st.one_of(frames, cut, spoiled)


def verdict(frame: bytes, **options) -> Machine:
    machine = Machine(CODE, frame, **options)
    machine.verdict = machine.run()
    return machine


@given(packets)
def test_filter_takes_what_the_oracle_takes(frame: bytes) -> None:
    expected = abi.XDP_REDIRECT if oracle(frame, WANTED) else abi.XDP_PASS
    assert verdict(frame).verdict == expected


@pytest.mark.parametrize(
    ("options", "is_wanted"),
    [
        ({}, True),
        ({"tags": (0x8100,)}, True),
        ({"tags": (0x88A8, 0x8100)}, True),
        ({"tags": (0x8100, 0x8100, 0x8100)}, False),
        ({"options": bytes(40)}, True),
        ({"fragment": 0x2000}, False),
        ({"fragment": 100}, False),
        ({"fragment": 0x4000}, True),
        ({"checksum": 0xDEAD}, True),
        ({"port": PORT + 1}, False),
        ({"destination": "10.77.0.3"}, False),
        ({"protocol": 6}, False),
        ({"destination": "232.9.9.9", "port": 7002}, True),
        ({"destination": "232.9.9.9", "port": 7002, "sender": "10.77.0.4"}, False),
    ],
)
def test_named_packets_go_where_they_should(options: dict, is_wanted: bool) -> None:
    frame = udp_frame(b"x", **options)
    assert oracle(frame, WANTED) is is_wanted
    assert (verdict(frame).verdict == abi.XDP_REDIRECT) is is_wanted


def test_every_prefix_of_a_wanted_frame_passes_until_its_headers_are_whole() -> None:
    frame = udp_frame(b"", tags=(0x88A8, 0x8100), options=bytes(8))
    for size in range(14, len(frame)):
        assert verdict(frame[:size]).verdict == abi.XDP_PASS
    assert verdict(frame).verdict == abi.XDP_REDIRECT


def test_arrival_time_and_mark_are_written_in_front_of_the_packet() -> None:
    machine = verdict(udp_frame(), tai_ns=123_456_789_012_345_678)
    assert machine.metadata() == (0, 123_456_789_012_345_678, 123_456_789_012_345_678 ^ META_MARK)
    assert machine.data - machine.meta == META_BYTES


def test_time_of_the_card_is_written_where_it_has_one() -> None:
    code = build_filter(FLOWS, 3, hardware_time_id=77)
    for hardware_ns, written in ((5_000, 5_000), (None, 0)):
        machine = Machine(code, udp_frame(), hardware_ns=hardware_ns)
        assert machine.run() == abi.XDP_REDIRECT
        assert machine.metadata() == (written, 7, 7 ^ META_MARK)


def test_packet_is_taken_without_a_time_where_there_is_no_room_for_it() -> None:
    machine = verdict(udp_frame(), headroom=8)
    assert machine.verdict == abi.XDP_REDIRECT
    assert machine.metadata() == ()


def test_packet_goes_to_the_map_by_its_queue() -> None:
    assert verdict(udp_frame()).redirected == (3, 1)


def test_passing_packet_is_left_as_it_was() -> None:
    frame = udp_frame(port=9)
    machine = verdict(frame)
    assert machine.meta == machine.data
    assert bytes(machine.memory[machine.data + i] for i in range(len(frame))) == frame


def test_redirect_program_names_its_interface() -> None:
    code = build_redirect(42)
    assert struct.unpack_from("<BBhi", code, 0)[3] == 42
    assert len(code) == 4 * 8


@pytest.mark.root
def test_kernel_gives_the_oracle_s_verdict_too() -> None:
    """PROG_TEST_RUN over generated packets; a wanted one finds no socket, which is said by DROP."""
    table = bpf.create_socket_map(1)
    loaded = bpf.load_program(
        build_filter(FLOWS, table, without_socket=abi.XDP_DROP), flags=abi.BPF_F_XDP_HAS_FRAGS
    )
    seen = {True: 0, False: 0}

    def check(frame: bytes) -> None:
        is_wanted = oracle(frame, WANTED)
        seen[is_wanted] += 1
        verdict, after = bpf.run_program(loaded, frame)
        assert verdict == (abi.XDP_DROP if is_wanted else abi.XDP_PASS)
        # What the kernel gives back begins with the words in front of the packet.
        assert after[len(after) - len(frame) :] == frame
        if is_wanted:
            _, tai_ns, mark = struct.unpack_from("<3Q", after)
            assert mark == tai_ns ^ META_MARK
        assert len(after) - len(frame) == (META_BYTES if is_wanted else 0)

    try:
        given(packets)(check)()
        choose = random.Random(1)
        for _ in range(2000):
            frame = udp_frame(
                choose.randbytes(choose.randrange(40)),
                destination=choose.choice([HOST, GROUP]),
                port=choose.choice([PORT, 7001]),
                tags=choose.choice([(), (0x8100,), (0x88A8, 0x8100)]),
                options=bytes(4 * choose.randrange(11)),
            )
            check(frame[: choose.randrange(14, len(frame) + 1)])
            check(frame)
    finally:
        os.close(loaded)
        os.close(table)
    assert min(seen.values()) > 500


@pytest.mark.root
def test_largest_program_loads() -> None:
    flows = [Flow("239.0.0.1", 1 + i, sender="10.0.0.1") for i in range(MOST_FLOWS)]
    table = bpf.create_socket_map(64)
    os.close(bpf.load_program(build_filter(flows, table), flags=abi.BPF_F_XDP_HAS_FRAGS))
    os.close(table)


@pytest.mark.root
def test_program_with_the_card_s_time_loads_where_the_kernel_has_the_function() -> None:
    number = find_function("bpf_xdp_metadata_rx_timestamp")
    if not number:
        pytest.skip("this kernel has no bpf_xdp_metadata_rx_timestamp")
    from tests.unit.wire.xdp.rig import INSIDE, private_network

    with private_network():
        import socket

        table = bpf.create_socket_map(1)
        loaded = bpf.load_program(
            build_filter(FLOWS, table, hardware_time_id=number),
            flags=abi.BPF_F_XDP_HAS_FRAGS | abi.BPF_F_XDP_DEV_BOUND_ONLY,
            interface_index=socket.if_nametoindex(INSIDE),
        )
        os.close(loaded)
        os.close(table)
