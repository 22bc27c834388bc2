"""Sockets receive what is theirs, into the right chunks, with times and honest loss."""

import errno
import itertools
import os
import socket
import time

import numpy as np
import pytest

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire import _udp_kernels as k
from zerofeed.wire import udp
from zerofeed.wire.receive_block import block_words, prepare_block, result_table
from zerofeed.wire.udp import ReadableWait, UdpReceiver, open_receiver, wait_readable

SECOND_NS = 1_000_000_000
PATIENCE_NS = 5 * SECOND_NS
CHUNK_BYTES = 256
CHUNKS = 16


class Inlet:
    """A receive block and an arena for one socket."""

    def __init__(self, receiver: UdpReceiver, batch: int = 8) -> None:
        self.receiver = receiver
        self.block = np.zeros(block_words(batch), np.int64)
        prepare_block(self.block, batch)
        self.arena = np.zeros((CHUNKS, CHUNK_BYTES), np.uint8)
        self.results = result_table(batch)

    def receive(self, first: int = 0, limit: int = 8) -> int:
        return k.receive(
            self.receiver.fileno(),
            self.block,
            self.arena.ctypes.data,
            CHUNKS,
            CHUNK_BYTES,
            first,
            limit,
            self.results,
        )

    def take(self, wanted: int) -> list[bytes]:
        """Wait for so many datagrams and give them."""
        out: list[bytes] = []
        while len(out) < wanted:
            assert wait_readable([self.receiver.fileno()], PATIENCE_NS)
            lengths = self.results[: max(self.receive(), 0), k.LENGTH]
            out += [self.arena[i, :length].tobytes() for i, length in enumerate(lengths)]
        assert len(out) == wanted
        return out


def outlet(source: str = "127.0.0.1") -> socket.socket:
    """Make a socket that sends multicast out of the loopback interface."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind((source, 0))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    return out


KINDS = {
    "unicast": ("127.0.0.1", {}),
    "multicast by name": ("239.255.7.1", {"interface": "lo"}),
    "multicast by address": ("239.255.7.2", {"interface": "127.0.0.1"}),
    "source-specific": ("232.7.7.7", {"interface": "lo", "source": "127.0.0.1"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_datagrams_arrive_whole_and_in_order(kind: str) -> None:
    address, options = KINDS[kind]
    sent = [bytes([n % 251]) * n for n in (0, 1, 100, CHUNK_BYTES)]
    with open_receiver(address, 0, **options) as receiver, outlet() as out:
        assert receiver.address == address
        for payload in sent:
            out.sendto(payload, (address, receiver.port))
        assert Inlet(receiver).take(4) == sent
        assert receiver.drops() == 0


def test_a_socket_says_by_its_own_protocol_that_the_kernel_copies() -> None:
    with open_receiver("127.0.0.1", 0) as receiver:
        told = receiver.tell_copies()
        assert (told.kind, told.kernel_copies, told.user_copies) == ("udp", 1, 0)
        assert told.source == f"127.0.0.1:{receiver.port}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind("")
        stranger = receiver.__class__.__new__(receiver.__class__)
        stranger.socket, stranger.address, stranger.port = other, "elsewhere", 0
        assert stranger.tell_copies().kernel_copies is None


def test_chunks_are_taken_in_turn_and_wrap() -> None:
    with open_receiver("127.0.0.1", 0) as receiver, outlet() as out:
        inlet = Inlet(receiver)
        for n in range(4):
            out.sendto(bytes([n + 1]), (receiver.address, receiver.port))
        assert wait_readable([receiver.fileno()], PATIENCE_NS)
        assert inlet.receive(first=3 * CHUNKS - 2) == 4
        assert inlet.arena[:, 0].tolist() == [3, 4] + [0] * (CHUNKS - 4) + [1, 2]
        assert inlet.block[k.FIRST_CHUNK] == 3 * CHUNKS - 2


def test_limit_and_batch_bound_one_call() -> None:
    with open_receiver("127.0.0.1", 0) as receiver, outlet() as out:
        inlet = Inlet(receiver, batch=4)
        for _ in range(9):
            out.sendto(b"x", (receiver.address, receiver.port))
        assert wait_readable([receiver.fileno()], PATIENCE_NS)
        assert inlet.receive(limit=0) == 0
        assert inlet.receive(limit=2) == 2
        assert inlet.receive(limit=100) == 4
        assert inlet.receive() == 3
        assert inlet.receive() == -errno.EAGAIN


def test_arrival_times_are_the_kernel_s_and_near_now() -> None:
    with open_receiver("127.0.0.1", 0) as receiver, outlet() as out:
        inlet = Inlet(receiver)
        before = time.time_ns()
        for _ in range(8):
            out.sendto(b"x", (receiver.address, receiver.port))
        inlet.take(8)
        after = time.time_ns()
        arrivals = inlet.results[:, k.ARRIVAL_NS].tolist()
        assert before - SECOND_NS < arrivals[0] < after + SECOND_NS
        assert all(b - a > -1_000_000 for a, b in itertools.pairwise(arrivals))


def test_time_is_zero_where_the_socket_gives_none() -> None:
    with outlet() as receiving, outlet() as out:
        inlet = Inlet(UdpReceiver(receiving))
        out.sendto(b"x", receiving.getsockname())
        inlet.take(1)
        assert inlet.results[0].tolist() == [1, 0, 0, 0]


def test_datagram_longer_than_its_chunk_is_cut_and_says_by_how_much() -> None:
    with open_receiver("127.0.0.1", 0) as receiver, outlet() as out:
        inlet = Inlet(receiver)
        inlet.arena[1:] = 0xEE
        out.sendto(bytes(1000), (receiver.address, receiver.port))
        assert wait_readable([receiver.fileno()], PATIENCE_NS)
        assert inlet.receive() == 1
        assert inlet.results[0, k.LENGTH] == CHUNK_BYTES
        assert inlet.results[0, k.CUT_BYTES] == 1000 - CHUNK_BYTES
        assert (inlet.arena[1:] == 0xEE).all()


def test_every_datagram_is_received_or_counted_as_dropped() -> None:
    sent = 500
    with open_receiver("127.0.0.1", 0, buffer_bytes=4096) as receiver, outlet() as out:
        inlet = Inlet(receiver)
        for _ in range(sent):
            out.sendto(bytes(200), (receiver.address, receiver.port))
        received = 0
        deadline = time.monotonic() + 5
        while received + receiver.drops() < sent and time.monotonic() < deadline:
            received += max(inlet.receive(), 0)
        drops = receiver.drops()
        assert received + drops == sent
        assert drops > 0
        # The next datagram brings the count with it.
        out.sendto(b"x", (receiver.address, receiver.port))
        inlet.take(1)
        assert inlet.results[0, k.DROPS] == drops


def test_groups_on_one_port_are_kept_apart() -> None:
    with (
        open_receiver("239.255.7.3", 0, interface="lo") as one,
        open_receiver("239.255.7.4", one.port, interface="lo") as other,
        outlet() as out,
    ):
        out.sendto(b"other", ("239.255.7.4", one.port))
        out.sendto(b"one", ("239.255.7.3", one.port))
        assert Inlet(one).take(1) == [b"one"]
        assert Inlet(other).take(1) == [b"other"]


def test_several_receivers_of_one_group_all_get_everything() -> None:
    with (
        open_receiver("239.255.7.5", 0, interface="lo") as one,
        open_receiver("239.255.7.5", one.port, interface="lo") as other,
        outlet() as out,
    ):
        out.sendto(b"both", ("239.255.7.5", one.port))
        assert Inlet(one).take(1) == Inlet(other).take(1) == [b"both"]


def test_source_specific_receiver_ignores_other_sources() -> None:
    options = {"interface": "lo", "source": "127.0.0.9"}
    with (
        open_receiver("232.7.7.8", 0, **options) as receiver,
        outlet("127.0.0.1") as wrong,
        outlet("127.0.0.9") as right,
    ):
        wrong.sendto(b"wrong", ("232.7.7.8", receiver.port))
        right.sendto(b"right", ("232.7.7.8", receiver.port))
        assert Inlet(receiver).take(1) == [b"right"]


def test_taken_unicast_port_is_refused_with_the_way_to_find_its_owner() -> None:
    with open_receiver("127.0.0.1", 0) as first:
        with pytest.raises(ReceiverError, match=r"cannot bind .*EADDRINUSE.*ss -lunp") as caught:
            open_receiver("127.0.0.1", first.port)
        assert caught.value.where == f"127.0.0.1:{first.port}"


def test_missing_interface_and_foreign_address_are_refused() -> None:
    with pytest.raises(ReceiverError, match="no such network interface"):
        open_receiver("239.255.7.6", 0, interface="no-such-nic")
    with pytest.raises(ReceiverError, match=r"EADDRNOTAVAIL.*ip -br address"):
        open_receiver("203.0.113.7", 0)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.ENODEV, errno.ENOBUFS])
def test_every_known_refusal_has_a_next_step(code: int) -> None:
    refused = udp._refused("bind", "0.0.0.0", 80, OSError(code, os.strerror(code)))
    assert errno.errorcode[code] in str(refused)
    assert refused.next_step


@pytest.mark.parametrize(
    ("address", "port", "options"),
    [
        ("::1", 1, {}),
        ("127.0.0.1", 70_000, {}),
        ("127.0.0.1", 1, {"interface": "lo"}),
        ("127.0.0.1", 1, {"source": "127.0.0.1"}),
        ("232.1.1.1", 0, {"interface": "lo", "source": "nobody"}),
    ],
)
def test_what_can_never_work_is_refused_as_configuration(address, port, options) -> None:
    with pytest.raises(ConfigurationError):
        open_receiver(address, port, **options)


def test_buffer_is_reported_as_granted() -> None:
    with open_receiver("127.0.0.1", 0, buffer_bytes=100_000) as receiver:
        assert receiver.buffer_bytes == 200_000
        assert not receiver.is_buffer_short
        greedy = UdpReceiver(receiver.socket, asked_buffer_bytes=1 << 40)
        assert greedy.is_buffer_short


def test_closed_receiver_leaves_its_port() -> None:
    with open_receiver("127.0.0.1", 0) as receiver:
        port = receiver.port
    with open_receiver("127.0.0.1", port) as again:
        assert again.port == port


def test_waiting_names_the_readable_and_ends_in_time() -> None:
    with (
        open_receiver("127.0.0.1", 0) as quiet,
        open_receiver("127.0.0.1", 0) as busy,
        outlet() as out,
        ReadableWait([quiet.fileno(), busy.fileno()]) as waiting,
    ):
        assert waiting.wait(0) == []
        assert waiting.wait(1_000_000) == []
        out.sendto(b"x", (busy.address, busy.port))
        assert waiting.wait(-1) == [busy.fileno()]
        assert wait_readable([quiet.fileno()], 0) == []
