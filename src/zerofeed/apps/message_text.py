"""The messages of a capture as text: one JSON object each, with all fields, whether they become records or not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.packet_views import plain
from zerofeed.runtime.protocol import Protocol

__all__ = ["write_messages"]


def write_messages(protocol: Protocol, path: Path) -> int:
    """Print every message of a capture.

    Args:
        protocol: of its packets.
        path: of the capture.

    Returns:
        0.

    Raises:
        ConfigurationError: the protocol has no typed views.
        CaptureError: not a readable capture. What came before the damage is printed.
    """
    if protocol.views is None:
        raise ConfigurationError(
            "the messages of this protocol are not shown by their fields",
            where=f"protocol {protocol.name}",
            expected="an SBE venue by packets, or sbe with a schema",
            next_step="choose another --format",
        )
    views = protocol.views()
    reader = protocol.open_file(path)
    for index in reader.chunks():
        for row in index:
            begin = int(row["offset"])
            packet = reader.data[begin : begin + int(row["length"])]
            for number, view in views.of_packet(packet):
                told = {
                    "kind": "message",
                    "name": view.name,
                    "template": view.template_id,
                    "version": view.version,
                    "number": number,
                    "ts_recv_ns": int(row["ts_ns"]),
                    "fields": plain(view.to_dict()),
                }
                sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")
    return 0
