"""Every payload reaches the kernel, from where it lies, to where it should go."""

import errno
import socket
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import BugError, ConfigurationError, ReceiverError, ResourceError
from zerofeed.wire import batch_sender
from zerofeed.wire.batch_sender import BatchSender, Payloads, pack_destination, pack_destinations
from zerofeed.wire.udp import open_receiver, wait_readable

BUFFER = np.arange(256, dtype=np.uint8)
BUFFER.setflags(write=False)


def take(receiver, wanted: int) -> list[bytes]:
    """Wait for so many datagrams with ordinary calls."""
    out = []
    while len(out) < wanted:
        assert wait_readable([receiver.fileno()], 5_000_000_000)
        out.append(receiver.socket.recv(65_535))
    return out


@given(address=st.integers(0, 2**32 - 1), port=st.integers(0, 65_535))
def test_packed_destination_is_the_start_of_a_sockaddr(address: int, port: int) -> None:
    packed = pack_destinations(np.array([address]), np.array([port]))
    assert packed.tobytes() == struct.pack("=H", socket.AF_INET) + struct.pack(">HI", port, address)


def test_packed_destination_of_text_is_the_same() -> None:
    assert pack_destination("239.1.2.3", 6100) == pack_destinations(
        np.array([0xEF010203]), np.array([6100])
    )
    with pytest.raises(ConfigurationError):
        pack_destination("239.1.2", 6100)
    with pytest.raises(ConfigurationError):
        pack_destination("239.1.2.3", 66_100)


@pytest.mark.parametrize("batch", [1, 3, 256])
def test_payloads_of_any_order_and_length_arrive_as_they_lie(batch: int) -> None:
    offsets = np.array([0, 200, 5, 5, 256, 10], np.int64)
    lengths = np.array([4, 56, 0, 1, 0, 100], np.int64)
    with open_receiver("127.0.0.1", 0) as receiver, BatchSender(batch=batch) as sender:
        target = pack_destination("127.0.0.1", receiver.port)
        assert sender.send(BUFFER, offsets, lengths, target) == 6
        assert take(receiver, 6) == [
            BUFFER[o : o + n].tobytes() for o, n in zip(offsets, lengths, strict=True)
        ]


def test_each_payload_may_have_its_own_destination() -> None:
    with (
        open_receiver("239.255.8.1", 0, interface="lo") as one,
        open_receiver("127.0.0.1", 0) as other,
        BatchSender(interface="lo", ttl=0, batch=2) as sender,
    ):
        addresses = np.array([0xEFFF0801, 0x7F000001, 0xEFFF0801], np.uint32)
        ports = np.array([one.port, other.port, one.port], np.uint16)
        offsets, lengths = np.arange(3), np.ones(3, np.uint32)
        sender.send(BUFFER, offsets, lengths, pack_destinations(addresses, ports))
        assert take(one, 2) == [b"\x00", b"\x02"]
        assert take(other, 1) == [b"\x01"]


def test_multicast_that_is_not_looped_stays_away() -> None:
    with (
        open_receiver("239.255.8.2", 0, interface="lo") as receiver,
        BatchSender(interface="lo", is_looped=False) as silent,
        BatchSender(interface="lo", is_looped=True) as heard,
    ):
        target = pack_destination("239.255.8.2", receiver.port)
        one = np.ones(1, np.int64)
        assert silent.socket.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP) == 0
        heard.send(BUFFER, one, one, target)
        assert take(receiver, 1) == [b"\x01"]


def test_pieces_of_a_run_may_be_sent_one_after_the_other() -> None:
    payloads_of = np.arange(9)
    with open_receiver("127.0.0.1", 0) as receiver, BatchSender(batch=2) as sender:
        payloads = Payloads(
            BUFFER, payloads_of, np.ones(9), pack_destination("127.0.0.1", receiver.port)
        )
        for first, last in ((0, 0), (0, 5), (5, 6), (6, 9)):
            sender.send_payloads(payloads, first, last)
        assert take(receiver, len(payloads)) == [bytes([n]) for n in range(9)]


@pytest.mark.parametrize(
    ("offsets", "lengths"),
    [
        ([-1], [1]),
        ([0], [-1]),
        ([0], [257]),
        ([256], [1]),
        ([2**62], [2**62]),
        ([2**63 - 1], [1]),
        ([0, 1], [1]),
    ],
)
def test_payload_outside_its_buffer_is_refused(offsets, lengths) -> None:
    with pytest.raises(BugError):
        Payloads(
            BUFFER,
            np.array(offsets, np.int64),
            np.array(lengths, np.int64),
            pack_destination("127.0.0.1", 9),
        )


def test_buffer_must_be_contiguous_bytes_and_destinations_must_match() -> None:
    one, target = np.zeros(1, np.int64), pack_destination("127.0.0.1", 9)
    for buffer in (BUFFER[::2], BUFFER.astype(np.int16), BUFFER.reshape(16, 16)):
        with pytest.raises(BugError, match="contiguous uint8"):
            Payloads(buffer, one, one, target)
    with pytest.raises(BugError, match="one destination"):
        Payloads(BUFFER, np.zeros(3), np.zeros(3), np.concatenate([target, target]))


def test_nothing_to_send_is_fine() -> None:
    none = np.zeros(0, np.int64)
    with BatchSender() as sender:
        assert sender.send(BUFFER, none, none, pack_destination("127.0.0.1", 9)) == 0


def test_refused_datagrams_are_counted_and_the_rest_still_sent() -> None:
    """Nobody listens on the first port: the news comes back as errors of later calls."""
    with open_receiver("127.0.0.1", 0) as gone:
        closed = gone.port
    with open_receiver("127.0.0.1", 0) as receiver, BatchSender(batch=1) as sender:
        ports = np.array([closed, receiver.port] * 20, np.uint16)
        addresses = np.full(40, 0x7F000001, np.uint32)
        lengths = np.ones(40, np.int64)
        sender.send(BUFFER, np.arange(40), lengths, pack_destinations(addresses, ports))
        assert take(receiver, 20) == [bytes([n]) for n in range(1, 40, 2)]
    # The system limits how often it sends such news, on some machines even on loopback.
    assert 1 <= sender.refused <= 20
    assert sender.retries >= 1


def test_full_socket_is_waited_for() -> None:
    """A socket with room for a packet or two takes thousands, none of them lost."""
    payload = np.zeros(1000, np.uint8)
    count = 3000
    with open_receiver("127.0.0.1", 0) as receiver, BatchSender() as sender:
        sender.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        zeros, lengths = np.zeros(count, np.int64), np.full(count, 1000)
        sender.send(payload, zeros, lengths, pack_destination("127.0.0.1", receiver.port))
        assert [len(p) for p in take(receiver, count)] == [1000] * count


def test_payload_too_long_for_udp_is_refused_after_those_before_it_went_out() -> None:
    buffer = np.zeros(70_000, np.uint8)
    lengths = np.array([10, 65_507, 65_508, 10])
    with open_receiver("127.0.0.1", 0) as receiver, BatchSender() as sender:
        target = pack_destination("127.0.0.1", receiver.port)
        with pytest.raises(ResourceError, match=r"payload 2 .*EMSGSIZE.*65507"):
            sender.send(buffer, np.zeros(4), lengths, target)
        assert [len(p) for p in take(receiver, 2)] == [10, 65_507]


@pytest.mark.parametrize("code", [errno.EMSGSIZE, errno.ENETUNREACH, errno.EPERM, errno.ENOBUFS])
def test_every_known_refusal_has_a_next_step(code: int) -> None:
    refused = batch_sender._refusal(3, code)
    assert errno.errorcode[code] in str(refused)
    assert refused.next_step


@pytest.mark.parametrize("options", [{"ttl": -1}, {"ttl": 256}, {"batch": 0}, {"batch": 1025}])
def test_options_out_of_range_are_refused(options) -> None:
    with pytest.raises(ConfigurationError):
        BatchSender(**options)


def test_options_reach_the_socket() -> None:
    with BatchSender(interface="lo", ttl=9) as sender:
        option = sender.socket.getsockopt
        assert option(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 9
        assert option(socket.IPPROTO_IP, socket.IP_TTL) == 9
    with pytest.raises(ReceiverError, match="no such network interface"):
        BatchSender(interface="no-such-nic")
    sender.close()  # twice is once
