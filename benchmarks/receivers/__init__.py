"""Who receives. Each file has one receiver in one use, all with the same interface."""

from __future__ import annotations

from benchmarks.roster import Roster
from benchmarks.wire_contest import Receiver

__all__ = ["RECEIVERS"]

RECEIVERS: Roster[Receiver] = Roster(__name__, __path__, "RECEIVER")
