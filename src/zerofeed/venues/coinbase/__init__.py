"""Coinbase Exchange: spot."""
