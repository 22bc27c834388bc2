"""Nasdaq TotalView-ITCH 5.0: every order of a market, one message for each change of one.

``messages`` has every message and shows it in place; ``encoder`` and ``_encode_kernels`` write
messages; ``decoder`` and the kernels make records of them. How messages travel (MoldUDP64, SoupBinTCP,
files) is :mod:`zerofeed.codecs.framing`'s.

**What becomes a record.** LAST is on the last record of a message. What the wire leaves out, because it
is the resting order's, is UNDEF (price, size) or 'N' (side): this codec keeps no orders. A book of orders can
fill it in, in place, before anybody sees the record.

=========  =====================================================================================
message    records, in this order
=========  =====================================================================================
A F        ORDER 'A': side, price, size, order_id
E          TRADE: size, trade_id; ORDER 'F': size, order_id
C          TRADE: price, size, trade_id; ORDER 'F': size, order_id
X          ORDER 'C': size cancelled, order_id
D          ORDER 'C': order_id; no size means all
U          ORDER 'C': the old order_id, without LAST; ORDER 'A': price, size, the new order_id
P          TRADE: price, size, trade_id
Q          TRADE: price, size, trade_id; none when nothing crossed
B          TRADE_BREAK: trade_id
I          IMBALANCE; INDICATIVE: near and far price
J          LIMITS: the lower and the upper collar
O          LIMITS: the same; INDICATIVE: near price, time of the auction
H          STATUS: state H, P, Q or T, and its reason
h          STATUS: state h (halted) or t (trading again), and the market as reason
S W        STATUS of the venue itself, row 0
R          INSTRUMENT, when new or changed
Y L V K N  none: see :mod:`zerofeed.codecs.itch.messages`
=========  =====================================================================================

* A C that is not to be printed is an ORDER 'F' alone: its trade comes as a Q, and would be counted twice.
* An h concerns one market: the state in the stock's row stays as it is.
* An order's 'C' and 'F' take ``size`` off it; with nothing left it is gone. A replaced order loses its place: it
  is a 'C' without LAST and the 'A' that takes its place, on the side of the order before.
* ``trade_id`` is the match number; ``side`` of a trade is the aggressor's, the other one than the resting
  order's. A P's side says nothing (Nasdaq sends 'B' for all since 2014) and is 'N', like a Q's.
* ``priority`` is UNDEF: orders at a price are in the order of their arrival.
* ``state`` and ``auction`` are the codes of Nasdaq's letters; ``state_reason`` is text in eight bytes.

**Instruments.** A stock is numbered anew each day (its locate). The row of an instrument goes by its symbol, and a
table of 65,536 words leads from locate to row. A message that names a stock nobody has told of defines it
by its symbol alone, and R completes that. One that names no symbol (E, X, D ...) and whose locate is not known
gets a row without a symbol until one is told. Prices have the exponent -4, sizes 0.

**Time.** ``ts_event_ns`` is the message's time of day and the midnight of the trading day in New York, which the
caller gives (:mod:`zerofeed.codecs.days`).

Source: Nasdaq TotalView-ITCH 5.0, as published in February 2026.
"""

__all__: list[str] = []
