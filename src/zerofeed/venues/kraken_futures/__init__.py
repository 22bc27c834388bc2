"""Kraken Futures."""

__all__: list[str] = []
