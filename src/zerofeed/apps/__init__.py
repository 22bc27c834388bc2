"""Where people look in: the ``zerofeed`` command, one module for each of its verbs.

``cli`` declares the verbs and their options and imports nothing else until one is called, so
that ``--help`` answers at once.
"""

__all__: list[str] = []
