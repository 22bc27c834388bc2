"""Numbers of the kernel's AF_XDP and bpf(2) interfaces; include/uapi/linux/if_xdp.h and bpf.h.

The same on x86-64 and arm64. Nothing here is a choice of ours.
"""

from __future__ import annotations

__all__: list[str] = []

# Sockets
AF_XDP = 44
SOL_XDP = 283

XDP_MMAP_OFFSETS = 1
XDP_RX_RING = 2
XDP_TX_RING = 3
XDP_UMEM_REG = 4
XDP_UMEM_FILL_RING = 5
XDP_UMEM_COMPLETION_RING = 6
XDP_STATISTICS = 7
XDP_OPTIONS = 8

XDP_SHARED_UMEM = 1
XDP_COPY = 2
XDP_ZEROCOPY = 4
XDP_USE_NEED_WAKEUP = 8
XDP_USE_SG = 16

XDP_OPTIONS_ZEROCOPY = 1
XDP_RING_NEED_WAKEUP = 1
XDP_PKT_CONTD = 1
"""Descriptor option: the packet goes on in the next descriptor."""

XDP_UMEM_REG_FORMAT = "<QQIIII"
"""Address, length, chunk size, headroom, flags, length of transmit metadata."""
SOCKADDR_XDP_FORMAT = "<HHIII"
"""Family, flags, interface, queue, descriptor of the socket whose UMEM is shared."""

PGOFF_RX = 0
PGOFF_TX = 0x80000000
PGOFF_FILL = 0x100000000
PGOFF_COMPLETION = 0x180000000

HEADROOM_BYTES = 256
"""XDP_PACKET_HEADROOM: what the kernel keeps free at the beginning of each chunk."""

SO_BUSY_POLL = 46
SO_PREFER_BUSY_POLL = 69
SO_BUSY_POLL_BUDGET = 70

# The system call bpf
BPF_MAP_CREATE = 0
BPF_MAP_UPDATE_ELEM = 2
BPF_PROG_LOAD = 5
BPF_PROG_TEST_RUN = 10
BPF_LINK_CREATE = 28

BPF_MAP_TYPE_XSKMAP = 17
BPF_PROG_TYPE_XDP = 6
BPF_XDP = 37
"""Attach type."""

BPF_F_XDP_HAS_FRAGS = 1 << 5
BPF_F_XDP_DEV_BOUND_ONLY = 1 << 6
BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1

XDP_FLAGS_SKB_MODE = 2
XDP_FLAGS_DRV_MODE = 4

XDP_ABORTED = 0
XDP_DROP = 1
XDP_PASS = 2
XDP_TX = 3
XDP_REDIRECT = 4

HELPER_REDIRECT = 23
HELPER_REDIRECT_MAP = 51
HELPER_XDP_ADJUST_META = 54
HELPER_KTIME_GET_TAI_NS = 208

# struct xdp_md
MD_DATA = 0
MD_DATA_END = 4
MD_DATA_META = 8
MD_RX_QUEUE_INDEX = 16
