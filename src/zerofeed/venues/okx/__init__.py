"""OKX: spot, swaps, futures and options."""

__all__: list[str] = []
