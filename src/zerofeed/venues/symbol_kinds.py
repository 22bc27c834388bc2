"""What sort of instrument a symbol names, told from the symbol alone.

Market data may come before the venue's list of instruments, or without it from a capture. Venues
spell the sort into the symbol (``BTC-USDT-SWAP``, ``BTC-27DEC24-100000-C``), so a few rules are
enough. A message's own rules, in the dialect, are coarser: they know no digits.

**A rule** fits when the symbol begins with ``prefix``, ends with ``suffix`` and has ``dashes`` times
the byte ``-``. In prefix and suffix the byte ``#`` stands for one decimal digit, every other byte for
itself. A symbol shorter than prefix or suffix does not fit; the two may overlap. The first rule that
fits wins. Without one the kind is unknown.

The kind is the symbol's, not the message's: where a venue calls an index by the name of a pair (OKX,
Deribit), its channel has to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zerofeed.base.errors import BugError
from zerofeed.records.instruments import INSTRUMENT_TYPES, UNKNOWN_INSTRUMENT

__all__ = ["AFFIX_BYTES", "ANY_DIGIT", "SymbolRule", "kind_of_symbol"]

ANY_DIGIT = ord("#")
"""In a prefix or suffix: one byte of 0 to 9."""
AFFIX_BYTES = 8
"""The longest prefix or suffix: one word of a compiled table."""


@dataclass(frozen=True, slots=True)
class SymbolRule:
    """One rule.

    Attributes:
        prefix: how the symbol begins, 0 to 8 bytes.
        suffix: how it ends, 0 to 8 bytes.
        dashes: how many bytes ``-`` are in it; None for any number.
        kind: code of :mod:`zerofeed.records.instruments`.

    Raises:
        BugError: an affix is too long, or the kind does not exist.
    """

    prefix: bytes
    suffix: bytes
    dashes: int | None
    kind: int

    def __post_init__(self) -> None:
        for affix in (self.prefix, self.suffix):
            if len(affix) > AFFIX_BYTES:
                raise BugError("too long", expected=f"{AFFIX_BYTES} bytes at most", got=repr(affix))
        if self.kind not in INSTRUMENT_TYPES:
            raise BugError("no such kind of instrument", got=self.kind)

    def fits(self, symbol: bytes) -> bool:
        """Say whether the rule fits a symbol."""
        return (
            len(symbol) >= max(len(self.prefix), len(self.suffix))
            and _matches(self.prefix, symbol[: len(self.prefix)])
            and _matches(self.suffix, symbol[len(symbol) - len(self.suffix) :])
            and (self.dashes is None or symbol.count(b"-") == self.dashes)
        )


def kind_of_symbol(rules: Sequence[SymbolRule], symbol: str) -> int:
    """Find the sort of instrument that a symbol names.

    Args:
        rules: a venue's, most particular first.
        symbol: as the venue's messages spell it.

    Returns:
        The kind of the first rule that fits; UNKNOWN_INSTRUMENT without one.
    """
    text = symbol.encode()
    return next((rule.kind for rule in rules if rule.fits(text)), UNKNOWN_INSTRUMENT)


def _matches(pattern: bytes, part: bytes) -> bool:
    for wanted, found in zip(pattern, part, strict=True):
        if wanted == ANY_DIGIT:
            if not ord("0") <= found <= ord("9"):
                return False
        elif wanted != found:
            return False
    return True
