"""Every protocol that feeds and ``zerofeed decode`` know, by name or as a place to load it from."""

from __future__ import annotations

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.cme import CME
from zerofeed.runtime.deribit import DERIBIT
from zerofeed.runtime.framed import FRAMED
from zerofeed.runtime.iex import IEX_DEEP, IEX_TOPS
from zerofeed.runtime.itch import ITCH
from zerofeed.runtime.json_venues import JSON_VENUES
from zerofeed.runtime.own_protocol import is_own, load_protocol
from zerofeed.runtime.own_sbe import SBE, sbe_protocol_of
from zerofeed.runtime.pitch import PITCH
from zerofeed.runtime.protocol import Protocol
from zerofeed.runtime.sbe_config import SbeSection
from zerofeed.runtime.sbe_venues import SBE_VENUES

__all__ = ["PROTOCOLS", "find_protocol"]

PROTOCOLS: dict[str, Protocol] = {
    each.name: each
    for each in (DERIBIT, *ITCH, IEX_TOPS, IEX_DEEP, PITCH, CME, *FRAMED, *JSON_VENUES, *SBE_VENUES)
}
"""Every protocol by name."""


def find_protocol(name: str, sbe: SbeSection | None = None) -> Protocol:
    """Look a protocol up, or load a dialect of the user's (:mod:`zerofeed.runtime.own_protocol`).

    Args:
        name: as in ``feed.protocol``.
        sbe: the schema of the protocol ``sbe``.

    Raises:
        ConfigurationError: there is none of this name; the message lists those there are. Or what the
            user names cannot be loaded.
    """
    if is_own(name):
        return load_protocol(name)
    if name == SBE:
        return sbe_protocol_of(sbe)
    protocol = PROTOCOLS.get(name)
    if protocol is None:
        raise ConfigurationError(
            "unknown protocol",
            where="protocol",
            expected=" or ".join(PROTOCOLS),
            got=name,
            next_step="or FILE.py:NAME for a dialect of your own, sbe for a schema of your own",
        )
    return protocol
