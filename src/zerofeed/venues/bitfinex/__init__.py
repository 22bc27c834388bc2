"""Bitfinex, interface v2: spot and perpetuals."""

__all__: list[str] = []
