"""Which packets are missing: sequence numbers, gaps, resets.

Touches no socket and reads no clock.
"""

__all__: list[str] = []
