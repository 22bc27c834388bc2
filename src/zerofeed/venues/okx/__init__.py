"""OKX, interface v5: spot, perpetuals, futures, options."""

__all__: list[str] = []
