"""OKX: spot, swaps, futures and options."""
