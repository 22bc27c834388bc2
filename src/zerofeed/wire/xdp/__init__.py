"""AF_XDP: packets from the driver straight into the feed's arena, without libbpf and without C.

A small program, written here instruction by instruction, runs for each packet that an interface
receives. Packets of the feed's flows go to AF_XDP sockets, whose packet memory *is* the arena that
readers have mapped; everything else goes on to the ordinary network stack. With a driver that
supports it the card writes the payload there itself; elsewhere the kernel copies once.

::

    card ─▶ program ─┬─ a flow of the feed ─▶ RX ring ─▶ receive_queue ─▶ frame ring ─▶ readers
                     └─ anything else ─────▶ ordinary stack      │
             arena ◀── FILL ring ◀── the chunks that were retired ┘

===========================  ===================================================================
``wire.xdp.receiver``        opens all of it for an interface: the public entry point
``wire.xdp.source``          one flow as a source of a feed
``wire.xdp.flows``           which packets: address, port, sender, source
``wire.xdp.program``         the program that picks them, from ``wire.xdp.assembler``
``wire.xdp.bpf``             the bpf(2) system call; ``wire.xdp.btf`` finds functions for it
``wire.xdp.sockets``         one AF_XDP socket, its options, its truth
``wire.xdp.rings``           the memory that socket and user share, all queues in one array
``wire.xdp.layout``          words of the receive block, and who owns which chunk at the start
``wire.xdp._xdp_kernels``    receive, publish, recycle, recover
``wire.xdp.transmitter``     the other direction, with ``wire.xdp.link_addresses``
===========================  ===================================================================

Opening needs root (CAP_NET_RAW, CAP_BPF, CAP_NET_ADMIN); receiving with what was opened needs
nothing.
"""

__all__: list[str] = []
