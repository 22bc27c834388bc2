"""What the bytes mean: record layouts, kinds, flags, units and instruments.

Imports nothing but ``base``: a recording can be read without shared memory or a feed.
"""

__all__: list[str] = []
