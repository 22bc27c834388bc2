"""Crypto venues: what their messages mean, and how one subscribes to them; one folder each."""

__all__: list[str] = []
