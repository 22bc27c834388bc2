"""Bybit version 5: spot, linear, inverse and options."""

__all__: list[str] = []
