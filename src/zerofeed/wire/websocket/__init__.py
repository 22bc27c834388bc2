"""WebSocket connections straight into the feed's arena.

A connection's bytes land in a region of the arena, from the socket or from TLS decryption. There they
are parsed, and each message becomes a frame where it lies; compressed ones are inflated into a second
region. Nothing here looks into a payload.

================================  =============================================================
``wire.websocket.receiver``       a source of a feed: its connections, one a line
``wire.websocket.endpoint``       where it connects to, what it says, how long it waits
``wire.websocket.plan``           its part of the arena
``wire.websocket.keeper``         the thread that opens, watches and renews one line
``wire.websocket.dial``           name, TCP, proxy, TLS, handshake
``wire.websocket.handshake``      the handshake and its extensions, without I/O
``wire.websocket.backoff``        how long to wait before the next attempt
``wire.websocket.link``           an open connection: decrypt, send, end
``wire.websocket.stream``         the place for one connection: words and regions
``wire.websocket.inflate``        permessage-deflate by the system's zlib
``wire.websocket.outgoing``       frames that a client sends
================================  =============================================================

Opening needs the extra ``ws``.
"""

__all__: list[str] = []
