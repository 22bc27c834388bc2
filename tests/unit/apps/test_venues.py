import json

from tests.unit.apps.commands import call
from zerofeed.apps.venues import describe
from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.deribit.service import DERIBIT

__all__: list[str] = []


def test_every_venue_is_listed_with_its_protocol_channels_and_proof() -> None:
    result = call("venues")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    for service in SERVICES.values():
        assert any(
            line.split()[:2] == [service.name, service.protocol]
            and ", ".join(service.channels) in line
            for line in lines
        )
        assert any(line.startswith(service.name) and service.book_proof in line for line in lines)
    assert f"  deribit: {DERIBIT.keys}" in lines


def test_json_has_every_venue() -> None:
    result = call("venues", "--json")
    told = json.loads(result.output)["venues"]
    assert [each["name"] for each in told] == list(SERVICES)
    assert told == [describe(service) for service in SERVICES.values()]


def test_a_venue_is_described_with_what_one_needs_to_use_it() -> None:
    told = describe(DERIBIT)
    assert told["example"] == "deribit:BTC-PERPETUAL"
    assert told["channels"]["bbo"] == {"venue_channels": ["quote.{}"], "note": None}
    assert told["keys_needed_for"] == "channels that are not conflated (.raw)"
    assert told["topics_per_connection"] == 500


def test_other_encodings_are_told_with_the_key_that_they_need() -> None:
    lines = call("venues").output.splitlines()
    assert "  binance sbe: trades, book, bbo; an Ed25519 key; it needs no permission" in lines
    assert "  bybit sbe: trades, book, bbo; at an address that the venue gives" in lines
    told = describe(SERVICES["okx"])["encodings"]["sbe"]
    assert told["protocol"] == "okx-sbe"
    assert told["key_parts"] == ["key", "secret", "passphrase"]
    assert told["channels"]["book"]["venue_channels"] == ["books-l2-tbt"]
    assert describe(SERVICES["bybit"])["encodings"]["sbe"]["ws_url"] is None
    assert describe(SERVICES["coinbase"])["encodings"] == {}
