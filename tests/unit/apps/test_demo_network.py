"""The two private networks are apart from the machine's own, joined by a cable, and leave nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.unit.children import Child, open_descriptors
from zerofeed.apps import demo_network
from zerofeed.apps.demo_network import (
    FEED_ADDRESS,
    FEED_SIDE,
    VENUE_SIDE,
    PrivateNetworks,
    inside,
)
from zerofeed.base.errors import ResourceError


def here() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


def interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


@pytest.fixture
def networks():
    with PrivateNetworks() as made:
        yield made


@pytest.mark.root
def test_what_one_end_sends_arrives_at_the_other(networks: PrivateNetworks) -> None:
    assert interfaces() == {"lo", FEED_SIDE}
    with networks.at_the_venue():
        assert interfaces() == {"lo", VENUE_SIDE}
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((FEED_ADDRESS, 0))
        receiver.settimeout(10)
        sender.sendto(b"by cable", receiver.getsockname())
        assert receiver.recv(64) == b"by cable"


@pytest.mark.root
def test_the_process_is_back_where_it_was_and_has_no_descriptor_more() -> None:
    before, descriptors, seen = here(), open_descriptors(), interfaces()
    with PrivateNetworks() as networks:
        feed_network = here()
        with inside(networks.venue):
            assert len({before, feed_network, here()}) == 3
        assert here() == feed_network
    assert (here(), open_descriptors(), interfaces()) == (before, descriptors, seen)


@pytest.mark.root
def test_a_failure_half_way_leaves_nothing(monkeypatch) -> None:
    before, descriptors = here(), open_descriptors()
    monkeypatch.setattr(demo_network, "FEED_SIDE", "a-name-that-is-too-long-for-linux")
    with pytest.raises(ResourceError, match="virtual interfaces"):
        PrivateNetworks().__enter__()
    assert (here(), open_descriptors()) == (before, descriptors)


@pytest.mark.root
def test_an_exception_inside_leads_back_too() -> None:
    before = here()
    with pytest.raises(KeyboardInterrupt), PrivateNetworks() as networks, networks.at_the_venue():
        raise KeyboardInterrupt
    assert here() == before


def test_without_the_right_it_is_one_sentence_with_what_to_do() -> None:
    def work() -> str:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setuid(65534)
        try:
            PrivateNetworks().__enter__()
        except ResourceError as error:
            return str(error)
        return "it could"

    with Child(work) as child:
        said = child.result()
    assert "run it as root" in said or "iproute2" in said


def test_without_the_program_ip_its_package_is_named(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ResourceError, match="iproute2"):
        PrivateNetworks().__enter__()


@pytest.mark.root
def test_a_network_that_is_none_is_refused() -> None:
    with open(os.devnull) as nothing, pytest.raises(ResourceError, match="namespace"):  # noqa: PTH123
        inside(nothing.fileno()).__enter__()
