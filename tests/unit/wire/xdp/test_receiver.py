"""A whole interface: what arrives comes once, what is foreign passes, what is lost is counted."""

from __future__ import annotations

import json
import os
import socket
import struct
import time

import pytest

from tests.unit.children import Child, Gate
from tests.unit.wire.xdp.packets import GROUP, HOST, PORT, SENDER, udp_frame
from tests.unit.wire.xdp.rig import INSIDE, OUTSIDE, Rig, command, private_network
from zerofeed.base.errors import BugError, ConfigurationError, ReceiverError
from zerofeed.wire.xdp import _xdp_kernels as k
from zerofeed.wire.xdp import bpf
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.layout import ArenaPlan
from zerofeed.wire.xdp.program import build_filter, build_redirect
from zerofeed.wire.xdp.receiver import XdpReceiver

pytestmark = [pytest.mark.root, pytest.mark.compiled]

MODES = ["native", "skb"]
ONE_QUEUE = ArenaPlan(slots=256, queues=1, chunks_per_queue=128)
SECOND_NS = 1_000_000_000


@pytest.fixture(autouse=True)
def network():
    with private_network():
        yield


def has_program() -> bool:
    return "xdp" in command(f"ip link show dev {INSIDE}")


@pytest.mark.parametrize("mode", MODES)
def test_packets_of_every_kind_of_header_arrive_in_the_arena(mode: str) -> None:
    with Rig() as rig:
        receiver = rig.open([Flow(HOST, PORT, source=5), Flow(GROUP, PORT, source=6)], attach=mode)
        assert receiver.is_native is (mode == "native")
        assert not receiver.is_zero_copy
        assert not receiver.is_zero_copy
        before = time.time_ns()
        rig.send(
            udp_frame(b"plain"),
            udp_frame(b"group", destination=GROUP),
            udp_frame(b"options", options=bytes(12)),
            udp_frame(b"checksum", checksum=0xBAD),
            udp_frame(b"padded", padding=20),
            udp_frame(b"long" * 350),
            udp_frame(b""),
        )
        got = rig.take(7)
        after = time.time_ns()
        assert sorted(payload for payload, _ in got) == sorted(
            [b"plain", b"group", b"options", b"checksum", b"padded", b"long" * 350, b""]
        )
        for payload, frame in got:
            assert frame["channel"] == (6 if payload == b"group" else 5)
            assert frame["flags"] == 0
            assert before - SECOND_NS < frame["ts_recv_ns"] < after + SECOND_NS
            assert frame["offset"] < rig.plan.umem_bytes
        assert sum(each.received for each in receiver.counts()) == 7
        assert receiver.lost() == 0


@pytest.mark.parametrize("mode", MODES)
def test_tagged_packets_arrive(mode: str) -> None:
    """SKB mode hands the program the frame with its tag put back in; two tags as well."""
    with Rig() as rig:
        rig.open(attach=mode)
        rig.send(
            udp_frame(b"one tag", tags=(0x8100,)),
            udp_frame(b"two tags", tags=(0x88A8, 0x8100)),
        )
        assert sorted(p for p, _ in rig.take(2)) == [b"one tag", b"two tags"]


@pytest.mark.parametrize("mode", MODES)
def test_foreign_traffic_still_reaches_the_stack(mode: str) -> None:
    with Rig() as rig, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ordinary:
        ordinary.bind((HOST, PORT + 1))
        ordinary.settimeout(5)
        rig.open(attach=mode)
        mac = bytes.fromhex(link_mac(INSIDE).replace(":", ""))
        rig.send(udp_frame(b"mine"), udp_frame(b"yours", port=PORT + 1, mac=mac))
        assert ordinary.recv(100) == b"yours"
        assert [p for p, _ in rig.take(1)] == [b"mine"]
        # Fragments are the stack's business: it alone can join them.
        whole = struct.pack(">HHHH", 4000, PORT + 1, 8 + 32, 0) + bytes(range(32))
        for offset, more in ((0, 0x2000), (24, 0)):
            part = udp_frame(b"", fragment=more | offset // 8, mac=mac)[:34]
            body = whole[offset : offset + 24]
            head = bytearray(part)
            head[16:18] = struct.pack(">H", 20 + len(body))
            head[24:26] = b"\0\0"
            total = sum(struct.unpack(">10H", bytes(head[14:34])))
            total = (total & 0xFFFF) + (total >> 16)
            head[24:26] = struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
            rig.send(bytes(head) + body)
        assert ordinary.recv(100) == bytes(range(32))
        assert rig.burst() == 0


def link_mac(name: str) -> str:
    words = command(f"ip -o link show dev {name}").split()
    return words[words.index("link/ether") + 1]


def test_every_queue_has_a_socket_and_flows_spread_over_them() -> None:
    with Rig() as rig:
        receiver = rig.open()
        rig.send(*(udp_frame(struct.pack("<I", i), sender_port=1000 + i) for i in range(100)))
        numbers = sorted(struct.unpack("<I", payload)[0] for payload, _ in rig.take(100))
        assert numbers == list(range(100))
        counts = [each.received for each in receiver.counts()]
        assert sum(counts) == 100
        assert min(counts) > 10


def test_queue_without_a_socket_is_left_to_the_stack_and_said_so() -> None:
    with Rig(ONE_QUEUE) as rig, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ordinary:
        ordinary.bind((HOST, PORT))
        ordinary.settimeout(5)
        receiver = rig.open(queues=[1])
        assert "receives on 2 queues and 1 have a socket" in receiver.notes[-1]
        mac = bytes.fromhex(link_mac(INSIDE).replace(":", ""))
        rig.send(*(udp_frame(b"x", sender_port=1000 + i, mac=mac) for i in range(40)))
        rig.burst()
        came = rig.ring.published
        assert 0 < came < 40
        for _ in range(40 - came):
            assert ordinary.recv(10) == b"x"


@pytest.mark.parametrize("mode", MODES)
def test_jumbo_packets_come_in_pieces_and_are_gathered(mode: str) -> None:
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=128, gather_bytes=9216)
    payload = bytes(i * 13 & 0xFF for i in range(8900))
    for name in (INSIDE, OUTSIDE):
        command(f"ip link set {name} mtu 9000")
    with Rig(plan) as rig:
        receiver = rig.open(attach=mode, queues=[0])
        # One flow, so one queue: look for a sender's port that leads to queue 0.
        for port in range(1000, 1100):
            rig.send(udp_frame(b"?", sender_port=port))
            if rig.burst():
                break
        rig.take(0) if rig.seen == rig.ring.published else rig.take(1)
        rig.send(
            udp_frame(payload, sender_port=port),
            udp_frame(b"short", sender_port=port),
            udp_frame(payload[::-1], sender_port=port),
        )
        got = rig.take(3)
        assert [p for p, _ in got] == [payload, b"short", payload[::-1]]
        assert [int(f["flags"]) for _, f in got] == [k.GATHERED_FLAG, 0, k.GATHERED_FLAG]
        assert receiver.counts()[0].gathered == 2


@pytest.mark.parametrize("mode", MODES)
def test_jumbo_packets_are_cut_where_there_are_no_gather_places_and_it_is_said(mode: str) -> None:
    payload = bytes(i * 13 & 0xFF for i in range(8900))
    for name in (INSIDE, OUTSIDE):
        command(f"ip link set {name} mtu 9000")
    with Rig() as rig:
        receiver = rig.open(attach=mode)
        said = "packets longer than 1792 bytes are cut"
        assert any(note.startswith(said) for note in receiver.notes)
        rig.send(udp_frame(payload))
        got, frame = rig.take(1)[0]
        assert got == payload[: 1792 - 42]
        assert frame["flags"] == k.CUT_FLAG
        assert sum(each.cut for each in receiver.counts()) == 1


@pytest.mark.parametrize("mode", MODES)
def test_sent_is_received_plus_what_the_kernel_counted(mode: str) -> None:
    """Nobody receives while far more arrive than there are chunks; then everything is taken."""
    with Rig(ONE_QUEUE) as rig:
        command(f"ip link set {INSIDE} down")
        command(f"ip link del {INSIDE}")
        command(f"ip link add {INSIDE} type veth peer name {OUTSIDE}")
        for name in (INSIDE, OUTSIDE):
            command(f"ip link set {name} up")
        rig.wire.close()
        rig.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        rig.wire.bind((OUTSIDE, 0))
        receiver = rig.open(attach=mode)
        sent = 1000
        rig.send(*(udp_frame(struct.pack("<I", i)) for i in range(sent)))
        received = 0
        deadline = time.monotonic() + 10
        while received + receiver.lost() < sent and time.monotonic() < deadline:
            received += rig.burst()
        assert receiver.counts()[0].received == received == rig.ring.published
        assert received + receiver.lost() == sent
        assert receiver.lost() > 500
        assert received >= ONE_QUEUE.rx_entries


@pytest.mark.slow
def test_live_frames_of_the_kernel_s_own_are_all_accounted_for() -> None:
    with Rig(ArenaPlan(slots=512, queues=2, chunks_per_queue=512)) as rig:
        receiver = rig.open()
        already = packets_in(INSIDE)
        # A redirect into veth needs a program at both ends, or GRO; the program here passes all.
        table = bpf.create_socket_map(1)
        passing = bpf.load_program(build_filter([Flow("10.255.255.1", 1)], table))
        link = bpf.attach_link(
            passing, socket.if_nametoindex(OUTSIDE), interface=OUTSIDE, is_native=True
        )
        sending = bpf.load_program(build_redirect(socket.if_nametoindex(OUTSIDE)))
        sent = 20_000
        done = Gate()

        def generate() -> int:
            bpf.run_live_frames(sending, udp_frame(bytes(64)), sent)
            done.open()
            return 0

        with Child(generate) as child:
            received = 0
            deadline = time.monotonic() + 20
            # The veth pair itself drops what it cannot queue, before any program: not our loss.
            while time.monotonic() < deadline:
                received += rig.burst()
                if done.is_open() and received + receiver.lost() == packets_in(INSIDE) - already:
                    break
            assert child.result() == 0
        done.close()
        for descriptor in (link, passing, sending, table):
            os.close(descriptor)
        assert received + receiver.lost() == packets_in(INSIDE) - already <= sent
        assert received > 0


def packets_in(name: str) -> int:
    """Count the packets that an interface's driver has looked at."""
    shown = json.loads(command(f"ip -s -j link show dev {name}"))
    return int(shown[0]["stats64"]["rx"]["packets"])


def test_groups_are_joined_while_the_receiver_is_open() -> None:
    memberships = lambda: command("cat /proc/thread-self/net/igmp")  # noqa: E731
    number = f"{int.from_bytes(socket.inet_aton(GROUP), 'little'):08X}"
    with Rig() as rig:
        rig.open([Flow(GROUP, PORT), Flow("232.1.2.3", PORT, sender=SENDER)])
        assert number in memberships()
    assert number not in memberships()


def test_nothing_is_left_on_the_interface_and_it_can_be_opened_again() -> None:
    with Rig() as rig:
        for _ in range(3):
            rig.open()
            assert has_program()
            rig.receiver.close()
            assert not has_program()


def test_killed_owner_leaves_nothing_either() -> None:
    opened = Gate()

    def own() -> None:
        with Rig() as rig:
            rig.open()
            opened.open()
            time.sleep(60)

    with Child(own) as child:
        opened.wait()
        assert has_program()
        child.kill()
    opened.close()
    deadline = time.monotonic() + 5
    while has_program() and time.monotonic() < deadline:
        pass
    assert not has_program()
    with Rig() as rig:
        rig.open()
        rig.send(udp_frame(b"again"))
        assert rig.take(1)[0][0] == b"again"


def test_second_opener_is_told_who_has_the_interface_and_what_to_do() -> None:
    with Rig() as first, Rig() as second:
        first.open()
        with pytest.raises(ReceiverError, match="already") as caught:
            second.open()
        assert caught.value.where == INSIDE
        assert f"EBUSY; held by process {os.getpid()} (" in str(caught.value.got)
        assert "add this feed's flows" in str(caught.value.next_step)
        first.send(udp_frame(b"still mine"))
        assert first.take(1)[0][0] == b"still mine"


def test_unprivileged_user_is_told_what_is_missing() -> None:
    rig = Rig()

    def attempt() -> str:
        os.setuid(65534)
        try:
            rig.open()
        except ReceiverError as error:
            return str(error)
        return "opened"

    with Child(attempt) as child:
        said = child.result()
    assert "EPERM" in said
    assert "CAP_BPF" in said
    rig.close()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"queues": [0]}, ConfigurationError, "another number of queues"),
        ({"queues": [0, 7]}, ConfigurationError, "no such queue"),
        ({"flows": []}, ConfigurationError, "not a number of flows"),
        ({"interface": "no-such-nic"}, ReceiverError, "no such network interface"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_opened(options, error, said) -> None:
    with Rig() as rig:
        interface = options.pop("interface", INSIDE)
        flows = options.pop("flows", [Flow(HOST, PORT)])
        with pytest.raises(error, match=said):
            XdpReceiver(interface, flows, rig.arena, rig.words, rig.plan, **options)
        with pytest.raises(BugError, match="does not fit its plan"):
            XdpReceiver(INSIDE, [Flow(HOST, PORT)], rig.arena[:4096], rig.words, rig.plan)
        assert not has_program()


def test_interface_that_is_down_is_refused() -> None:
    with Rig() as rig:
        command(f"ip link set {INSIDE} down")
        with pytest.raises(ReceiverError, match="is down"):
            rig.open()


def test_loopback_falls_back_to_skb_mode_and_says_why() -> None:
    with Rig(ONE_QUEUE) as rig:
        receiver = XdpReceiver("lo", [Flow("127.0.0.1", PORT)], rig.arena, rig.words, rig.plan)
        rig.receiver = receiver
        assert receiver.mode == "SKB (one copy by the kernel)"
        assert receiver.notes[0].startswith("no native mode: ")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(b"around", ("127.0.0.1", PORT))
            out.sendto(bytes(65_507), ("127.0.0.1", PORT))
            out.sendto(b"and on", ("127.0.0.1", PORT))
        got = rig.take(3)
        assert [len(payload) for payload, _ in got] == [6, 1792 - 42, 6]
        assert got[1][1]["flags"] == k.CUT_FLAG


def test_reasons_why_better_modes_failed_are_kept() -> None:
    with Rig() as rig:
        receiver = rig.open()
        assert receiver.mode == "native (one copy by the kernel)"
        assert receiver.notes[0].startswith("no zero-copy: ")


def test_time_of_the_card_falls_back_to_the_program_s_where_there_is_none() -> None:
    with Rig() as rig:
        rig.open(hardware_time=True)
        rig.send(udp_frame(b"x"))
        _, frame = rig.take(1)[0]
        assert abs(int(frame["ts_recv_ns"]) - time.time_ns()) < SECOND_NS
        assert frame["flags"] in {0, k.HARDWARE_TIME_FLAG}
        rig.receiver.close()
        receiver = rig.open(hardware_time=True, attach="skb")
        assert not receiver.has_hardware_time
        assert "no time of the card's: SKB mode has none" in receiver.notes


def test_busy_polling_can_be_turned_on() -> None:
    with Rig() as rig:
        rig.open(busy_poll_us=20)
        rig.send(udp_frame(b"x"))
        assert rig.take(1)[0][0] == b"x"


def test_descriptors_become_readable_when_packets_wait() -> None:
    from zerofeed.wire.udp import wait_readable

    with Rig() as rig:
        receiver = rig.open()
        assert wait_readable(receiver.descriptors(), 0) == []
        rig.send(udp_frame(b"x"))
        assert len(wait_readable(receiver.descriptors(), 5 * SECOND_NS)) == 1
        rig.take(1)
        assert wait_readable(receiver.descriptors(), 0) == []


def test_worker_forked_from_the_opener_receives_with_its_own_maps() -> None:
    with Rig() as rig:
        rig.open()

        def work() -> list[str]:
            os.setuid(65534)  # what was opened needs no privilege
            return [payload.decode() for payload, _ in rig.take(3)]

        rig.send(*(udp_frame(b"%d" % i) for i in range(3)))
        with Child(work) as child:
            assert child.result() == ["0", "1", "2"]
        assert rig.ring.published == 3
        assert sum(each.received for each in rig.receiver.counts()) == 3


def test_reader_that_maps_the_arena_cannot_write_it() -> None:
    """The UMEM is sealed memory like every other object of a feed's."""
    from zerofeed.shm.segment import SEALS, map_segment

    with Rig() as rig:
        rig.open()
        assert rig.arena_segment.seals() & SEALS == SEALS
        with pytest.raises(PermissionError):
            map_segment(rig.arena_segment.fd, rig.arena_segment.size_bytes, is_writable=True)
        rig.send(udp_frame(b"seen"))
        rig.take(1)
        seen = map_segment(rig.arena_segment.fd, rig.arena_segment.size_bytes).bytes()
        at = int(rig.frames["offset"][0])
        assert seen[at : at + 4].tobytes() == b"seen"
        assert not seen.flags.writeable
