"""SoupBinTCP's packets are cut out of a stream wherever a read ended; a login says the session and the number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.base.status import MALFORMED, OK
from zerofeed.codecs.framing import _soup_kernels as k
from zerofeed.codecs.framing.soup import (
    Login,
    SoupPacket,
    encode_login,
    encode_login_accepted,
    encode_packet,
    read_login_accepted,
    read_packets,
)

__all__: list[str] = []


def login_of(payload: bytes) -> tuple[int, list[int]]:
    words = np.zeros(k.LOGIN_WORDS, np.int64)
    data = np.frombuffer(b"?" + payload + b"9", np.uint8)
    return k.read_login(data, 1, len(payload), words), words.tolist()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from("SUHZ+AJ"), st.binary(max_size=9)), max_size=8), st.data()
)
def test_a_stream_gives_its_packets_however_it_is_read(packets, data) -> None:
    stream = b"".join(encode_packet(kind, payload) for kind, payload in packets)
    cut = data.draw(st.integers(0, len(stream)))
    first, rest = read_packets(stream[:cut])
    second, end = read_packets(stream, rest)
    found = [
        (each.type, stream[each.offset : each.offset + each.length]) for each in first + second
    ]
    assert (found, end) == (packets, len(stream))


def test_a_packet_without_a_type_is_none_that_is_known() -> None:
    assert read_packets(b"\0\0" + encode_packet("H")) == (
        [SoupPacket("", 2, 0), SoupPacket("H", 5, 0)], 5,
    )  # fmt: skip


@settings(max_examples=25)
@given(st.text("ABC123", max_size=10), st.integers(0, 2**62 // 10))
def test_kernel_and_twin_read_a_logins_answer(session: str, seq: int) -> None:
    stream = encode_login_accepted(session, seq)
    (packet,), _ = read_packets(stream)
    payload = stream[packet.offset :]
    assert packet.type == "A"
    assert read_login_accepted(payload) == Login(session, seq)
    status, words = login_of(payload)
    assert (status, words[k.SEQ]) == (OK, seq)
    assert words[k.SESSION] > 0


@settings(max_examples=25)
@given(st.binary(min_size=30, max_size=30) | st.text("0123456789 ", min_size=30, max_size=30))
def test_any_payload_is_read_alike(payload: bytes | str) -> None:
    data = payload.encode() if isinstance(payload, str) else payload
    ours, (status, words) = read_login_accepted(data), login_of(data)
    if ours is None or ours.seq > 2**62 // 10 * 10:
        assert status == MALFORMED
    else:
        assert (status, words[k.SEQ]) == (OK, ours.seq)


@pytest.mark.parametrize("number", [b"", b"1 2", b"12x", b"-1", b"9" * 20])
def test_a_number_that_is_none_is_malformed(number: bytes) -> None:
    payload = b"S".rjust(10) + number.rjust(20)
    assert login_of(payload)[0] == MALFORMED
    assert read_login_accepted(payload) is None


def test_a_number_may_be_padded_on_either_side() -> None:
    for number in (b"12".ljust(20), b"12".rjust(20), b" 12".ljust(20)):
        status, words = login_of(b"S".ljust(10) + number)
        assert (status, words[k.SEQ]) == (OK, 12)


def test_an_answer_that_is_too_short_is_malformed() -> None:
    assert login_of(b"S".rjust(10) + b"1".rjust(19))[0] == MALFORMED


def test_a_login_is_as_the_specification_has_it() -> None:
    assert encode_login("USER", "SECRET", session="S1", seq=5) == (
        b"\x00\x2fL" + b"USER  " + b"SECRET    " + b"        S1" + b"5".rjust(20)
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda: encode_login("TOO-LONG", "x"),
        lambda: encode_login_accepted("x" * 11, 1),
        lambda: encode_packet("SS"),
        lambda: encode_packet("é"),
        lambda: encode_packet("S", bytes(65_535)),
    ],
)
def test_what_does_not_fit_is_refused(write) -> None:
    with pytest.raises(ConfigurationError):
        write()


def test_types_are_the_letters_of_the_specification() -> None:
    letters = [
        k.SEQUENCED, k.UNSEQUENCED, k.LOGIN_ACCEPTED, k.LOGIN_REJECTED, k.HEARTBEAT,
        k.END_OF_SESSION, k.DEBUG, k.LOGIN_REQUEST, k.CLIENT_HEARTBEAT, k.LOGOUT_REQUEST,
    ]  # fmt: skip
    assert bytes(letters) == b"SUAJHZ+LRO"
