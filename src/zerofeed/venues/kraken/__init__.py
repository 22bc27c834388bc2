"""Kraken spot, WebSocket interface v2."""

__all__: list[str] = []
