"""Deribit's Starbase: its schema, and what its messages mean."""
