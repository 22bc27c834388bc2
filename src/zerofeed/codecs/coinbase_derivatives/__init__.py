"""Coinbase Derivatives' market data: its schema, and what its messages mean."""
