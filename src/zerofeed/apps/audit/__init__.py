"""``zerofeed audit``: how often bytes are copied between the wire and each reader, and how that is known.

The feed and its readers *state* their copies. Four sorts of evidence are set against the statements,
none of which comes from whoever made them, so each can contradict:

===========  ======================================================  ================================
evidence     looks at                                                is gathered by
===========  ======================================================  ================================
pointers     where the data of this process's own batches lies       :mod:`.gather_own`
maps         how every process maps the feed's memory                :mod:`.gather_process`
memory       whether private memory grows with what is read          :mod:`.gather_process`
probes       calls of the kernel's copying functions                 :mod:`.gather_probes`
===========  ======================================================  ================================

Gathering writes down facts (:mod:`.facts`) and judges nothing; :mod:`.judge` is pure. What could not be
found out is said as such, never guessed.
"""

__all__: list[str] = []
