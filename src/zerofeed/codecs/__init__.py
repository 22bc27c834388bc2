"""Bytes of a venue's format into numbers: SBE, ITCH, IEX, PITCH, venue JSON.

A codec is given a buffer and an offset and says what is there. It opens nothing, reads no
clock and keeps no state between packets; framing, gaps and recovery belong to others.
"""

__all__: list[str] = []
