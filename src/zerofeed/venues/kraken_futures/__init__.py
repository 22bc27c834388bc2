"""Kraken Futures: perpetuals and dated futures."""

__all__: list[str] = []
