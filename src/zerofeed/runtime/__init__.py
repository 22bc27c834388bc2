"""Where things are wired together: configuration, stages, worker, supervisor.

Nothing below this package knows that the other parts exist; nothing in it does arithmetic on
prices.
"""

__all__: list[str] = []
