"""asyncio's own event loop."""

from __future__ import annotations

import asyncio

from benchmarks.receivers._asyncio import DatagramReceiver

__all__ = ["RECEIVER"]

RECEIVER = DatagramReceiver("asyncio, DatagramProtocol", asyncio.new_event_loop)
