"""A feed: typed views over shared objects, one writer, any number of readers.

The data path through this package: :mod:`memory` makes the shared objects, :mod:`publisher`
writes them, :mod:`admission` lets a process in, :mod:`attach` maps them there,
:mod:`reader` reads them.
"""

__all__: list[str] = []
