"""Deribit by JSON-RPC."""
