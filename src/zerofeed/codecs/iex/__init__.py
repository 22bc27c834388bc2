"""IEX's TOPS and DEEP over IEX-TP: quotes, price levels, trades and the states of securities.

A packet is one segment: a header of forty bytes with the number of its first message, and messages, each
behind its length. TOPS (versions 1.5 and 1.6) tells best bids and offers, DEEP (1.0) every displayed price
level. Prices are integers of 0.0001 dollars, times nanoseconds since 1970, sizes shares.

``messages`` has every message and shows it in place; ``encoder`` writes packets; ``_kernels`` make
records of them.
"""

__all__: list[str] = []
