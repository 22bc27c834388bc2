"""CME's market data platform, MDP 3.0: one schema of all versions, and what its messages mean.

::

    packet ──_kernels──▶ messages ─┬─ books, orders, trades, snapshots ──_book_kernels──▶ records
                                   └─ everything else ──messages (a dialect)────────────▶ records

What comes most is read by kernels that know where its fields are (:mod:`._layout`); the rest by the dialect that all
SBE venues share.
"""

__all__: list[str] = []
