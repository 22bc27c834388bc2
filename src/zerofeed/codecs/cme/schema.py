"""The schema of MDP 3.0: every message of versions 5 to 13 in one.

Templates got new numbers when their prices got nine decimals (version 9), and nothing but fields and groups at the end
was added otherwise, each with the version that has it. So one schema reads them all.

Source: CME Group Client Systems Wiki, "MDP 3.0 - Message Schema", templates FixBinary versions 5, 8, 9 and 13.
"""

from __future__ import annotations

from zerofeed.codecs.cme._definitions import DEFINITIONS
from zerofeed.codecs.cme._market import FORMER, MARKET
from zerofeed.codecs.cme._types import TYPES
from zerofeed.codecs.sbe.notation import parse_notation

__all__ = ["SCHEMA"]

SCHEMA = parse_notation(TYPES + MARKET + DEFINITIONS + FORMER, source="cme-mdp3")
"""Schema 1, version 13; the header begins with the message's size."""
