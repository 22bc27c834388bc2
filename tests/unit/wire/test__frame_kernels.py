"""Which frames carry a UDP payload, where it lies, and why the others do not."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire import vectors as v
from zerofeed.base.kernel import I64, JIT, U8_RO, int64, kernel
from zerofeed.wire import _frame_kernels as k

PAYLOAD = b"market data"
DATAGRAM = v.ipv4(v.udp(PAYLOAD))
DATAGRAM_6 = v.ipv6(v.udp(PAYLOAD))


@kernel(int64(U8_RO, int64, int64, int64, I64))
def walk(data, at, end, link, found):
    return k.locate_udp(data, at, end, link, found)


def locate(frame: bytes, link: int = k.LINK_ETHERNET):
    """Walk a frame that has three bytes before it and ones behind it; (kind, payload, slots)."""
    data = np.frombuffer(b"\xee" * 3 + frame + b"\xff" * 64, np.uint8)
    found = np.zeros(k.FOUND_SLOTS, np.int64)
    kind = walk(data, 3, 3 + len(frame), link, found)
    at, size = int(found[k.PAYLOAD_AT]), int(found[k.PAYLOAD_STORED])
    return kind, data[at : at + size].tobytes(), [int(x) for x in found]


LINKS = {
    "ethernet": (k.LINK_ETHERNET, v.ethernet(DATAGRAM)),
    "ethernet, IPv6": (k.LINK_ETHERNET, v.ethernet(DATAGRAM_6, v.IPV6)),
    "ethernet, padded": (k.LINK_ETHERNET, v.ethernet(DATAGRAM) + bytes(7)),
    "cooked": (k.LINK_SLL, bytes(14) + b"\x08\x00" + DATAGRAM),
    "cooked, IPv6": (k.LINK_SLL, bytes(14) + b"\x86\xdd" + DATAGRAM_6),
    "cooked 2": (k.LINK_SLL2, b"\x08\x00" + bytes(18) + DATAGRAM),
    "null, little-endian": (k.LINK_NULL, struct.pack("<I", 2) + DATAGRAM),
    "null, big-endian": (k.LINK_NULL, struct.pack(">I", 2) + DATAGRAM),
    "null, IPv6 of FreeBSD": (k.LINK_NULL, struct.pack("<I", 28) + DATAGRAM_6),
    "null, IPv6 of macOS": (k.LINK_NULL, struct.pack("<I", 30) + DATAGRAM_6),
    "null, IPv6 of NetBSD": (k.LINK_NULL, struct.pack("<I", 24) + DATAGRAM_6),
    "loop": (k.LINK_LOOP, struct.pack(">I", 2) + DATAGRAM),
    "raw": (k.LINK_RAW, DATAGRAM),
    "raw, IPv6": (k.LINK_RAW, DATAGRAM_6),
    "raw of BSD": (k.LINK_RAW_BSD, DATAGRAM),
    "raw of OpenBSD": (k.LINK_RAW_OPENBSD, DATAGRAM),
    "IPv4 only": (k.LINK_IPV4, DATAGRAM),
    "IPv6 only": (k.LINK_IPV6, DATAGRAM_6),
}


@pytest.mark.parametrize("name", LINKS)
def test_payload_is_found_behind_every_link_header(name: str) -> None:
    link, frame = LINKS[name]
    kind, payload, found = locate(frame, link)
    assert (kind, payload) == (k.FOUND, PAYLOAD)
    assert found[k.PAYLOAD_WIRE] == len(PAYLOAD)
    assert (found[k.SRC_PORT], found[k.DST_PORT]) == (1111, 2222)
    assert bool(found[k.FRAME_FLAGS] & k.FLAG_IPV6) == ("IPv6" in name)
    # The IPv6 addresses of the vectors end in the same bytes.
    assert (found[k.SRC_IP], found[k.DST_IP]) == (0x0A000001, 0xEF010203)


@pytest.mark.parametrize("name", LINKS)
def test_frame_cut_anywhere_before_its_payload_is_a_cut_header(name: str) -> None:
    link, frame = LINKS[name]
    headers = frame.index(PAYLOAD)
    assert {locate(frame[:n], link)[0] for n in range(headers)} == {k.CUT_HEADER}


def test_frame_cut_inside_its_payload_is_found_and_flagged() -> None:
    whole = v.ethernet(DATAGRAM)
    for missing in range(1, len(PAYLOAD) + 1):
        kind, payload, found = locate(whole[:-missing])
        assert (kind, payload) == (k.FOUND, PAYLOAD[:-missing])
        assert found[k.PAYLOAD_WIRE] == len(PAYLOAD)
        assert found[k.FRAME_FLAGS] == k.FLAG_CUT


@pytest.mark.parametrize(
    "tags", [((0x8100, 5),), ((0x88A8, 5), (0x8100, 6)), ((0x9100, 1), (0x9200, 2), (0x8100, 3))]
)
def test_vlan_tags_are_walked_and_flagged(tags) -> None:
    kind, payload, found = locate(v.ethernet(DATAGRAM, tags=tags))
    assert (kind, payload, found[k.FRAME_FLAGS]) == (k.FOUND, PAYLOAD, k.FLAG_VLAN)


def test_vlan_tag_behind_a_cooked_header_is_walked() -> None:
    frame = bytes(14) + b"\x81\x00" + b"\x00\x05\x08\x00" + DATAGRAM
    assert locate(frame, k.LINK_SLL)[:2] == (k.FOUND, PAYLOAD)


@pytest.mark.parametrize("words", range(1, 11))
def test_ipv4_options_are_skipped(words: int) -> None:
    frame = v.ethernet(v.ipv4(v.udp(PAYLOAD), options=b"\x01" * 4 * words))
    assert locate(frame)[:2] == (k.FOUND, PAYLOAD)


def test_ipv6_extension_headers_are_skipped() -> None:
    # hop-by-hop, 16 bytes of destination options, routing, then an atomic fragment
    chain = (
        bytes([60, 0]) + bytes(6) + bytes([43, 1]) + bytes(14) + bytes([44, 0]) + bytes(6)
    ) + bytes([17, 0, 0, 0, 0, 0, 0, 9])
    frame = v.ethernet(v.ipv6(chain + v.udp(PAYLOAD), protocol=0), v.IPV6)
    assert locate(frame)[:2] == (k.FOUND, PAYLOAD)


def test_endless_ipv6_extension_headers_are_a_bad_header() -> None:
    chain = bytes([0, 0, 0, 0, 0, 0, 0, 0]) * 40
    assert locate(v.ethernet(v.ipv6(chain, protocol=0), v.IPV6))[0] == k.BAD_HEADER


@pytest.mark.parametrize("fragment", [0x2000, 0x0001, 0x2001, 0x1FFF])
def test_fragments_are_not_payloads(fragment: int) -> None:
    assert locate(v.ethernet(v.ipv4(v.udp(PAYLOAD), fragment=fragment)))[0] == k.FRAGMENT


def test_do_not_fragment_is_no_fragment() -> None:
    assert locate(v.ethernet(v.ipv4(v.udp(PAYLOAD), fragment=0x4000)))[0] == k.FOUND


@pytest.mark.parametrize(("protocol", "kind"), [(17, k.FRAGMENT), (6, k.NOT_UDP)])
def test_ipv6_fragment_counts_by_what_it_carries(protocol: int, kind: int) -> None:
    chain = bytes([protocol, 0, 0x00, 0x09, 0, 0, 0, 1])
    assert locate(v.ethernet(v.ipv6(chain + bytes(16), protocol=44), v.IPV6))[0] == kind


OTHERS = {
    "ARP": (v.ethernet(bytes(28), 0x0806), k.NOT_IP),
    "802.3 length": (v.ethernet(bytes(46), 46), k.NOT_IP),
    "TCP": (v.ethernet(v.ipv4(bytes(20), protocol=6)), k.NOT_UDP),
    "fragment of TCP": (v.ethernet(v.ipv4(bytes(20), protocol=6, fragment=9)), k.NOT_UDP),
    "ICMPv6": (v.ethernet(v.ipv6(bytes(8), protocol=58), v.IPV6), k.NOT_UDP),
    "IPv4 number, IPv6 packet": (v.ethernet(DATAGRAM_6), k.BAD_HEADER),
    "IPv6 number, IPv4 packet": (v.ethernet(DATAGRAM + bytes(20), v.IPV6), k.BAD_HEADER),
    "IPv4 header of 16 bytes": (
        v.ethernet(v.ipv4(v.udp(PAYLOAD), header_words=4)),
        k.BAD_HEADER,
    ),
    "IP too short for UDP": (v.ethernet(v.ipv4(v.udp(PAYLOAD), total=27)), k.BAD_HEADER),
    "UDP too short for itself": (v.ethernet(v.ipv4(v.udp(PAYLOAD, length=7))), k.BAD_HEADER),
    "UDP longer than its packet": (v.ethernet(v.ipv4(v.udp(PAYLOAD, length=20))), k.BAD_HEADER),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_udp_packet_has_a_cause(name: str) -> None:
    frame, kind = OTHERS[name]
    assert locate(frame)[0] == kind


def test_unknown_link_and_unknown_family_have_a_cause() -> None:
    assert locate(DATAGRAM, 147)[0] == k.UNKNOWN_LINK
    assert locate(struct.pack("<I", 7) + DATAGRAM, k.LINK_NULL)[0] == k.NOT_IP
    assert locate(struct.pack("<I", 0x0102) + DATAGRAM, k.LINK_NULL)[0] == k.NOT_IP


def test_lengths_left_empty_by_offload_mean_the_rest_of_the_frame() -> None:
    frame = v.ethernet(v.ipv4(v.udp(PAYLOAD, length=0), total=0))
    assert locate(frame)[:2] == (k.FOUND, PAYLOAD)
    frame = v.ethernet(v.ipv6(v.udp(PAYLOAD, length=0), length=0), v.IPV6)
    assert locate(frame)[:2] == (k.FOUND, PAYLOAD)


def test_empty_payload_is_a_packet() -> None:
    assert locate(v.ethernet(v.ipv4(v.udp(b""))))[:2] == (k.FOUND, b"")


@given(
    frame=st.binary(max_size=120),
    link=st.sampled_from(
        [k.LINK_ETHERNET, k.LINK_SLL, k.LINK_SLL2, k.LINK_NULL, k.LINK_RAW, k.LINK_LOOP]
    ),
    start=st.sampled_from([b"", b"\x45\x00", b"\x60\x00", bytes(12) + b"\x08\x00\x45"]),
)
def test_any_bytes_have_a_kind_and_a_payload_inside_the_frame(frame, link, start) -> None:
    frame = start + frame
    kind, _, found = locate(frame, link)
    assert k.FOUND <= kind <= k.BAD_HEADER
    if kind == k.FOUND:
        assert found[k.PAYLOAD_AT] >= 3
        assert 0 <= found[k.PAYLOAD_STORED] <= found[k.PAYLOAD_WIRE]
        assert found[k.PAYLOAD_AT] + found[k.PAYLOAD_STORED] <= 3 + len(frame)


@pytest.mark.skipif(not JIT, reason="compares compiled with interpreted")
@given(payload=st.binary(max_size=40), flips=st.lists(st.tuples(st.integers(0, 81), st.integers())))
def test_compiled_and_interpreted_walks_agree(payload, flips) -> None:
    frame = bytearray(v.ethernet(v.ipv4(v.udp(payload), options=bytes(4))))
    for at, value in flips:
        frame[at % len(frame)] = value & 0xFF
    data = np.frombuffer(bytes(frame), np.uint8)
    results = []
    for function in (walk, _interpreted):
        found = np.zeros(k.FOUND_SLOTS, np.int64)
        results.append((function(data, 0, len(frame), k.LINK_ETHERNET, found), found.tolist()))
    assert results[0] == results[1]


def _interpreted(data, at, end, link, found):
    """Run the walk's Python source, with the helpers that it calls."""
    names = dict(vars(k))
    for name, value in vars(k).items():
        if hasattr(value, "py_func"):
            function = value.py_func
            names[name] = type(function)(function.__code__, names)
    return names["locate_udp"](data, at, end, link, found)
