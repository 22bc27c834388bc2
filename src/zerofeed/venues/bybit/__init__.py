"""Bybit, interface v5: spot, linear, inverse, options."""

__all__: list[str] = []
