"""Cboe's multicast PITCH for US equities and options: every displayed order, trades, auctions.

A packet is one sequenced unit: a header of eight bytes with the number of its first message, and messages
that begin with their own length and type. Times are a Time message each second and nanoseconds since it in
every other message; prices are integers of 0.0001 dollars, or 0.01 in the short forms.

``messages`` has every message, those of the gap request and spin servers included, and shows it in
place; ``encoder`` writes units; ``_kernels`` make records of them.
"""

__all__: list[str] = []
