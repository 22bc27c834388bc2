"""A feed's name is an abstract address of its user's, or the path of a socket."""

from __future__ import annotations

import os
import socket

import pytest

from tests.unit.feed.feeds import name_of_feed
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.address import address_of, list_feeds


def test_a_name_becomes_an_abstract_address_of_this_user() -> None:
    assert address_of("deribit") == f"\0zerofeed/{os.getuid()}/deribit"


def test_a_name_of_another_users_feed_has_that_users_number() -> None:
    assert address_of("deribit", 7) == "\0zerofeed/7/deribit"


@pytest.mark.parametrize("path", ["/run/zerofeed/deribit", "./deribit"])
def test_whatever_has_a_slash_is_a_path(path: str) -> None:
    assert address_of(path) == path


@pytest.mark.parametrize("name", ["a", "9", "deribit-2.test_x", "a" * 64])
def test_letters_digits_dots_underscores_and_dashes_make_a_name(name: str) -> None:
    assert address_of(name).endswith(name)


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", ".a", "a" * 65, "a\n", "ä", "a\0b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no name for a feed"):
        address_of(name)


def test_feeds_that_listen_are_listed_with_their_user_and_others_are_not() -> None:
    name = name_of_feed()
    assert (name, os.getuid()) not in list_feeds()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address_of(name))
        listener.listen(1)
        assert (name, os.getuid()) in list_feeds()
    assert (name, os.getuid()) not in list_feeds()


def test_addresses_that_are_no_feeds_are_not_listed() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"\0zerofeed-{name_of_feed()}")
        listener.listen(1)
        assert not any(name.startswith("zerofeed") for name, _ in list_feeds())
