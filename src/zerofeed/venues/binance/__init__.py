"""Binance: spot, futures margined in stable coins (USD-M) and in coins (COIN-M)."""

__all__: list[str] = []
