"""The words of a stream: what the compiled loop, Python and a successor know of one connection.

A *stream* is a place for one connection of a WebSocket source. Its words are in the feed's private
memory, so they outlive the worker; the connection does not. int64 words:

======  ===============  ==================================================================
word    name             meaning
======  ===============  ==================================================================
0       MODE             CLOSED, PLAIN, TLS, or INBOX for what this process publishes itself
1       EVENTS           what Python has to deal with, a sum of the ``HAS_`` bits
2       CODE             with HAS_FAILED: the close code (RFC 6455, 7.4.1) to send
3       ERROR            with HAS_ENDED: errno of the receive call, 0 when the peer closed
4       FLAGS            frame flags of each message: the stream's number
5       LONGEST          bytes that a message may have
6       IS_LOSSY         1: a frame that says that something may be lost is due
7       ARRIVAL_NS       Unix ns at which the kernel got what was read last; 0: not known
8       READ_NS          monotonic ns of the latest read that brought something
9       MESSAGES         messages published of this connection
16      PARSED           where in the region the next WebSocket frame begins
17      END              where the bytes end that were read
18      NEEDED           bytes of the frame at PARSED, where its header says so; 0 otherwise
19      OPCODE           of the unfinished message: 1 text, 2 binary; 0 there is none
20      MESSAGE_AT       where its payload begins
21      MESSAGE_BYTES    payload bytes that are there, without gaps
22      IS_COMPRESSED    1: it has to be inflated
23      IS_COMPLETE      1: all of it is there, and it is not published yet
24      CONTROL_AT       where the payload of the latest control frame begins
25      CONTROL_BYTES    its bytes
32      DEFLATE          1: permessage-deflate was agreed
33      KEEPS_CONTEXT    1: each message goes on with the window of the one before
34      INFLATE          address of zlib's ``inflate`` in this process
35      INFLATE_RESET    address of zlib's ``inflateReset``
36      TAIL             bytes 00 00 FF FF, which end each compressed message (RFC 7692, 7.2.2)
40      Z_STREAM         zlib's ``z_stream``, 14 words
56      MSGHDR           ``mmsghdr``, 8 words; then ``iovec``, 2; then a control buffer, 8
80      REGION           where the connection's bytes lie: a region, below
160     INFLATED         where inflated messages lie: another
======  ===============  ==================================================================

A region is a part of the arena that is written round and round:

======  ===============  ==================================================================
word    name             meaning
======  ===============  ==================================================================
0       R_AT             byte of the arena at which it begins
1       R_BYTES          its size
2       R_SEGMENT        bytes of a segment: an even part of it
3       R_OPEN           bytes below may be written: no frame that is kept lies behind END
4       R_WRITTEN        of INFLATED: where the next message goes
8       R_LAST[64]       by segment: 1 more than the latest frame that lies in it; 0: none does
======  ===============  ==================================================================
"""

from __future__ import annotations

from zerofeed.wire.socket_abi import HDR_WORDS, IOV_WORDS

__all__ = [
    "ARRIVAL_NS",
    "CLOSED",
    "CODE",
    "CONTROL_AT",
    "CONTROL_BYTES",
    "DEFLATE",
    "END",
    "ERROR",
    "EVENTS",
    "FLAGS",
    "HAS_CLOSE",
    "HAS_ENDED",
    "HAS_FAILED",
    "HAS_INPUT",
    "HAS_PING",
    "INBOX",
    "INFLATE",
    "INFLATED",
    "INFLATE_RESET",
    "IS_COMPLETE",
    "IS_COMPRESSED",
    "IS_LOSSY",
    "KEEPS_CONTEXT",
    "LEAST_REGIONS",
    "LONGEST",
    "MESSAGES",
    "MESSAGE_AT",
    "MESSAGE_BYTES",
    "MODE",
    "MSGHDR",
    "MSGHDR_CONTROL",
    "MSGHDR_CONTROL_WORDS",
    "MSGHDR_IOVEC",
    "NEEDED",
    "OPCODE",
    "PARSED",
    "PLAIN",
    "READ_NS",
    "REGION",
    "R_AT",
    "R_BYTES",
    "R_LAST",
    "R_OPEN",
    "R_SEGMENT",
    "R_WRITTEN",
    "SEGMENTS",
    "STREAM_WORDS",
    "TAIL",
    "TLS",
    "Z_STREAM",
]

MODE = 0
EVENTS = 1
CODE = 2
ERROR = 3
FLAGS = 4
LONGEST = 5
IS_LOSSY = 6
ARRIVAL_NS = 7
READ_NS = 8
MESSAGES = 9
PARSED = 16
END = 17
NEEDED = 18
OPCODE = 19
MESSAGE_AT = 20
MESSAGE_BYTES = 21
IS_COMPRESSED = 22
IS_COMPLETE = 23
CONTROL_AT = 24
CONTROL_BYTES = 25
DEFLATE = 32
KEEPS_CONTEXT = 33
INFLATE = 34
INFLATE_RESET = 35
TAIL = 36
Z_STREAM = 40
MSGHDR = 56
MSGHDR_IOVEC = MSGHDR + HDR_WORDS
MSGHDR_CONTROL = MSGHDR_IOVEC + IOV_WORDS
MSGHDR_CONTROL_WORDS = 8
REGION = 80
INFLATED = 160
STREAM_WORDS = 240

CLOSED = 0
"""Mode: no connection."""
PLAIN = 1
"""Mode: the compiled loop reads the socket."""
TLS = 2
"""Mode: Python reads and decrypts, the compiled loop parses."""
INBOX = 3
"""Mode: no connection, but whole messages of this process's own, and an eventfd."""

HAS_INPUT = 1
"""Event: the descriptor can be read, and only Python can do it."""
HAS_PING = 2
"""Event: a ping, its payload at CONTROL_AT. Nothing is parsed until it is dealt with."""
HAS_CLOSE = 4
"""Event: the peer's close frame, its payload at CONTROL_AT. Nothing is parsed any more."""
HAS_FAILED = 8
"""Event: the peer broke the protocol; CODE says how. Nothing is parsed any more."""
HAS_ENDED = 16
"""Event: the byte stream has ended, or its socket failed with ERROR."""

R_AT = 0
R_BYTES = 1
R_SEGMENT = 2
R_OPEN = 3
R_WRITTEN = 4
R_LAST = 8
SEGMENTS = 64
LEAST_REGIONS = 4
"""How many of the longest messages a region holds at least."""
