"""The word tables are those of glibc on 64-bit Linux."""

import ctypes
import socket

import pytest

from zerofeed.wire import socket_abi as abi


def test_sizes_are_those_of_the_c_structures() -> None:
    sizes = [
        ctypes.sizeof(kind)
        for kind in (
            abi.MsgHdr,
            abi.MmsgHdr,
            abi.IoVec,
            abi.CmsgHdr,
            abi.Timespec,
            abi.SockaddrIn,
        )
    ]
    assert sizes == [56, 64, 16, 16, 16, 16]


def test_words_are_where_the_table_says() -> None:
    words = [
        abi.HDR_NAME,
        abi.HDR_NAME_BYTES,
        abi.HDR_IOV,
        abi.HDR_IOV_COUNT,
        abi.HDR_CONTROL,
        abi.HDR_CONTROL_BYTES,
        abi.HDR_FLAGS,
        abi.HDR_LENGTH,
        abi.HDR_WORDS,
    ]
    assert words == list(range(9))
    assert (abi.IOV_BASE, abi.IOV_LENGTH, abi.IOV_WORDS) == (0, 1, 2)
    assert (abi.CMSG_LENGTH, abi.CMSG_LEVEL_TYPE, abi.CMSG_DATA) == (0, 1, 2)
    assert abi.SOCKADDR_WORDS == 2


def test_length_and_flags_start_their_words() -> None:
    assert abi.MsgHdr.msg_flags.offset == 8 * abi.HDR_FLAGS
    assert abi.MmsgHdr.msg_len.offset == 8 * abi.HDR_LENGTH


@pytest.mark.parametrize("name", ["MSG_TRUNC", "MSG_DONTWAIT", "MSG_NOSIGNAL"])
def test_flags_are_the_system_s(name: str) -> None:
    assert getattr(abi, name) == getattr(socket, name)
