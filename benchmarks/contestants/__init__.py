"""Who takes part. Each file has one contestant in one use, all with the same interface."""

from __future__ import annotations

from benchmarks.contest import Contestant
from benchmarks.roster import Roster

__all__ = ["CONTESTANTS"]

CONTESTANTS: Roster[Contestant] = Roster(__name__, __path__, "CONTESTANT")
