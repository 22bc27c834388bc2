"""A crypto venue of our own: TLS WebSocket and REST in a real venue's protocol, with faults on demand.

A client of a venue connects to it as to the venue, trusts its certificate, and gets what a capture
holds or what a seeded market makes up: subscriptions, snapshots, heartbeats, limits, and on demand
everything that goes wrong on a bad day. It is public, so that strategies are tested with it.

========================  =========================================================================
:mod:`.venue`             ``MockVenue``, the handle for a test
:mod:`.venues`            the dialects by name
:mod:`.server`            sockets, TLS and the clock; nothing below this line has them
:mod:`.certificate`       the certificate of a start, and the file to trust it by
:mod:`.replay`            what is due when, from a capture or a made-up market
:mod:`.capture`           the two text forms in which captures are kept
:mod:`.market`            a small seeded market, for venues without a capture
:mod:`.greeks`            volatility and greeks of made-up options
:mod:`.book`              the book of one symbol, in the venue's own text: the truth to compare with
:mod:`.checksums`         of a book, by each venue's rule
:mod:`.dialect`           what every venue's protocol has in common; one module a venue beside it
:mod:`.connection`        one client without its socket
:mod:`.limits`            how much a client may ask
:mod:`.faults`            what goes wrong, by a seed, and the ledger of it
:mod:`.text`              JSON whose numbers keep their digits
========================  =========================================================================
"""

from zerofeed.mock.venue.venue import MockVenue

__all__ = ["MockVenue"]
