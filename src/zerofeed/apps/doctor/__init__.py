"""``zerofeed doctor``: what this machine can do for market data, and what would make it faster.

``facts``, ``findings``
    what is known, and what is said about it: plain values.
``system_files``, ``gather_machine``, ``gather_card``, ``netlink``
    look at the machine. They read ``/proc``, ``/sys`` and netlink and change nothing.
``checks_kernel``, ``checks_card``, ``checks_queues``, ``checks_sockets``, ``checks_cores``,
``checks_memory``, ``checks_process``
    pure functions, one for each finding, from facts to a finding.
``report``
    the command: gathers, judges, draws.
"""

__all__: list[str] = []
