"""What is written is read back by ourselves and by others, with checksums that hold."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import BugError
from zerofeed.wire.pcap import CaptureReader
from zerofeed.wire.pcap_index import PACKET_CUT
from zerofeed.wire.pcap_write import CaptureWriter, udp_frame

SOURCE, GROUP = (0x0A000001, 4000), (0xEFFF0102, 6100)


def read_back(raw: bytes):
    reader = CaptureReader(np.frombuffer(raw, np.uint8), "written")
    return np.concatenate(list(reader.chunks())), reader


@given(
    form=st.sampled_from(["pcap", "pcapng"]),
    packets=st.lists(
        st.tuples(st.integers(0, 2**32 * 10**9 - 1), st.binary(max_size=60)), min_size=1, max_size=9
    ),
)
def test_packets_come_back_as_they_were_written(form, packets) -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file, form)
    for ts_ns, payload in packets:
        writer.write_udp(ts_ns, payload, source=SOURCE, destination=GROUP)
    raw = file.getvalue()
    rows, reader = read_back(raw)
    assert writer.packets == len(packets)
    assert reader.format == form
    assert [
        (int(r["ts_ns"]), raw[r["offset"] : r["offset"] + r["length"]]) for r in rows
    ] == packets
    assert {(int(r["src_ip"]), int(r["src_port"])) for r in rows} == {SOURCE}
    assert {(int(r["dst_ip"]), int(r["dst_port"])) for r in rows} == {GROUP}


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_cut_frame_comes_back_flagged(form) -> None:
    file = io.BytesIO()
    frame = udp_frame(b"0123456789", source=SOURCE, destination=GROUP)
    CaptureWriter(file, form).write_frame(1, frame[:-4], len(frame))
    rows, _ = read_back(file.getvalue())
    assert (rows["length"][0], rows["orig_length"][0], rows["flags"][0]) == (6, 10, PACKET_CUT)


@given(
    payload=st.binary(max_size=100),
    source=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 65535)),
    destination=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 65535)),
)
def test_checksums_hold(payload, source, destination) -> None:
    """Summed with their own field, both headers give all ones (RFC 1071)."""

    def folded(data: bytes) -> int:
        total = sum(struct.unpack(f">{len(data) // 2}H", data))
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        return total

    frame = udp_frame(payload, source=source, destination=destination)
    ip, udp = frame[14:34], frame[34:]
    assert folded(ip) == 0xFFFF
    pseudo = ip[12:20] + struct.pack(">HH", 17, len(udp))
    assert folded(pseudo + udp + bytes(len(udp) % 2)) == 0xFFFF


def test_dpkt_reads_both_forms() -> None:
    dpkt = pytest.importorskip("dpkt")
    for form, other in (("pcap", dpkt.pcap.Reader), ("pcapng", dpkt.pcapng.Reader)):
        file = io.BytesIO()
        writer = CaptureWriter(file, form)
        writer.write_udp(1_700_000_000_000_000_000, b"abc", source=SOURCE, destination=GROUP)
        file.seek(0)
        [(time_s, frame)] = list(other(file))
        assert float(time_s) == 1_700_000_000
        assert dpkt.ethernet.Ethernet(frame).data.data.data == b"abc"


def test_group_address_sets_the_link_layer_group() -> None:
    assert udp_frame(b"", source=SOURCE, destination=GROUP)[:6] == bytes.fromhex("01005e7f0102")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BugError, match="too long for UDP"):
        udp_frame(bytes(65_508), source=SOURCE, destination=GROUP)
    with pytest.raises(BugError, match="does not fit"):
        CaptureWriter(io.BytesIO(), "pcap").write_frame(2**32 * 10**9, b"")
    with pytest.raises(BugError, match="does not fit"):
        CaptureWriter(io.BytesIO()).write_frame(-1, b"")


def test_with_block_closes_the_file(tmp_path) -> None:
    file = (tmp_path / "a.pcapng").open("wb")
    with CaptureWriter(file):
        pass
    assert file.closed
