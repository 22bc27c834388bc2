"""Ethernet addresses: groups by rule, hosts from the system's own tables."""

from pathlib import Path

import pytest

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.xdp.link_addresses import multicast_mac, neighbour_mac, parse_mac, read_link

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t0000000A\t0201A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
"""
NEIGHBOURS = """\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:00:00:00:00:01     *        eth0
192.168.1.2      0x1         0x2         02:00:00:00:00:02     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.7      0x1         0x2         02:00:00:00:00:07     *        eth1
10.1.2.3         0x1         0x6         02:00:00:00:00:0a     *        eth1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "route").write_text(ROUTES, encoding="ascii")
    (tmp_path / "arp").write_text(NEIGHBOURS, encoding="ascii")
    return tmp_path


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.1", 0x01005E000001),
        ("239.129.2.3", 0x01005E010203),
        ("224.128.64.32", 0x01005E004020),
        ("239.255.255.255", 0x01005E7FFFFF),
    ],
)
def test_group_has_the_address_of_rfc_1112(group: str, mac: int) -> None:
    assert multicast_mac(parse_ipv4(group)) == mac
    assert neighbour_mac(group, "anywhere", folder=Path("/nowhere")) == mac


@pytest.mark.parametrize(
    ("address", "interface", "mac"),
    [
        ("192.168.1.2", "eth0", 0x020000000002),
        ("8.8.8.8", "eth0", 0x020000000001),
        ("10.9.9.9", "eth0", 0x020000000002),
        ("10.1.2.3", "eth1", 0x02000000000A),
    ],
)
def test_host_is_found_by_way_of_its_most_specific_route(folder, address, interface, mac) -> None:
    assert neighbour_mac(address, interface, folder=folder) == mac


@pytest.mark.parametrize("address", ["192.168.1.3", "192.168.1.9", "192.168.1.7"])
def test_host_that_the_table_lacks_is_refused_with_what_to_do(folder, address) -> None:
    with pytest.raises(ReceiverError, match=f"ping -c1 {address}"):
        neighbour_mac(address, "eth0", folder=folder)


def test_link_of_the_loopback_interface_is_read() -> None:
    link = read_link("lo")
    assert (link.mac, link.address) == (0, parse_ipv4("127.0.0.1"))
    assert link.mtu > 1500
    with pytest.raises(ReceiverError, match="no such network interface"):
        read_link("no-such-nic")


def test_ethernet_address_is_read_and_nonsense_refused() -> None:
    assert parse_mac("02:00:00:12:34:5f") == 0x02000012345F
    for text in ("", "02:00:00:12:34", "02:00:00:12:34:100", "0g:00:00:00:00:00", "02-00"):
        with pytest.raises(ConfigurationError):
            parse_mac(text)
