"""Books of single orders: price-time queues for many instruments in bounded memory.

``layout``          where everything is in memory, and what each word means
``_log_kernels``    what a step has changed, so that it can be undone
``_table_kernels``  order number to order, by open addressing
``_index_kernels``  price to level, by a tree a side
``_change_kernels`` one order enters, shrinks, moves or leaves
``_record_kernels`` what an order record does to the books, and they to it
``_ahead_kernels``  asks for the cache lines of changes that come later
``_kernels``        entry points
``_rows_kernels``   what others see: best bids and offers, and the published table

:class:`~zerofeed.books.l3.L3Books` is the same for ordinary Python.
"""

__all__: list[str] = []
