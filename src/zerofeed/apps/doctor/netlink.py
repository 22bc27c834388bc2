"""Ask a driver about itself: generic netlink and ethtool, through pyroute2.

pyroute2 comes with the extra ``net``. Without it, and for each question that this kernel or
this driver does not answer, the answer is None. Its sockets, attributes and ethtool calls are
used as they are; only the messages that it does not describe (the netdev family, time stamping,
the spread of flows) are described here.

Source: Linux, Documentation/netlink/specs/netdev.yaml and ethtool.yaml.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from zerofeed.apps.doctor.facts import Channels, Coalescing, Switch, Timestamping, XdpAbilities

__all__ = ["DriverQuestions", "open_questions"]

_XDP_FEATURES = (
    "basic",
    "redirect",
    "ndo-xmit",
    "xsk-zerocopy",
    "hw-offload",
    "rx-sg",
    "ndo-xmit-sg",
)
_METADATA_FEATURES = ("timestamp", "hash", "vlan-tag")

_NETDEV_DEV_GET = 1
_ETHTOOL_TSINFO_GET = 25
_ETHTOOL_RSS_GET = 38


def open_questions(name: str, index: int) -> DriverQuestions | None:
    """Get ready to ask about an interface; None without pyroute2 or without netlink here.

    Args:
        name: the interface's.
        index: what the kernel calls it.
    """
    try:
        return DriverQuestions(name, index)
    except (ImportError, OSError):
        return None


class DriverQuestions:
    """Questions about one interface. Each takes a fraction of a millisecond; closes with the block.

    Args:
        name: the interface's.
        index: what the kernel calls it.

    Raises:
        ImportError: pyroute2 is not installed.
        OSError: the system refuses netlink sockets.
    """

    def __init__(self, name: str, index: int) -> None:
        from pyroute2 import IPRoute  # noqa: PLC0415 - an extra, and 200 ms
        from pyroute2.ethtool import Ethtool  # noqa: PLC0415
        from pyroute2.ethtool.ioctl import EthtoolError  # noqa: PLC0415
        from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415

        self._name = name
        self._index = index
        self._refusals = (EthtoolError, NetlinkError, OSError)
        self._route: Any = IPRoute()
        self._ethtool: Any = Ethtool()

    def close(self) -> None:
        """Close the sockets."""
        self._ethtool.close()
        self._route.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the sockets."""
        self.close()

    def kind(self) -> str | None:
        """Name the sort of a virtual interface, such as ``veth``; None for a card."""
        info = self._of_link("IFLA_LINKINFO")
        return None if info is None else info.get_attr("IFLA_INFO_KIND")

    def xdp_program(self) -> tuple[int, str | None] | None:
        """Give the id of the XDP program that is attached, 0 for none, and its mode."""
        xdp = self._of_link("IFLA_XDP")
        if xdp is None:
            return None
        mode = xdp.get_attr("IFLA_XDP_ATTACHED")
        names = {"xdp": "native", "xdpgeneric": "generic", "xdpoffload": "offloaded"}
        return (xdp.get_attr("IFLA_XDP_PROG_ID") or 0), names.get(mode, mode)

    def abilities(self) -> XdpAbilities | None:
        """Give what the driver can do for AF_XDP (Linux 6.3)."""
        from pyroute2.netlink import genlmsg  # noqa: PLC0415

        class Device(genlmsg):  # type: ignore[misc]
            """What the netdev family says of a device."""

            nla_map = (
                ("UNSPEC", "none"),
                ("IFINDEX", "uint32"),
                ("PAD", "none"),
                ("XDP_FEATURES", "uint64"),
                ("XDP_ZC_MAX_SEGS", "uint32"),
                ("XDP_RX_METADATA_FEATURES", "uint64"),
                ("XSK_FEATURES", "uint64"),
            )

        told = self._generic("netdev", Device, _NETDEV_DEV_GET, ("IFINDEX", self._index))
        if told is None or told.get_attr("XDP_FEATURES") is None:
            return None
        return XdpAbilities(
            xdp=_names(told.get_attr("XDP_FEATURES"), _XDP_FEATURES),
            metadata=_names(told.get_attr("XDP_RX_METADATA_FEATURES") or 0, _METADATA_FEATURES),
            zero_copy_segments=told.get_attr("XDP_ZC_MAX_SEGS"),
        )

    def timestamping(self) -> Timestamping | None:
        """Give what can be time-stamped, and by which clock."""
        from pyroute2.netlink import genlmsg  # noqa: PLC0415
        from pyroute2.netlink.generic import ethtool  # noqa: PLC0415

        class Stamps(genlmsg):  # type: ignore[misc]
            """ETHTOOL_MSG_TSINFO_GET_REPLY."""

            nla_map = (
                ("UNSPEC", "none"),
                ("HEADER", "ethtoolheader"),
                ("TIMESTAMPING", "ethtoolbitset"),
                ("TX_TYPES", "ethtoolbitset"),
                ("RX_FILTERS", "ethtoolbitset"),
                ("PHC_INDEX", "uint32"),
            )
            ethtoolheader = ethtool.ethtoolheader
            ethtoolbitset = ethtool.ethtoolbitset

        told = self._generic("ethtool", Stamps, _ETHTOOL_TSINFO_GET, self._header())
        bits = None if told is None else told.get_attr("TIMESTAMPING")
        if told is None or bits is None:
            return None
        listed = bits.get_attr("ETHTOOL_A_BITSET_BITS")
        modes = () if listed is None else listed.get_attrs("ETHTOOL_A_BITSET_BITS_BIT")
        names = frozenset(str(mode.get_attr("ETHTOOL_A_BITSET_BIT_NAME")) for mode in modes)
        return Timestamping(modes=names, clock_idx=told.get_attr("PHC_INDEX"))

    def spread_queues(self) -> tuple[int, ...] | None:
        """List the receive queues that flows are spread over."""
        from pyroute2.netlink import genlmsg  # noqa: PLC0415
        from pyroute2.netlink.generic import ethtool  # noqa: PLC0415

        class Spread(genlmsg):  # type: ignore[misc]
            """ETHTOOL_MSG_RSS_GET_REPLY."""

            nla_map = (
                ("UNSPEC", "none"),
                ("HEADER", "ethtoolheader"),
                ("CONTEXT", "uint32"),
                ("HFUNC", "uint32"),
                ("INDIR", "cdata"),
                ("HKEY", "cdata"),
            )
            ethtoolheader = ethtool.ethtoolheader

        told = self._generic("ethtool", Spread, _ETHTOOL_RSS_GET, self._header())
        table = None if told is None else told.get_attr("INDIR")
        if not table:
            return None
        return tuple(sorted(set(struct.unpack(f"={len(table) // 4}I", table))))

    def features(self) -> dict[str, Switch] | None:
        """Give the interface's features by the kernel's names, e.g. ``rx-gro``."""
        told = self._answer(lambda: self._ethtool.get_features(self._name))
        if told is None:
            return None
        return {
            name: Switch(is_on=bool(each.enable), is_changeable=bool(each.available))
            for name, each in told.features.items()
        }

    def channels(self) -> Channels | None:
        """Count receive queues in use, and at most."""
        told = self._answer(lambda: self._ethtool.get_channels(self._name))
        if told is None:
            return None
        if told.max_rx and not told.combined_count:
            return Channels(rx=told.rx_count, rx_max=told.max_rx, is_combined=False)
        return Channels(rx=told.combined_count, rx_max=told.max_combined, is_combined=True)

    def rx_ring(self) -> tuple[int, int] | None:
        """Give the receive ring's descriptors, in use and at most."""
        told = self._answer(lambda: self._ethtool.get_rings(self._name))
        if told is None or not told.rx_max or told.rx is None:
            return None
        return int(told.rx), int(told.rx_max)

    def coalescing(self) -> Coalescing | None:
        """Say how long the card waits before it interrupts."""
        told = self._answer(lambda: self._ethtool.get_coalesce(self._name))
        if told is None:
            return None
        return Coalescing(
            rx_usecs=told["rx_coalesce_usecs"], is_adaptive=bool(told["use_adaptive_rx_coalesce"])
        )

    def _of_link(self, attribute: str) -> Any:
        told = self._answer(lambda: self._route.link("get", index=self._index))
        return told[0].get_attr(attribute) if told else None

    def _header(self) -> tuple[str, Any]:
        return "HEADER", {"attrs": [["ETHTOOL_A_HEADER_DEV_INDEX", self._index]]}

    def _generic(self, family: str, message: Any, command: int, attribute: tuple[str, Any]) -> Any:
        """Send one request of a generic netlink family; its only reply, or None."""
        from pyroute2.netlink import NLM_F_REQUEST  # noqa: PLC0415
        from pyroute2.netlink.generic import GenericNetlinkSocket  # noqa: PLC0415

        def ask() -> Any:
            with GenericNetlinkSocket() as socket:
                socket.asyncore.module_err_level = "debug"  # an old kernel is no error
                socket.bind(family, message)
                request = message()
                request["cmd"] = command
                request["version"] = 1
                request["attrs"] = [attribute]
                replies = socket.nlm_request(request, msg_type=socket.prid, msg_flags=NLM_F_REQUEST)
                return next(iter(tuple(replies)), None)

        return self._answer(ask)

    def _answer(self, ask: Callable[[], Any]) -> Any:
        """Ask; None where the kernel, the driver or the process's rights say no."""
        try:
            return ask()
        except self._refusals:
            return None


def _names(bits: int, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for k, name in enumerate(names) if bits >> k & 1)
