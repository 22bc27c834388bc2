"""Frames are those of a plain oracle; the ring's indices wrap and nothing is given out twice."""

from __future__ import annotations

import struct

import dpkt
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.xdp.packets import GROUP, HOST
from zerofeed.wire.batch_sender import pack_destination
from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.xdp import _transmit_kernels as k
from zerofeed.wire.xdp import layout
from zerofeed.wire.xdp.link_addresses import LinkAddresses
from zerofeed.wire.xdp.transmitter import make_template

LINK = LinkAddresses(mac=0x02AABBCCDDEE, address=parse_ipv4("10.77.0.2"), mtu=1500)
NEIGHBOUR = 0x020000001234
NEIGHBOURS = np.array([[parse_ipv4("10.1.1.1"), 1], [parse_ipv4(HOST), NEIGHBOUR]], np.int64)


def build(
    payload: bytes, address: str, port: int, *, with_checksum=False, vlan=None, ttl=7
) -> bytes:
    state = np.zeros(k.STATE_WORDS, np.int64)
    template, state[k.IP_SUM] = make_template(LINK, LINK.address, 4321, ttl=ttl, vlan=vlan)
    state[k.WITH_CHECKSUM] = int(with_checksum)
    memory = np.full(4096, 0xEE, np.uint8)
    data = np.frombuffer(b"??" + payload, np.uint8)
    destination = int(pack_destination(address, port)[0])
    size = k.build_frame(memory, 8, template, NEIGHBOURS, state, data, 2, len(payload), destination)
    assert (memory[:8] == 0xEE).all()
    assert (memory[8 + size :] == 0xEE).all()
    return memory[8 : 8 + size].tobytes()


def checksum(data: bytes) -> int:
    """Sum as RFC 1071 does; 0 over data that contains its own checksum."""
    data += bytes(len(data) & 1)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(
    st.binary(max_size=1472),
    st.sampled_from([HOST, GROUP, "239.255.255.255", "224.128.0.1"]),
    st.integers(1, 65535),
    st.booleans(),
    st.sampled_from([None, 0, 4095]),
    st.integers(1, 255),
)
def test_frame_says_what_it_should(payload, address, port, with_checksum, vlan, ttl) -> None:
    frame = build(payload, address, port, with_checksum=with_checksum, vlan=vlan, ttl=ttl)
    parsed = dpkt.ethernet.Ethernet(frame)
    number = parse_ipv4(address)
    mac = NEIGHBOUR if address == HOST else 0x01005E000000 | number & 0x7FFFFF
    assert parsed.dst == mac.to_bytes(6, "big")
    assert parsed.src == LINK.mac.to_bytes(6, "big")
    if vlan is not None:
        assert parsed.vlan_tags[0].id == vlan
    ip = parsed.data
    raw = frame[len(frame) - len(payload) - 28 :]
    assert (ip.v, ip.p, ip.ttl, ip.len, ip.df) == (4, 17, ttl, 28 + len(payload), 1)
    assert ip.dst == number.to_bytes(4, "big")
    assert ip.src == LINK.address.to_bytes(4, "big")
    assert checksum(raw[:20]) == 0
    udp = ip.data
    assert (udp.sport, udp.dport, udp.ulen, bytes(udp.data)) == (
        4321,
        port,
        8 + len(payload),
        payload,
    )
    if with_checksum:
        pseudo = raw[12:20] + struct.pack(">HH", 17, udp.ulen)
        assert checksum(pseudo + raw[20:]) == 0
        assert udp.sum != 0
    else:
        assert udp.sum == 0


def test_checksum_of_zero_is_sent_as_all_ones() -> None:
    """0 would say that there is none."""
    first = build(bytes(2), HOST, 9, with_checksum=True)[-4:-2]
    frame = build(first, HOST, 9, with_checksum=True)
    assert frame[-2:] == first != bytes(2)
    assert frame[-4:-2] == b"\xff\xff"


class Ring:
    """TX and COMPLETION rings in plain memory; the kernel's end in Python."""

    def __init__(self, entries: int, start: int) -> None:
        self.words = np.zeros(2 * (40 + 2 * entries), np.int64)
        self.halves = self.words.view(np.uint32)
        self.geometry = np.zeros((1, layout.GEOMETRY_WORDS), np.int64)
        row = self.geometry[0]
        row[layout.TX_CONSUMER], row[layout.TX_FLAGS] = 32, 49
        row[layout.TX_RING], row[layout.TX_MASK] = 40, entries - 1
        base = 40 + 2 * entries
        row[layout.COMPLETION_PRODUCER] = 2 * base
        row[layout.COMPLETION_CONSUMER] = 2 * base + 32
        row[layout.COMPLETION_RING], row[layout.COMPLETION_MASK] = base + 40, entries - 1
        for column in (
            layout.TX_PRODUCER,
            layout.TX_CONSUMER,
            layout.COMPLETION_PRODUCER,
            layout.COMPLETION_CONSUMER,
        ):
            self.halves[row[column]] = start
        self.row = row
        self.memory = np.zeros(entries * 4096, np.uint8)
        self.free = np.arange(entries, dtype=np.int64) * 4096
        self.state = np.zeros(k.STATE_WORDS, np.int64)
        self.state[k.FREE] = entries

    def put(self, payloads: list[bytes]) -> int:
        data = np.frombuffer(b"".join(payloads), np.uint8)
        lengths = np.array([len(p) for p in payloads], np.int64)
        offsets = np.cumsum(lengths) - lengths
        return k.put_frames(
            self.halves, self.words, self.geometry, self.free, self.state, self.memory, 4096,
            np.zeros(0, np.uint8), NEIGHBOURS, data, offsets, lengths, np.zeros(1, np.int64), 0,
            len(payloads),
        )  # fmt: skip

    def leave(self, count: int) -> list[bytes]:
        """Take frames off the TX ring and complete them."""
        row, out = self.row, []
        for _ in range(count):
            consumer = int(self.halves[row[layout.TX_CONSUMER]])
            if consumer == int(self.halves[row[layout.TX_PRODUCER]]):
                break
            entry = row[layout.TX_RING] + 2 * (consumer & row[layout.TX_MASK])
            at, size = int(self.words[entry]), int(self.words[entry + 1])
            out.append(self.memory[at : at + size].tobytes())
            self.halves[row[layout.TX_CONSUMER]] = consumer + 1 & 0xFFFFFFFF
            done = int(self.halves[row[layout.COMPLETION_PRODUCER]])
            self.words[row[layout.COMPLETION_RING] + (done & row[layout.COMPLETION_MASK])] = at
            self.halves[row[layout.COMPLETION_PRODUCER]] = done + 1 & 0xFFFFFFFF
        return out


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=60),
    st.sampled_from([0, 2**32 - 9]),
)
def test_frames_leave_once_and_in_order(steps: list[tuple[bool, int]], start: int) -> None:
    ring = Ring(8, start)
    waiting: list[bytes] = []
    number = 0
    for is_put, count in steps:
        if is_put:
            payloads = [b"%d" % (number + i) for i in range(count)]
            put = ring.put(payloads)
            assert put == min(count, 8 - len(waiting))
            waiting += payloads[:put]
            number += put
        else:
            left = ring.leave(count)
            assert left == waiting[: len(left)]
            del waiting[: len(left)]
        assert k.reap(ring.halves, ring.words, ring.geometry, ring.free, ring.state) == 0
        free = ring.free[: ring.state[k.FREE]]
        assert len(set(free.tolist())) == ring.state[k.FREE] == 8 - len(waiting)
    assert ring.state[k.SENT] == number
    assert ring.state[k.COMPLETED] == number - len(waiting)


def test_frame_longer_than_a_chunk_ends_the_run() -> None:
    ring = Ring(8, 0)
    assert ring.put([b"x", bytes(4097), b"y"]) == 1
