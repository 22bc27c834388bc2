"""BitMEX: perpetuals, futures, spot."""

__all__: list[str] = []
