"""Bytes from outside into frames: capture files, UDP sockets and the sender that replays them.

Payloads stay where they arrived (the mapped file, the arena of frames); what this package
hands on is where each one lies and when it came. Nothing here looks inside a payload.

========================  ==================================================================
``wire.pcap``             pcap and pcapng files, read in place
``wire.pcap_write``       the same formats, written
``wire.udp``              unicast and multicast sockets, received straight into an arena
``wire.capture_source``   a capture file as a feed's own source
``wire.receiver``         what every kind of receiver offers to the feed that runs it
``wire.receive_block``    the memory that ``recvmmsg`` needs, in a form that outlives a crash
``wire.sender``           paced replay of a capture to UDP (``wire.batch_sender`` does the sending)
``wire.xdp``              AF_XDP: past the network stack, both ways
``wire.websocket``        WebSocket connections, decrypted and inflated into an arena
========================  ==================================================================
"""

__all__: list[str] = []
