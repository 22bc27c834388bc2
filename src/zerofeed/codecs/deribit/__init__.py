"""Deribit's first multicast market data: SBE messages with twelve-byte headers, numbers as doubles.

``multicast.xml`` is the schema, written for this project. A packet is a frame of eight bytes
(length, channel, packet number of that channel) and messages back to back; channel N sends its
events to 239.111.111.N port 6100, and its snapshots, as channel 100 + N, to port 6101 of the
same group.

``_encode_kernels`` and ``encoder`` write packets: compiled for the simulated venue, and from
mappings for tests and tools.
"""

__all__: list[str] = []
