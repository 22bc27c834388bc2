"""What is known of each crypto venue besides the shape of its messages.

Where its streams are and how one subscribes to them, what it allows and how often, where a snapshot
of a book comes from, how its instruments are listed and what their symbols tell. All of it is data
and pure functions: nothing here opens a connection, reads a clock or waits::

    binance:BTCUSDT:trades,book ──catalogue──▶ Selection ──Service.subscribe──▶ Connection: URL, texts
                                                   Service.snapshot_request ──▶ Snapshot:   URL, frame
    answer of the venue's REST interface ────────▶ Service.parse_instruments ─▶ InstrumentDefinition

A venue is a folder with one :class:`~zerofeed.venues.service.Service` for each of its services.
"""

__all__: list[str] = []
