"""Kraken: spot, by WebSocket version 2, and version 1 for captures."""

__all__: list[str] = []
