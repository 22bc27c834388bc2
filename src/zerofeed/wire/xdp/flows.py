"""Which packets a feed wants: one flow is one (destination address, UDP port), perhaps of one sender.

The program (``wire.xdp.program``) and the receive kernel look for the same flows, so both are made
from this one list. Unlike a socket, XDP sees every packet on the wire and takes no part in routing:
a flow needs an exact destination, the machine's own address or a multicast group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.interfaces import is_multicast, parse_ipv4, parse_port

__all__ = ["FLOW_COLUMNS", "MOST_FLOWS", "Flow", "check_flows", "flow_table"]

MOST_FLOWS = 512
"""Flows of one program; each costs a packet that matches none of them two instructions."""

FLOW_COLUMNS = 3
"""Columns of ``flow_table``: destination << 16 | port, sender or 0, index of the source."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One wanted stream of datagrams.

    Attributes:
        address: IPv4 destination in dotted text, group or host.
        port: UDP port, 1 to 65535.
        source: index that frames of this flow carry as their channel.
        sender: accept packets of this IPv4 sender only (source-specific multicast), or None.
    """

    address: str
    port: int
    source: int = 0
    sender: str | None = None

    @property
    def is_multicast(self) -> bool:
        """The destination is a group."""
        return is_multicast(parse_ipv4(self.address))


def check_flows(flows: Iterable[Flow]) -> list[Flow]:
    """Refuse what can never work, and give the flows as a list.

    Raises:
        ConfigurationError: no flow, too many, one twice, or an address that names no destination.
    """
    found = list(flows)
    if not 1 <= len(found) <= MOST_FLOWS:
        raise ConfigurationError(
            "not a number of flows", where="AF_XDP", expected=f"1 to {MOST_FLOWS}", got=len(found)
        )
    seen = set()
    for flow in found:
        key = (parse_ipv4(flow.address), parse_port(flow.port), flow.sender)
        where = f"{flow.address}:{flow.port}"
        if key[0] == 0 or flow.port == 0:
            raise ConfigurationError(
                "AF_XDP needs an exact destination",
                where=where,
                expected="the interface's own address or a group, and a port",
                next_step="`ip -br address` lists the machine's addresses",
            )
        if key in seen:
            raise ConfigurationError("a flow is named twice", where=where)
        if not 0 <= flow.source <= 0xFFFF:
            raise ConfigurationError("not the index of a source", where=where, got=flow.source)
        if flow.sender is not None:
            parse_ipv4(flow.sender)
        seen.add(key)
    return found


def flow_table(flows: Iterable[Flow]) -> npt.NDArray[np.int64]:
    """Give the flows as the receive kernel wants them.

    Returns:
        int64[n, FLOW_COLUMNS].
    """
    rows = [
        (
            parse_ipv4(flow.address) << 16 | flow.port,
            parse_ipv4(flow.sender) if flow.sender is not None else 0,
            flow.source,
        )
        for flow in flows
    ]
    return np.array(rows, np.int64).reshape(-1, FLOW_COLUMNS)
