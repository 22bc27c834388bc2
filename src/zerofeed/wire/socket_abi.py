"""The memory shapes that the kernel's batch socket calls read and write, in int64 words.

``recvmmsg`` and ``sendmmsg`` take an array of ``mmsghdr``, each pointing at an ``iovec`` and,
for receiving, at a buffer of control messages. Kernels keep all of it in plain int64 arrays;
the word numbers here are computed from ctypes twins of the C structures, so that a platform
with another layout fails at import instead of corrupting memory. x86-64 and arm64 with glibc
share this layout (64-bit longs and pointers, little-endian).

``mmsghdr``, 8 words:

====  ===================  ================================================================
word  name                 meaning
====  ===================  ================================================================
0     HDR_NAME             address of a sockaddr, or 0
1     HDR_NAME_BYTES       its size (u32, the upper half is padding)
2     HDR_IOV              address of the iovec
3     HDR_IOV_COUNT        always 1 here
4     HDR_CONTROL          address of the control buffer, or 0
5     HDR_CONTROL_BYTES    in: room; out: bytes written
6     HDR_FLAGS            out: MSG_TRUNC and friends (i32)
7     HDR_LENGTH           out: bytes of the datagram (u32, the upper half is padding)
====  ===================  ================================================================
"""

from __future__ import annotations

import ctypes
import sys

__all__ = [
    "CMSG_DATA",
    "CMSG_DROPS",
    "CMSG_LENGTH",
    "CMSG_LEVEL_TYPE",
    "CMSG_TIMESTAMP",
    "HDR_CONTROL",
    "HDR_CONTROL_BYTES",
    "HDR_FLAGS",
    "HDR_IOV",
    "HDR_IOV_COUNT",
    "HDR_LENGTH",
    "HDR_NAME",
    "HDR_NAME_BYTES",
    "HDR_WORDS",
    "IOV_BASE",
    "IOV_LENGTH",
    "IOV_WORDS",
    "MSG_DONTWAIT",
    "MSG_NOSIGNAL",
    "MSG_TRUNC",
    "SOCKADDR_BYTES",
    "SOCKADDR_WORDS",
    "CmsgHdr",
    "IoVec",
    "MmsgHdr",
    "MsgHdr",
    "SockaddrIn",
    "Timespec",
]


class IoVec(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("iov_base", ctypes.c_void_p), ("iov_len", ctypes.c_size_t))


class MsgHdr(ctypes.Structure):
    """``struct msghdr`` of glibc."""

    _fields_ = (
        ("msg_name", ctypes.c_void_p),
        ("msg_namelen", ctypes.c_uint32),
        ("msg_iov", ctypes.c_void_p),
        ("msg_iovlen", ctypes.c_size_t),
        ("msg_control", ctypes.c_void_p),
        ("msg_controllen", ctypes.c_size_t),
        ("msg_flags", ctypes.c_int),
    )


class MmsgHdr(ctypes.Structure):
    """``struct mmsghdr``: one message of a batch and its length."""

    _fields_ = (("msg_hdr", MsgHdr), ("msg_len", ctypes.c_uint32))


class CmsgHdr(ctypes.Structure):
    """``struct cmsghdr``; its data follows, aligned to a word."""

    _fields_ = (
        ("cmsg_len", ctypes.c_size_t),
        ("cmsg_level", ctypes.c_int),
        ("cmsg_type", ctypes.c_int),
    )


class Timespec(ctypes.Structure):
    """``struct timespec``."""

    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class SockaddrIn(ctypes.Structure):
    """``struct sockaddr_in``; port and address in network order."""

    _fields_ = (
        ("sin_family", ctypes.c_uint16),
        ("sin_port", ctypes.c_uint16),
        ("sin_addr", ctypes.c_uint32),
        ("sin_zero", ctypes.c_uint8 * 8),
    )


def _word(offset: int) -> int:
    """Turn a byte offset into a word number."""
    word, rest = divmod(offset, 8)
    if rest or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        msg = "zerofeed.wire needs a 64-bit little-endian Linux (x86-64 or arm64)"
        raise ImportError(msg)
    return word


HDR_NAME = _word(MsgHdr.msg_name.offset)
HDR_NAME_BYTES = _word(MsgHdr.msg_namelen.offset)
HDR_IOV = _word(MsgHdr.msg_iov.offset)
HDR_IOV_COUNT = _word(MsgHdr.msg_iovlen.offset)
HDR_CONTROL = _word(MsgHdr.msg_control.offset)
HDR_CONTROL_BYTES = _word(MsgHdr.msg_controllen.offset)
HDR_FLAGS = _word(MsgHdr.msg_flags.offset)
HDR_LENGTH = _word(MmsgHdr.msg_len.offset)
HDR_WORDS = _word(ctypes.sizeof(MmsgHdr))

IOV_BASE = _word(IoVec.iov_base.offset)
IOV_LENGTH = _word(IoVec.iov_len.offset)
IOV_WORDS = _word(ctypes.sizeof(IoVec))

CMSG_LENGTH = _word(CmsgHdr.cmsg_len.offset)
CMSG_LEVEL_TYPE = _word(CmsgHdr.cmsg_level.offset)
"""Level in the lower half, type in the upper half."""
CMSG_DATA = _word(ctypes.sizeof(CmsgHdr))
CMSG_TIMESTAMP = 1 | 35 << 32
"""SOL_SOCKET, SCM_TIMESTAMPNS: a timespec follows."""
CMSG_DROPS = 1 | 40 << 32
"""SOL_SOCKET, SO_RXQ_OVFL: a u32 follows."""

SOCKADDR_BYTES = ctypes.sizeof(SockaddrIn)
SOCKADDR_WORDS = _word(SOCKADDR_BYTES)

MSG_TRUNC = 0x20
MSG_DONTWAIT = 0x40
MSG_NOSIGNAL = 0x4000
