"""What every layer stands on: status codes, errors, compiled kernels and the clock.

Nothing here knows about markets, files or sockets.
"""

__all__: list[str] = []
