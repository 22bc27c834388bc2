"""Capture files of every accepted form give the same packets; damage is named, never a crash."""

import gzip
import io
import itertools
import math
import struct
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.wire import vectors as v
from zerofeed.base.errors import CaptureError
from zerofeed.records.units import UNDEF
from zerofeed.wire.pcap import CaptureReader, open_capture, read_capture
from zerofeed.wire.pcap_index import INDEX_DTYPE, PACKET_CUT, PACKET_UNTIMED

FRAMES = [v.ethernet(v.ipv4(v.udp(bytes([n]) * (n + 1)))) for n in range(5)]
PAYLOADS = [bytes([n]) * (n + 1) for n in range(5)]
TIMES = [1_700_000_000_000_000_000 + n * 1_000_001_000 for n in range(5)]


def reader(raw: bytes) -> CaptureReader:
    return CaptureReader(np.frombuffer(raw, np.uint8), "vector")


def scan(raw: bytes, packets: int = 64):
    """Read everything; (rows, payloads, counts)."""
    walked = reader(raw)
    chunks = list(walked.chunks(packets))
    rows = np.concatenate(chunks) if chunks else np.zeros(0, INDEX_DTYPE)
    payloads = [raw[r["offset"] : r["offset"] + r["length"]] for r in rows]
    return rows, payloads, walked.counts


def classic(order: str = "<", magic: int = 0xA1B2C3D4, **more) -> bytes:
    unit = 1 if magic == 0xA1B23C4D else 1000
    rows = [(t // 10**9, t % 10**9 // unit, f) for t, f in zip(TIMES, FRAMES, strict=True)]
    return v.pcap(rows, order=order, magic=magic, **more)


def next_generation(order: str = "<") -> bytes:
    return (
        v.section(order)
        + v.interface(order=order)
        + b"".join(
            v.enhanced(t // 1000, f, order=order) for t, f in zip(TIMES, FRAMES, strict=True)
        )
    )


FORMS = {
    "pcap, us, little": classic(),
    "pcap, us, big": classic(">"),
    "pcap, ns, little": classic(magic=0xA1B23C4D),
    "pcap, ns, big": classic(">", 0xA1B23C4D),
    "pcap, long headers": classic(magic=0xA1B2CD34, header=bytes(8)),
    "pcapng, little": next_generation(),
    "pcapng, big": next_generation(">"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_packets(name: str) -> None:
    rows, payloads, counts = scan(FORMS[name])
    assert payloads == PAYLOADS
    assert rows["ts_ns"].tolist() == TIMES
    assert rows["orig_length"].tolist() == rows["length"].tolist() == [1, 2, 3, 4, 5]
    assert set(rows["dst_ip"].tolist()) == {0xEF010203}
    assert set(rows["dst_port"].tolist()) == {2222}
    assert not rows["flags"].any()
    assert (counts.frames, counts.packets, counts.payload_bytes) == (5, 5, 15)
    assert counts.tail_bytes == 0


@pytest.mark.parametrize("packets", [1, 2, 5, 6])
@pytest.mark.parametrize("name", ["pcap, us, little", "pcapng, big"])
def test_chunks_join_to_the_whole(name: str, packets: int) -> None:
    chunks = list(reader(FORMS[name]).chunks(packets))
    assert [c.size for c in chunks[:-1]] == [packets] * (len(chunks) - 1)
    assert np.array_equal(np.concatenate(chunks), scan(FORMS[name])[0])


def test_reader_that_is_finished_gives_nothing_more() -> None:
    walked = reader(FORMS["pcapng, little"])
    assert sum(c.size for c in walked.chunks()) == 5
    assert walked.scan_into(np.zeros(4, INDEX_DTYPE)) == 0
    assert walked.counts.packets == 5


def boundaries_of(name: str) -> list[int]:
    """Say where the file header and each record or block of a form ends."""
    order = ">" if "big" in name else "<"
    if name.startswith("pcapng"):
        sizes = [len(v.section(order)), len(v.interface(order=order))]
        sizes += [len(v.enhanced(0, f)) for f in FRAMES]
    else:
        sizes = [24] + [len(f) + (24 if "long" in name else 16) for f in FRAMES]
    return list(itertools.accumulate(sizes))


@pytest.mark.parametrize("name", FORMS)
def test_file_cut_anywhere_gives_every_whole_packet_and_counts_the_rest(name: str) -> None:
    whole = FORMS[name]
    ends = boundaries_of(name)
    assert ends[-1] == len(whole)
    for size in range(len(whole)):
        if size < (4 if name.startswith("pcapng") else 24):
            with pytest.raises(CaptureError):
                reader(whole[:size])
            continue
        _, payloads, counts = scan(whole[:size])
        assert payloads == PAYLOADS[: sum(end <= size for end in ends[-5:])]
        assert counts.tail_bytes == size - max((end for end in ends if end <= size), default=0)


@pytest.mark.parametrize("raw", [b"", b"\x01", b"hello, this is no capture", bytes(100)])
def test_what_is_no_capture_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(CaptureError, match=r"vector, offset 0: not a capture; expected .*; got"):
        reader(raw)


def test_refusals_name_the_offset_and_both_values() -> None:
    with pytest.raises(
        CaptureError, match=r"offset 4: unsupported pcap version; expected 2; got 3"
    ):
        reader(v.pcap([], version=3))
    with pytest.raises(CaptureError, match=r"offset 20: unsupported link type; .* got 147"):
        reader(v.pcap([], link=147))


GOOD = v.section() + v.interface() + v.enhanced(1, FRAMES[0])
DAMAGE = {
    "packet of an undescribed interface": (
        v.enhanced(1, FRAMES[0], which=1),
        r"offset \d+: .*not described; expected an interface below 1; got 1 ",
    ),
    "block length not a multiple of four": (struct.pack("<II", 5, 14) + bytes(10), "got 14 "),
    "block shorter than its head": (struct.pack("<III", 5, 8, 8), "block length; .*got 8 "),
    "enhanced packet shorter than its head": (v.block(6, bytes(16)), "block length; .*got 28 "),
    "section shorter than its head": (
        struct.pack("<IIII", 0x0A0D0D0A, 16, 0x1A2B3C4D, 16),
        "block length; .*got 16 ",
    ),
    "absurd block length": (struct.pack("<III", 5, 0xFFFFFFF0, 0), "got 4294967280 "),
    "lengths that differ": (struct.pack("<IIII", 5, 16, 0, 20), "length after a block.*got 20 "),
    "byte order magic": (v.block(0x0A0D0D0A, bytes(16)), "byte-order magic"),
    "version": (v.section(version=2), "pcapng version; expected 1; got 2"),
    "option longer than its block": (
        v.block(1, struct.pack("<HHIHH", 1, 0, 0, 9, 5)),
        "option longer.*got 5 ",
    ),
    "packet longer than its block": (
        v.block(6, struct.pack("<IIIII", 0, 0, 0, 5, 5)),
        "packet length.*got 5 ",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_after_what_came_before_it_was_given(name: str) -> None:
    bad, sentence = DAMAGE[name]
    walked = reader(GOOD + bad + GOOD)
    chunks = walked.chunks()
    assert next(chunks).size == 1
    with pytest.raises(CaptureError, match=sentence) as caught:
        next(chunks)
    assert caught.value.where is not None
    assert int(caught.value.where.rpartition(" ")[2]) >= len(GOOD)
    with pytest.raises(CaptureError):
        walked.scan_into(np.zeros(1, INDEX_DTYPE))


def test_pcap_packet_with_an_absurd_length_is_damage_not_a_cut_tail() -> None:
    raw = classic() + struct.pack("<IIII", 1, 1, 262_145, 262_145) + bytes(16)
    with pytest.raises(CaptureError, match=r"impossible packet length.*got 262145 "):
        scan(raw)


def test_long_packets_are_legal_where_the_file_says_so() -> None:
    raw = v.pcap([(1, 1, FRAMES[0] + bytes(300_000))], snap=400_000)
    assert scan(raw)[1] == PAYLOADS[:1]


def test_snapped_payload_is_flagged_and_counted() -> None:
    frame = FRAMES[4]
    raw = v.pcap([(1, 0, frame[:-2], len(frame)), (1, 0, frame)], snap=len(frame) - 2)
    rows, payloads, counts = scan(raw)
    assert payloads == [PAYLOADS[4][:3], PAYLOADS[4]]
    assert rows["orig_length"].tolist() == [5, 5]
    assert rows["flags"].tolist() == [PACKET_CUT, 0]
    assert counts.packets_cut == 1


def test_every_frame_is_a_packet_or_has_a_cause() -> None:
    arp = v.ethernet(bytes(28), 0x0806)
    tcp = v.ethernet(v.ipv4(bytes(20), protocol=6))
    fragment = v.ethernet(v.ipv4(v.udp(b"x"), fragment=0x2000))
    broken = v.ethernet(v.ipv4(v.udp(b"x", length=3)))
    frames = [arp, FRAMES[0], tcp, tcp, fragment, broken, FRAMES[1], FRAMES[2][:20], arp]
    _, payloads, counts = scan(v.pcap([(1, 0, f) for f in frames]))
    skipped = counts.skipped
    assert payloads == PAYLOADS[:2]
    assert counts.frames == 9 == counts.packets + skipped.total
    assert (skipped.not_ip, skipped.not_udp, skipped.fragments) == (2, 2, 1)
    assert (skipped.bad_header, skipped.cut_header, skipped.unknown_link) == (1, 1, 0)


def test_interfaces_of_one_section_keep_their_own_link_and_clock() -> None:
    raw = (
        v.section()
        + v.interface(v.ETHERNET)
        + v.interface(v.RAW, resolution=9)
        + v.interface(147)
        + v.enhanced(5, v.ipv4(v.udp(b"raw")), which=1)
        + v.enhanced(5, FRAMES[0], which=0)
        + v.enhanced(5, FRAMES[0], which=2)
    )
    rows, payloads, counts = scan(raw)
    assert payloads == [b"raw", PAYLOADS[0]]
    assert rows["ts_ns"].tolist() == [5, 5000]
    assert counts.skipped.unknown_link == 1
    assert counts.interfaces == 3


def test_sections_forget_interfaces_and_may_change_byte_order() -> None:
    raw = next_generation("<") + next_generation(">") + next_generation("<")
    rows, payloads, counts = scan(raw)
    assert payloads == PAYLOADS * 3
    assert rows["ts_ns"].tolist() == TIMES * 3
    assert (counts.sections, counts.interfaces) == (3, 3)
    with pytest.raises(CaptureError, match="not described"):
        scan(next_generation() + v.section() + v.enhanced(1, FRAMES[0]))


def test_more_interfaces_than_the_table_holds_make_it_grow() -> None:
    raw = v.section() + b"".join(v.interface(resolution=n % 10) for n in range(100))
    raw += b"".join(v.enhanced(n, FRAMES[0], which=n) for n in range(100))
    rows, _, counts = scan(raw)
    assert rows["ts_ns"].tolist() == [n * 10 ** (9 - n % 10) for n in range(100)]
    assert counts.interfaces == 100


def test_simple_packets_have_no_time_and_obey_the_snap_length() -> None:
    raw = (
        v.section()
        + v.interface(snap=len(FRAMES[4]) - 2)
        + v.simple(FRAMES[4][:-2], wire=len(FRAMES[4]))
        + v.simple(FRAMES[0])
    )
    rows, payloads, counts = scan(raw)
    assert payloads == [PAYLOADS[4][:3], PAYLOADS[0]]
    assert rows["ts_ns"].tolist() == [UNDEF, UNDEF]
    assert rows["flags"].tolist() == [PACKET_CUT | PACKET_UNTIMED, PACKET_UNTIMED]
    assert counts.packets_untimed == 2


@pytest.mark.parametrize("order", "<>")
def test_obsolete_packet_blocks_are_read(order: str) -> None:
    raw = v.section(order) + v.interface(order=order) + v.obsolete(7, FRAMES[3], order=order)
    rows, payloads, _ = scan(raw)
    assert payloads == [PAYLOADS[3]]
    assert rows["ts_ns"].tolist() == [7000]


def test_other_blocks_and_options_are_passed_over_and_counted() -> None:
    comment = v.option(1, b"hello") + v.option(0, b"")
    raw = (
        v.section()
        + v.block(4, bytes(8))
        + v.interface(extra=v.option(2, b"eth0") + v.option(11, b"\0port 1"))
        + v.block(0x0BAD, bytes(40))
        + v.enhanced(1, FRAMES[1], options=comment)
        + v.block(5, bytes(20))
    )
    _, payloads, counts = scan(raw)
    assert payloads == [PAYLOADS[1]]
    assert counts.blocks_skipped == 3


@given(
    units=st.integers(0, 2**64 - 1) | st.integers(0, 2**62),
    resolution=st.integers(0, 255),
    offset_s=st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**9), 10**9),
    order=st.sampled_from("<>"),
)
def test_time_is_exact_for_every_resolution_and_offset(units, resolution, offset_s, order) -> None:
    base, exponent = (2, resolution & 127) if resolution & 128 else (10, resolution)
    wanted = math.floor(Fraction(units * 10**9, base**exponent)) + offset_s * 10**9
    assume(abs(wanted) < 2**63 - 2 * 10**9)
    assume(math.floor(Fraction(units * 10**9, base**exponent)) < 2**63 - 2 * 10**9)
    assume(abs(offset_s) < 2**63 // 10**9 - 2)
    raw = v.section(order) + v.interface(resolution=resolution, offset_s=offset_s, order=order)
    rows, _, _ = scan(raw + v.enhanced(units, FRAMES[0], order=order))
    # Finer than 2**-42 s the fraction is cut first, which can round down once more.
    slack = 1 if base == 2 and exponent > 42 else 0
    assert wanted - slack <= rows["ts_ns"][0] <= wanted


@pytest.mark.parametrize(
    ("units", "resolution", "offset_s"),
    [
        (2**63, 9, 0),
        (2**63, 6, 0),
        (2**62, 6, 0),
        (2**64 - 1, 128, 0),
        (5, 9, 2**62),
        (0, 9, -(2**40)),
    ],
)
def test_time_outside_int64_is_no_time(units: int, resolution: int, offset_s: int) -> None:
    raw = v.section() + v.interface(resolution=resolution, offset_s=offset_s)
    rows, _, counts = scan(raw + v.enhanced(units, FRAMES[0]))
    assert rows["ts_ns"][0] == UNDEF
    assert rows["flags"][0] == PACKET_UNTIMED
    assert counts.packets_untimed == 1


def test_file_is_mapped_and_payloads_are_views_of_it(tmp_path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(FORMS["pcap, us, little"])
    capture = read_capture(path)
    assert len(capture) == 5
    assert [p.tobytes() for p in capture.payloads()] == PAYLOADS
    assert np.shares_memory(capture.payload(3), capture.data)
    assert not capture.data.flags.writeable
    assert not capture.index.flags.writeable
    assert capture.format == "pcap"


@pytest.mark.parametrize("name", ["pcap, us, big", "pcapng, little"])
def test_gzip_is_recognised_by_content_in_one_or_more_members(name: str, tmp_path) -> None:
    raw = FORMS[name]
    path = tmp_path / "no-telling-name"
    path.write_bytes(gzip.compress(raw[:77]) + gzip.compress(raw[77:]) + bytes(9))
    capture = read_capture(path)
    assert [p.tobytes() for p in capture.payloads()] == PAYLOADS
    assert not capture.counts.is_gzip_cut


def test_gzip_cut_anywhere_gives_the_whole_packets(tmp_path) -> None:
    raw = gzip.compress(FORMS["pcapng, little"], 0)
    path = tmp_path / "cut.gz"
    for size in range(60, len(raw), 7):
        path.write_bytes(raw[:size])
        capture = read_capture(path)
        assert capture.counts.is_gzip_cut
        payloads = [p.tobytes() for p in capture.payloads()]
        assert payloads == PAYLOADS[: len(payloads)]


def test_damaged_gzip_is_refused(tmp_path) -> None:
    raw = bytearray(gzip.compress(FORMS["pcapng, little"]))
    raw[-6] ^= 1
    path = tmp_path / "bad.gz"
    path.write_bytes(raw)
    with pytest.raises(CaptureError, match="damaged gzip"):
        open_capture(path)


def test_absent_empty_and_unreadable_files_are_refused(tmp_path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        open_capture(tmp_path / "absent")
    with pytest.raises(CaptureError, match="Is a directory"):
        open_capture(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(CaptureError, match="an empty file"):
        open_capture(tmp_path / "empty")


@given(
    name=st.sampled_from(sorted(FORMS)),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 60),
)
def test_any_damage_gives_packets_inside_the_file_or_an_error(name, flips, cut) -> None:
    raw = bytearray(FORMS[name])
    for at, value in flips:
        raw[at % len(raw)] = value
    raw = bytes(raw[: len(raw) - cut])
    try:
        walked = reader(raw)
        for chunk in walked.chunks(3):
            assert (chunk["offset"] + chunk["length"] <= len(raw)).all()
    except CaptureError:
        return
    counts = walked.counts
    assert counts.frames == counts.packets + counts.skipped.total


def oracle_dpkt(path):
    """Read (time, payload, destination port) of the UDP packets with dpkt."""
    dpkt = pytest.importorskip("dpkt")
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = dpkt.pcap.UniversalReader(io.BytesIO(raw))
        for time_s, frame in file:
            packet = dpkt.ethernet.Ethernet(frame)
            datagram = packet.data.data
            if isinstance(datagram, dpkt.udp.UDP):
                yield time_s, bytes(datagram.data), datagram.dport


def oracle_scapy(path):
    """The same with scapy."""
    scapy = pytest.importorskip("scapy.utils")
    inet = pytest.importorskip("scapy.layers.inet")
    with scapy.PcapReader(str(path)) as packets:
        yield from _udp_of_scapy(packets, inet)


def _udp_of_scapy(packets, inet):
    for packet in packets:
        if inet.UDP in packet:
            yield float(packet.time), bytes(packet[inet.UDP].payload), packet[inet.UDP].dport


REAL = [
    ("deribit/multicast_head_2000.pcapng", 2000),
    ("deribit/combo_legs.pcapng", 45),
    ("deribit/rfq.pcapng", 2),
    ("iex/TOPS16.pcapng.gz", 13_022),
    ("cme/MdIncrementalRefreshBook.pcap", 1),
    ("itch/bx-udp/SystemEventMessage.pcap", 1),
]


@pytest.mark.parametrize(("name", "packets"), REAL)
def test_real_captures_have_the_packets_that_they_are_known_to_have(captures, name, packets):
    capture = read_capture(captures / name)
    assert len(capture) == packets == capture.counts.frames
    assert capture.counts.tail_bytes == 0
    assert not capture.index["flags"][0] & PACKET_CUT


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("oracle", [oracle_dpkt, oracle_scapy])
@pytest.mark.parametrize("name", [n for n, _ in REAL])
def test_real_captures_read_as_other_readers_read_them(captures, name, oracle):
    capture = read_capture(captures / name)
    wanted = itertools.islice(oracle(captures / name), 3000)
    for row, payload, (time_s, data, port) in zip(
        capture.index, capture.payloads(), wanted, strict=False
    ):
        assert payload.tobytes() == data
        assert row["dst_port"] == port
        assert abs(row["ts_ns"] / 1e9 - float(time_s)) < 1e-5


@pytest.mark.parametrize("payloads", [0, 3])
def test_a_whole_index_keeps_the_rows_as_they_are_laid_out(tmp_path, payloads: int) -> None:
    path = tmp_path / "rows.pcap"
    path.write_bytes(v.pcap([(1, 0, frame) for frame in FRAMES[:payloads]]))
    index = read_capture(path).index
    assert (index.dtype, len(index)) == (INDEX_DTYPE, payloads)
