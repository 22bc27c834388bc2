"""A whole feed that receives by UDP."""

from __future__ import annotations

from benchmarks.receivers._feeds import FeedReceiver

__all__ = ["RECEIVER"]

RECEIVER = FeedReceiver("udp")
