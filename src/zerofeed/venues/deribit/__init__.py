"""Deribit by JSON-RPC over WebSocket: options, futures, perpetuals, spot."""

__all__: list[str] = []
