"""Deribit's Starbase: its schema, and what its messages mean."""

__all__: list[str] = []
