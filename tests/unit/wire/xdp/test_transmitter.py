"""Frames leave as they should, all of them, and sockets on the other side understand them."""

from __future__ import annotations

import socket
import struct
import time

import numpy as np
import pytest

from tests.unit.wire.xdp.packets import GROUP, HOST, PORT, SENDER, udp_frame
from tests.unit.wire.xdp.rig import INSIDE, OUTSIDE, Rig, command, private_network
from zerofeed.base.errors import BugError, ConfigurationError, ReceiverError, ResourceError
from zerofeed.wire.batch_sender import Payloads, pack_destination, pack_destinations
from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.udp import open_receiver
from zerofeed.wire.xdp.layout import ArenaPlan
from zerofeed.wire.xdp.link_addresses import LinkAddresses
from zerofeed.wire.xdp.transmitter import XdpTransmitter, make_template

pytestmark = [pytest.mark.compiled]

root = pytest.mark.root


@pytest.fixture
def network():
    with private_network():
        yield


def mac_of(name: str) -> str:
    words = command(f"ip -o link show dev {name}").split()
    return words[words.index("link/ether") + 1]


def run_of(payloads: list[bytes]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = np.array([len(p) for p in payloads], np.int64)
    return np.frombuffer(b"".join(payloads), np.uint8), np.cumsum(lengths) - lengths, lengths


def test_template_is_a_header_without_destination_lengths_and_checksums() -> None:
    template, total = make_template(LinkAddresses(0x02, 9, 1500), 9, 77, ttl=3, vlan=5)
    raw = template.tobytes()
    assert len(raw) == 46
    assert raw[:6] == bytes(6)
    assert raw[12:18].hex() == "810000050800"
    assert raw[18:38].hex() == "4500000000004000031100000000000900000000"
    assert total == 0x4500 + 0x4000 + 0x0311 + 9
    assert raw[38:] == struct.pack(">HHHH", 77, 0, 0, 0)


@root
@pytest.mark.parametrize("with_checksums", [False, True])
def test_socket_receives_what_was_sent_to_its_host_and_group(network, with_checksums) -> None:
    with (
        open_receiver(HOST, PORT) as host,
        open_receiver(GROUP, PORT, interface=INSIDE) as group,
        XdpTransmitter(
            OUTSIDE,
            source_address=SENDER,
            source_port=555,
            destination_mac=mac_of(INSIDE),
            with_checksums=with_checksums,
        ) as out,
    ):
        addresses = np.array([parse_ipv4(HOST), parse_ipv4(GROUP)], np.uint32)
        to = pack_destinations(np.tile(addresses, 50), np.full(100, PORT, np.uint16))
        payloads = [b"payload %d" % i + bytes(i) for i in range(100)]
        assert out.send(*run_of(payloads), to) == 100
        out.flush()
        assert (out.sent, out.completed, out.refused) == (100, 100, 0)
        assert out.statistics().transmit_invalid == 0
        for receiver, mine in ((host, payloads[::2]), (group, payloads[1::2])):
            for payload in mine:
                assert receiver.socket.recvfrom(2000) == (payload, (SENDER, 555))


@root
def test_neighbour_table_gives_the_ethernet_address_of_a_host(network) -> None:
    command(f"ip addr add {SENDER}/24 dev {OUTSIDE}")
    with XdpTransmitter(OUTSIDE) as out, open_receiver("10.77.0.1", PORT) as receiver:
        run = (*run_of([b"known"]), pack_destination("10.77.0.9", PORT))
        with pytest.raises(ReceiverError, match="Ethernet address is not known") as caught:
            out.send(*run)
        assert "ping" in str(caught.value.next_step)
        assert out.sent == 0
        # No address of this side may be known here, or the stack would take the packet for forged.
        command(f"ip addr del {SENDER}/24 dev {OUTSIDE}")
        command(f"ip addr add 10.77.0.9/24 dev {INSIDE}")
        command(f"ip neigh add 10.77.0.9 lladdr {mac_of(INSIDE)} dev {OUTSIDE} nud permanent")
        with open_receiver("10.77.0.9", PORT) as other:
            out.send(*run)
            out.flush()
            assert other.socket.recv(100) == b"known"
        del receiver


@root
def test_more_frames_than_fit_are_all_sent_in_order_and_reach_an_xdp_receiver(network) -> None:
    plan = ArenaPlan(slots=2048, queues=2, chunks_per_queue=4096)
    with Rig(plan) as rig:
        rig.open()
        payloads = [struct.pack("<I", i) + bytes(i % 300) for i in range(1500)]
        with XdpTransmitter(
            OUTSIDE, source_address=SENDER, destination_mac=mac_of(INSIDE), frames=256
        ) as out:
            assert out.send(*run_of(payloads), pack_destination(HOST, PORT)) == 1500
        assert [payload for payload, _ in rig.take(1500)] == payloads
        assert rig.receiver.lost() == 0


@root
def test_pieces_of_a_run_are_sent_as_by_the_batch_sender(network) -> None:
    with (
        open_receiver(GROUP, PORT, interface=INSIDE) as receiver,
        XdpTransmitter(OUTSIDE, source_address=SENDER) as out,
    ):
        payloads = Payloads(*run_of([b"a", b"b", b"c", b"d"]), pack_destination(GROUP, PORT))
        out.send_payloads(payloads, 1, 3)
        out.send_payloads(payloads, 3, 3)
        out.flush()
        assert [receiver.socket.recv(9) for _ in range(2)] == [b"b", b"c"]
        with pytest.raises(BlockingIOError):
            receiver.socket.recv(9)


@root
def test_whole_frames_leave_as_they_are(network) -> None:
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5)) as raw,
        XdpTransmitter(OUTSIDE) as out,
    ):
        raw.bind((INSIDE, 0))
        raw.settimeout(5)
        frames = [udp_frame(b"%d" % i, ethertype=0x88B5) for i in range(3)]
        assert out.send_frames(*run_of(frames)) == 3
        assert [raw.recv(2000) for _ in range(3)] == frames


@root
def test_vlan_tag_is_set(network) -> None:
    options = {"source_address": SENDER, "destination_mac": mac_of(INSIDE)}
    with Rig() as rig, XdpTransmitter(OUTSIDE, vlan=12, **options) as out:
        rig.open()
        out.send(*run_of([b"tagged"]), pack_destination(HOST, PORT))
        payload, frame = rig.take(1)[0]
        assert payload == b"tagged"
        assert frame["offset"] % 2048 == 256 + 46


@root
def test_payload_that_does_not_fit_one_frame_is_refused_and_nothing_sent(network) -> None:
    with XdpTransmitter(OUTSIDE, source_address=SENDER) as out:
        assert out.most_payload_bytes == 1472
        for run in ([b"fits", bytes(1473)],):
            with pytest.raises(ConfigurationError, match="does not fit one frame") as caught:
                out.send(*run_of(run), pack_destination(GROUP, PORT))
            assert caught.value.where == "payload 1 of the run"
        with pytest.raises(BugError):
            out.send(np.zeros(4, np.uint8), np.zeros(1), np.full(1, 5), pack_destination(GROUP, 1))
        assert out.sent == 0


@root
def test_interface_without_an_address_needs_one_to_send_from(network) -> None:
    with (
        XdpTransmitter(OUTSIDE) as out,
        pytest.raises(ConfigurationError, match="no IPv4 address to send from"),
    ):
        out.send(*run_of([b"x"]), pack_destination(GROUP, PORT))


@root
@pytest.mark.slow
def test_queue_that_is_taken_is_refused_with_the_way_to_find_its_owner(network) -> None:
    with XdpTransmitter(OUTSIDE):
        began = time.monotonic()
        with pytest.raises(ReceiverError, match=r"EBUSY.*ss --xdp"):
            XdpTransmitter(OUTSIDE)
        assert time.monotonic() - began > 2.9, "a queue may be in the course of release"
        with XdpTransmitter(OUTSIDE, queue=1) as other:
            assert not other.is_zero_copy
            assert other.notes[0].startswith("no zero-copy: ")


@root
def test_interface_that_goes_down_is_said_so(network) -> None:
    now = iter(range(0, 10**15, 10**9))
    options = {"source_address": SENDER}
    out = XdpTransmitter(OUTSIDE, **options, clock=lambda: next(now), sleep=lambda _: None)
    command(f"ip link set {OUTSIDE} down")
    with pytest.raises(ResourceError, match="does not take frames"):
        out.send(*run_of([b"x"] * 8192), pack_destination(GROUP, PORT))
    out.close()


@pytest.mark.parametrize(
    "options",
    [{"ttl": 0}, {"ttl": 256}, {"source_port": 0}, {"vlan": 4096}, {"frames": 100}],
)
def test_what_can_never_work_is_refused_as_configuration(options: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        XdpTransmitter("lo", **options)
