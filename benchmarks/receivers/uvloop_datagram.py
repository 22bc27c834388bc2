"""The same protocol on uvloop."""

from __future__ import annotations

import uvloop

from benchmarks.receivers._asyncio import DatagramReceiver

__all__ = ["RECEIVER"]

RECEIVER = DatagramReceiver("uvloop, DatagramProtocol", uvloop.new_event_loop)
