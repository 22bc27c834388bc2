"""An address is taken apart, never printed with what is secret in it; keys come from private places."""

from __future__ import annotations

from functools import partial

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.websocket.endpoint import (
    Endpoint,
    check_proxy,
    read_headers,
    read_private,
    split_url,
)

__all__: list[str] = []


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("wss://a.example/ws?x=1", ("wss", "a.example", 443, "/ws")),
        ("ws://a.example", ("ws", "a.example", 80, "")),
        ("ws://[::1]:8080/x", ("ws", "::1", 8080, "/x")),
    ],
)
def test_an_address_is_taken_apart(url: str, parts: tuple) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/",
        "a.example",
        "wss:///path",
        "wss://me:secret@a.example/",
        "wss://a.example/#secret",
        "wss://a.example:port/secret",
        "wss://[secret/",
    ],
)
def test_what_is_no_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        split_url(url)
    assert "secret" not in str(raised.value)


def test_people_are_shown_no_query() -> None:
    assert Endpoint("wss://a.example/ws?listenKey=secret").name == "wss://a.example/ws"
    assert Endpoint("ws://[::1]:81/x").name == "ws://[::1]:81/x"


def test_headers_are_not_in_the_text_of_an_endpoint() -> None:
    endpoint = Endpoint(
        "wss://a.example/", headers={"X-Key": "secret"}, sign=partial(dict, key="secret")
    )
    assert "secret" not in repr(endpoint)


def test_headers_come_from_a_private_file(tmp_path) -> None:
    path = tmp_path / "keys"
    path.write_text("X-MBX-APIKEY: abc:def\n\nOther:  x  \n", encoding="ascii")
    path.chmod(0o600)
    assert read_headers(str(path)) == {"X-MBX-APIKEY": "abc:def", "Other": "x"}


def test_a_file_that_others_may_read_is_refused(tmp_path) -> None:
    path = tmp_path / "keys"
    path.write_text("X-Key: secret", encoding="ascii")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="others may read it") as raised:
        read_headers(str(path))
    assert "0640" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_headers_come_from_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("VENUE_HEADERS", "X-Key: secret")
    assert read_headers("env:VENUE_HEADERS") == {"X-Key": "secret"}
    with pytest.raises(ConfigurationError, match="is not set"):
        read_headers("env:NOBODY_SET_THIS")


@pytest.mark.parametrize("text", ["secret", "a: b\nsecret", ": secret", "a: se\x01cret"])
def test_a_line_that_is_no_header_is_named_by_its_number_alone(tmp_path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"line [12]") as raised:
        read_headers(str(path))
    assert "se" not in str(raised.value).replace(str(path), "")


def test_a_file_that_is_not_there_is_one_error(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_headers(str(tmp_path / "none"))


def test_a_proxy_is_http() -> None:
    check_proxy("http://127.0.0.1:3128")
    for url in ("socks5://127.0.0.1:1", "127.0.0.1:3128", "http://", "http://x:port"):
        with pytest.raises(ConfigurationError, match="no HTTP proxy"):
            check_proxy(url)


def test_what_is_private_is_read_whole(tmp_path, monkeypatch) -> None:
    path = tmp_path / "key"
    path.write_text("a: b\n", encoding="ascii")
    path.chmod(0o400)
    assert read_private(str(path)) == "a: b\n"
    monkeypatch.setenv("A_KEY", "x")
    assert read_private("env:A_KEY") == "x"
