"""The real kernel answers about the loopback interface; a made-up one answers about a card."""

import errno
import socket
import struct
import sys

import pytest

from zerofeed.apps.doctor import netlink as module
from zerofeed.apps.doctor.facts import Channels, Coalescing, Switch
from zerofeed.apps.doctor.netlink import DriverQuestions, open_questions

__all__: list[str] = []

pytest.importorskip("pyroute2")

from pyroute2.ethtool.ethtool import EthtoolChannels, EthtoolRings
from pyroute2.netlink.exceptions import NetlinkError


class Attributes:
    """A netlink message: attributes by name."""

    def __init__(self, **attributes) -> None:
        self.attributes = attributes

    def get_attr(self, name: str):
        return self.attributes.get(name)

    def get_attrs(self, name: str):
        return self.attributes.get(name, [])


@pytest.fixture
def loopback():
    questions = open_questions("lo", socket.if_nametoindex("lo"))
    if questions is None:
        pytest.skip("this system refuses netlink sockets")
    with questions:
        yield questions


@pytest.fixture
def answering(loopback, monkeypatch):
    """Questions whose generic netlink reply is the given one."""

    def answer(reply) -> DriverQuestions:
        monkeypatch.setattr(loopback, "_generic", lambda *_: reply)
        return loopback

    return answer


def test_the_loopback_has_features_and_software_times_and_no_hardware(loopback) -> None:
    features = loopback.features()
    assert isinstance(features["rx-gro"], Switch)
    assert "software-receive" in loopback.timestamping().modes
    assert loopback.channels() is loopback.rx_ring() is loopback.coalescing() is None
    assert loopback.spread_queues() is loopback.kind() is None


def test_an_interface_without_a_program_has_program_zero(loopback) -> None:
    program = loopback.xdp_program()
    assert program is not None
    assert program[0] >= 0


def test_a_kernel_without_a_family_does_not_answer(loopback) -> None:
    from pyroute2.netlink import genlmsg

    assert loopback._generic("zerofeed-none", genlmsg, 1, ("X", 1)) is None


def test_an_interface_that_is_gone_does_not_answer() -> None:
    questions = open_questions("gone", 2**30)
    if questions is None:
        pytest.skip("this system refuses netlink sockets")
    with questions:
        assert questions.abilities() is questions.features() is questions.xdp_program() is None


def test_abilities_are_the_bits_of_the_netdev_family(answering) -> None:
    told = Attributes(XDP_FEATURES=0b101011, XDP_RX_METADATA_FEATURES=0b101, XDP_ZC_MAX_SEGS=8)
    abilities = answering(told).abilities()
    assert abilities.xdp == {"basic", "redirect", "xsk-zerocopy", "rx-sg"}
    assert abilities.metadata == {"timestamp", "vlan-tag"}
    assert abilities.zero_copy_segments == 8


def test_a_kernel_that_is_silent_about_abilities_is_not_taken_for_none(answering) -> None:
    assert answering(None).abilities() is None
    assert answering(Attributes(IFINDEX=1)).abilities() is None


def test_time_stamps_are_listed_with_their_clock(answering) -> None:
    bit = Attributes(ETHTOOL_A_BITSET_BIT_NAME="hardware-receive")
    bits = Attributes(ETHTOOL_A_BITSET_BITS=Attributes(ETHTOOL_A_BITSET_BITS_BIT=[bit]))
    stamps = answering(Attributes(TIMESTAMPING=bits, PHC_INDEX=3)).timestamping()
    assert (stamps.modes, stamps.clock_idx) == ({"hardware-receive"}, 3)
    empty = answering(Attributes(TIMESTAMPING=Attributes())).timestamping()
    assert (empty.modes, empty.clock_idx) == (frozenset(), None)


def test_the_spread_is_the_set_of_queues_in_the_table(answering) -> None:
    table = struct.pack("=6I", 0, 1, 2, 0, 1, 2)
    assert answering(Attributes(INDIR=table)).spread_queues() == (0, 1, 2)
    assert answering(Attributes(HFUNC=1)).spread_queues() is None


def test_queues_are_combined_or_for_receiving_alone(loopback, monkeypatch) -> None:
    for told, expected in (
        ((0, 0, 1, 8, 0, 0, 1, 4), Channels(rx=4, rx_max=8, is_combined=True)),
        ((8, 8, 1, 0, 2, 2, 1, 0), Channels(rx=2, rx_max=8, is_combined=False)),
    ):
        monkeypatch.setattr(
            loopback._ethtool, "get_channels", lambda _, told=told: EthtoolChannels(*told)
        )
        assert loopback.channels() == expected


def test_rings_and_waits_are_the_cards(loopback, monkeypatch) -> None:
    waits = {"rx_coalesce_usecs": 50, "use_adaptive_rx_coalesce": 1}
    monkeypatch.setattr(loopback._ethtool, "get_rings", lambda _: EthtoolRings(rx_max=4096, rx=512))
    monkeypatch.setattr(loopback._ethtool, "get_coalesce", lambda _: waits)
    assert loopback.rx_ring() == (512, 4096)
    assert loopback.coalescing() == Coalescing(rx_usecs=50, is_adaptive=True)


def test_the_mode_of_a_program_has_a_name(loopback, monkeypatch) -> None:
    xdp = Attributes(IFLA_XDP_ATTACHED="xdpgeneric", IFLA_XDP_PROG_ID=12)
    monkeypatch.setattr(loopback._route, "link", lambda *_, **__: [Attributes(IFLA_XDP=xdp)])
    assert loopback.xdp_program() == (12, "generic")


@pytest.mark.parametrize("error", [NetlinkError(errno.EPERM, "no"), OSError(errno.EPERM, "no")])
def test_a_refusal_is_no_answer(loopback, monkeypatch, error: Exception) -> None:
    def refuse(_: str) -> None:
        raise error

    monkeypatch.setattr(loopback._ethtool, "get_features", refuse)
    assert loopback.features() is None


def test_without_pyroute2_nothing_can_be_asked(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroute2", None)
    assert open_questions("lo", 1) is None


def test_where_sockets_are_refused_nothing_can_be_asked(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(module, "DriverQuestions", refuse)
    assert open_questions("lo", 1) is None
