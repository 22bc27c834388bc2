"""Order books: price levels kept from records, proven or openly in doubt.

``layout``  where everything is in the shared memory of the books, and why a book is in doubt
``rows``    the published table: the top levels of each book, one seqlock a row
``l2``      :class:`~zerofeed.books.l2.L2Books`, the same kernels for tests and offline use

A book neither parses messages nor fetches what was lost. It checks that what it is given is a
whole story, applies it, and says of every best bid and offer whether it can be relied on.
"""

__all__: list[str] = []
