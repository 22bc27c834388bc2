"""A configuration is right, or one sentence says which key is not and what was expected."""

from __future__ import annotations

from datetime import date

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.config import load, parse

__all__: list[str] = []

SMALLEST = """
[feed]
name = "deribit"
protocol = "deribit-multicast"

[[source]]
group = "239.111.111.1"
port = 6100
"""

CAPTURE = """
[feed]
name = "replay"
protocol = "deribit-multicast"

[[source]]
capture = "venue.pcap"
"""

WEBSOCKET = """
[feed]
name = "crypto"
protocol = "deribit-multicast"

[[source]]
url = "wss://venue.example/ws?key=secret"
"""

WRONG = {
    "not TOML": ("[feed", "not valid TOML"),
    "no feed": ("[[source]]\ngroup = '1.2.3.4'\nport = 1", "feed"),
    "no source": ("[feed]\nname = 'a'\nprotocol = 'b'", "source"),
    "empty sources": ("source = []\n[feed]\nname = 'a'\nprotocol = 'b'", "source"),
    "no name": (SMALLEST.replace('name = "deribit"', ""), "name"),
    "no protocol": (SMALLEST.replace('protocol = "deribit-multicast"', ""), "protocol"),
    "no port": (SMALLEST.replace("port = 6100", ""), "port"),
    "port too high": (SMALLEST.replace("6100", "70000"), "source[0].port"),
    "port zero": (SMALLEST.replace("6100", "0"), "source[0].port"),
    "port a text": (SMALLEST.replace("6100", "'6100'"), "source[0].port"),
    "group a number": (SMALLEST.replace('"239.111.111.1"', "239"), "source[0].group"),
    "unknown table": (SMALLEST + "[memroy]\nrecords = 1024", "memroy"),
    "unknown key": (SMALLEST + "[memory]\nrecord = 1024", "record"),
    "unknown key of a source": (SMALLEST + "grup = 'x'", "grup"),
    "records negative": (SMALLEST + "[memory]\nrecords = -1", "memory.records"),
    "records a fraction": (SMALLEST + "[memory]\nrecords = 1024.5", "memory.records"),
    "records odd": (SMALLEST + "[memory]\nrecords = 1000", "memory.records"),
    "frames odd": (SMALLEST + "[memory]\nframes = 1000", "memory.frames"),
    "chunks too short": (SMALLEST + "[memory]\nchunk_bytes = 64", "memory.chunk_bytes"),
    "chunks uneven": (SMALLEST + "[memory]\nchunk_bytes = 1000", "memory.chunk_bytes"),
    "huge pages a text": (SMALLEST + "[memory]\nhuge_pages = 'yes'", "memory.huge_pages"),
    "levels uneven": (SMALLEST + "[memory]\nbook_levels = 9", "memory.book_levels"),
    "busy polling asleep": (SMALLEST + "[afxdp]\nbusy_poll_us = 20", "this worker sleeps"),
    "idle unknown": (SMALLEST + "[worker]\nidle = 'nap'", "worker.idle"),
    "burst too long": (SMALLEST + "[worker]\nburst = 5000", "worker.burst"),
    "core negative": (SMALLEST + "[worker]\ncore = -2", "worker.core"),
    "realtime 0": (SMALLEST + "[worker]\nrealtime = 0", "worker.realtime"),
    "realtime 100": (SMALLEST + "[worker]\nrealtime = 100", "worker.realtime"),
    "no user": (SMALLEST + "[worker]\nuser = ''", "worker.user"),
    "patience negative": (SMALLEST + "[readers]\npatience_ms = -1", "readers.patience_ms"),
    "too many readers": (SMALLEST + "[readers]\nlimit = 1000", "readers.limit"),
    "a share of nothing": (SMALLEST + "[readers]\nuser_share = 0", "readers.user_share"),
    "more than all": (SMALLEST + "[readers]\nprocess_share = 1.5", "readers.process_share"),
    "users a text": (SMALLEST + "[readers]\nallow_users = 'me'", "readers.allow_users"),
    "a capture with a port": (SMALLEST + "capture = 'x.pcap'", "source[0].group"),
    "a socket with a speed": (SMALLEST + "speed = '2x'", "source[0].speed"),
    "a capture with no speed": (CAPTURE + "speed = 'fast'", "source[0].speed"),
    "an end unknown": (CAPTURE + "at_end = 'explode'", "source[0].at_end"),
    "a WebSocket with a port": (WEBSOCKET + "port = 1", "source[0].port"),
    "a socket with compression": (SMALLEST + "compression = true", "source[0].compression"),
    "an address of another kind": (WEBSOCKET.replace("wss:", "https:"), "source[0].url"),
    "a user in the address": (WEBSOCKET.replace("wss://", "wss://me:pw@"), "source[0].url"),
    "a proxy that is none": (WEBSOCKET + "proxy = 'socks5://x:1'", "source[0].proxy"),
    "a region uneven": (WEBSOCKET + "region_bytes = 300000", "source[0].region_bytes"),
    "a message too long for its region": (
        WEBSOCKET + "longest_message_bytes = 1048577",
        "source[0].longest_message_bytes",
    ),
    "pings too seldom": (WEBSOCKET + "ping_seconds = 60", "source[0].ping_seconds"),
    "no line": (WEBSOCKET + "lines = 0", "source[0].lines"),
    "texts that are none": (WEBSOCKET + "send = 'text'", "source[0].send"),
    "a WebSocket beside a socket": (
        WEBSOCKET + SMALLEST.partition("\n\n")[2],
        "WebSockets and other sources",
    ),
    "more readers awaited than admitted": (
        SMALLEST + "[readers]\nlimit = 2\nwait_for = 3",
        "readers.wait_for",
    ),
    "audit a number": (SMALLEST + "[log]\naudit = 1", "log.audit"),
}


def test_only_what_to_receive_has_no_default() -> None:
    config = parse(SMALLEST)
    assert (config.feed.name, config.feed.protocol) == ("deribit", "deribit-multicast")
    assert (config.source[0].group, config.source[0].port) == ("239.111.111.1", 6100)
    assert config.memory.records == 1 << 18
    assert config.worker.idle == "sleep"
    assert config.readers.allow_users == []
    assert config.log.audit is None


def test_a_source_may_be_a_capture() -> None:
    config = parse(CAPTURE)
    (source,) = config.source
    assert (source.kind, source.capture) == ("capture", "venue.pcap")
    assert (source.speed, source.at_end, config.readers.wait_for) == ("1x", "stay", 0)
    assert parse(SMALLEST).source[0].kind == "udp"


def test_a_source_may_be_a_websocket() -> None:
    (source,) = parse(WEBSOCKET + "send = ['a', 'b']\nping_seconds = 0").source
    assert (source.kind, source.lines, source.compression) == ("websocket", 1, False)
    assert source.send == ["a", "b"]
    assert source.longest_message_bytes * 4 <= source.region_bytes
    assert parse(WEBSOCKET).patience_ms == 100


def test_no_error_shows_what_may_be_secret_in_an_address() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(WEBSOCKET.replace("wss:", "https:"))
    assert "secret" not in str(caught.value)


def test_a_capture_may_say_its_day_and_a_socket_may_not() -> None:
    (source,) = parse(CAPTURE + "day = 2019-01-30").source
    assert source.day == date(2019, 1, 30)
    with pytest.raises(ConfigurationError, match=r"source\[0\].day does not belong"):
        parse(SMALLEST + "day = 2019-01-30")


def test_only_a_feed_of_nothing_but_captures_waits_for_ever_unless_told_otherwise() -> None:
    assert parse(CAPTURE).patience_ms is None
    assert parse(SMALLEST).patience_ms == 100
    assert parse(CAPTURE + "[readers]\npatience_ms = 5").patience_ms == 5
    both = CAPTURE + SMALLEST.partition("\n\n")[2]
    assert len(parse(both).source) == 2
    assert parse(both).patience_ms == 100


@pytest.mark.parametrize("case", WRONG)
def test_an_error_is_one_line_that_names_the_file_and_the_key(case: str) -> None:
    text, key = WRONG[case]
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "feeds/deribit.toml")
    message = str(caught.value)
    assert message.startswith("feeds/deribit.toml: ")
    assert key in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_a_size_that_is_no_power_of_two_names_the_next_one() -> None:
    with pytest.raises(ConfigurationError, match=r"got 1000; choose 1024"):
        parse(SMALLEST + "[memory]\nrecords = 1000")


def test_settings_replace_single_values() -> None:
    config = parse(
        SMALLEST,
        settings=[
            "memory.records=4096",
            "source.0.port=6200",
            "source.0.interface=lo",
            "readers.allow_users=['1000', 'nobody']",
            "worker.idle=spin",
        ],
    )
    assert config.memory.records == 4096
    assert (config.source[0].port, config.source[0].interface) == (6200, "lo")
    assert config.readers.allow_users == ["1000", "nobody"]
    assert config.worker.idle == "spin"


@pytest.mark.parametrize(
    "setting", ["", "records", "=", "memory.=1", "source.7.port=1", "source.x.port=1"]
)
def test_a_setting_that_cannot_be_placed_is_named(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="is no setting of the configuration"):
        parse(SMALLEST, settings=[setting])


def test_a_setting_of_an_unknown_key_is_an_error_like_any_other() -> None:
    with pytest.raises(ConfigurationError, match="recrods"):
        parse(SMALLEST, settings=["memory.recrods=1024"])


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read"):
        load(path)


def test_a_file_that_is_no_text_is_named(tmp_path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"binary\.toml: is not UTF-8"):
        load(path)


def test_load_reads_a_file_and_its_settings(tmp_path) -> None:
    path = tmp_path / "feed.toml"
    path.write_text(SMALLEST, encoding="utf-8")
    assert load(path, ["feed.name=other"]).feed.name == "other"
