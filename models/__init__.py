"""Models of the shared-memory protocols, explored exhaustively under weak memory.

The `.pml` files are for Spin; the Python modules of the same names are for the explorer in
`models.explorer`, which needs nothing but Python. See `models/README.md`.
"""

__all__: list[str] = []
