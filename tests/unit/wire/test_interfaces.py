"""Interfaces are found by name or address, and what is missing is named."""

import socket

import pytest

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire.interfaces import find_interface, is_multicast, parse_ipv4, parse_port


@pytest.mark.parametrize("name", ["lo", "127.0.0.1"])
def test_interface_is_found_by_name_and_by_address(name: str) -> None:
    found = find_interface(name)
    assert (found.name, found.index) == ("lo", socket.if_nametoindex("lo"))


@pytest.mark.parametrize("name", ["no-such-nic", "203.0.113.7", ""])
def test_missing_interface_is_an_error_that_lists_what_there_is(name: str) -> None:
    with pytest.raises(ReceiverError, match=r"lo \(127\.0\.0\.1.*ip -br address") as caught:
        find_interface(name)
    assert caught.value.where == name


def test_addresses_are_numbers_with_the_first_byte_on_top() -> None:
    assert parse_ipv4("239.1.2.3") == 0xEF010203


@pytest.mark.parametrize("text", ["239.1.2", "239.1.2.256", "::1", "localhost", ""])
def test_what_is_no_ipv4_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="not an IPv4 address"):
        parse_ipv4(text)


def test_ports_have_sixteen_bits() -> None:
    assert [parse_port(p) for p in (0, 65_535)] == [0, 65_535]
    for port in (-1, 65_536):
        with pytest.raises(ConfigurationError, match="not a UDP port"):
            parse_port(port)


def test_groups_are_224_to_239() -> None:
    groups = [text for text in range(256) if is_multicast(text << 24)]
    assert groups == list(range(224, 240))
