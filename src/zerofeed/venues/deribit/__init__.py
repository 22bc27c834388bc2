"""Deribit by JSON-RPC."""

__all__: list[str] = []
