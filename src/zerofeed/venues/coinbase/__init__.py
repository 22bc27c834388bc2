"""Coinbase Exchange: spot."""

__all__: list[str] = []
