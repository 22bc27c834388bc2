"""Runs the compiled decoder and turns its records into the oracle's rows."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import dpkt
import numpy as np

from tests.unit.codecs.deribit.naive import Row
from zerofeed.codecs.deribit.decoder import DeribitMulticastDecoder

EXAMPLES = int(os.environ.get("ZEROFEED_EXAMPLES", "25"))
"""Examples of the costly properties: few, so that they are quick; raise it to look further."""


def rows_of(records: Any) -> list[Row]:
    """Read records as rows of the oracle."""
    words = np.ascontiguousarray(records).view(np.int64).reshape(-1, 8)
    return [
        Row(
            int(record["ts_event_ns"]),
            int(record["ts_recv_ns"]),
            int(record["instrument"]),
            int(record["kind"]),
            chr(record["side"]),
            chr(record["action"]),
            int(record["flags"]),
            tuple(body),
        )
        for record, body in zip(records, words[:, 4:].tolist(), strict=True)
    ]


def decode(decoder: DeribitMulticastDecoder, data: bytes, ts_recv_ns: int = 5) -> list[Row]:
    """Decode one packet to rows."""
    return rows_of(decoder.decode(data, 0, len(data), ts_recv_ns))


def capture_packets(path: Path, most: int = 2000) -> list[tuple[int, bytes]]:
    """Read arrival (ns) and payload of the first UDP packets of a pcapng file."""
    packets = []
    with path.open("rb") as file:
        for seconds, frame in itertools.islice(dpkt.pcapng.Reader(file), most):
            datagram = dpkt.ethernet.Ethernet(frame).data.data
            packets.append((int(seconds * 10**9), bytes(datagram.data)))
    return packets
