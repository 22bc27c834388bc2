"""Binance: spot, USD-M and COIN-M futures."""

__all__: list[str] = []
