"""One row per UDP packet of a capture: where its payload lies and what its headers said.

Layout, little-endian, 40 bytes:

======  ====  ===========  ====  ==========================================================
offset  size  field        unit  meaning
======  ====  ===========  ====  ==========================================================
0       8     ts_ns        ns    since the Unix epoch; UNDEF when the file has no time
8       8     offset       byte  of the payload in the capture's bytes
16      4     length       byte  of the payload that is stored
20      4     orig_length  byte  of the payload that was on the wire
24      4     src_ip             IPv4 as a number (a<<24|b<<16|c<<8|d); IPv6: last 4 bytes
28      4     dst_ip             the same
32      2     src_port
34      2     dst_port
36      2     flags              PACKET_CUT 1, PACKET_IPV6 2, PACKET_VLAN 4, PACKET_UNTIMED 8
38      2     (none)             zero
======  ====  ===========  ====  ==========================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.base.kernel import record_array
from zerofeed.wire._frame_kernels import FLAG_CUT, FLAG_IPV6, FLAG_UNTIMED, FLAG_VLAN

__all__ = [
    "INDEX_DTYPE",
    "INDEX_RECORDS",
    "PACKET_CUT",
    "PACKET_IPV6",
    "PACKET_UNTIMED",
    "PACKET_VLAN",
]

PACKET_CUT = FLAG_CUT
"""The capture stored less of the payload than was sent."""
PACKET_IPV6 = FLAG_IPV6
"""The packet was IPv6; the address fields hold the last four bytes of each address."""
PACKET_VLAN = FLAG_VLAN
"""The frame had at least one VLAN tag."""
PACKET_UNTIMED = FLAG_UNTIMED
"""The file holds no time for this packet, or one outside int64 nanoseconds."""

INDEX_DTYPE: np.dtype[Any] = np.dtype(
    {
        "names": [
            "ts_ns",
            "offset",
            "length",
            "orig_length",
            "src_ip",
            "dst_ip",
            "src_port",
            "dst_port",
            "flags",
        ],
        "formats": ["<i8", "<i8", "<u4", "<u4", "<u4", "<u4", "<u2", "<u2", "<u2"],
        "offsets": [0, 8, 16, 20, 24, 28, 32, 34, 36],
        "itemsize": 40,
    }
)
"""NumPy dtype of one row."""

INDEX_RECORDS = record_array(INDEX_DTYPE)
"""Numba type of a writable index."""
