import gzip
import json
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.unit.apps.commands import call, error_of, write_capture
from tests.unit.runtime.venue_packets import OPENS_NS, Packets, decode
from tests.unit.venues.sbe_messages import MESSAGES
from zerofeed.codecs.framing.blocks import END, encode_blocks
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.records.units import UNDEF
from zerofeed.venues.binance.sbe import SCHEMA
from zerofeed.wire.pcap_write import CaptureWriter

__all__: list[str] = []

DERIBIT = ("--protocol", "deribit-multicast")

pytestmark = pytest.mark.slow  # the simulated venue is loaded


def test_ndjson_has_one_object_for_each_record(capture: Path, packets: Packets) -> None:
    result = call("decode", capture, *DERIBIT, "--format", "ndjson")
    assert (result.exit_code, result.stderr) == (0, "")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    expected = decode(packets)
    assert [each["seq"] for each in told] == expected["seq"].tolist()
    times = [UNDEF if each["ts_event_ns"] is None else each["ts_event_ns"] for each in told]
    assert times == expected["ts_event_ns"].tolist()
    assert all(each["instrument"] for each in told)


def test_summary_counts_packets_messages_and_records(capture: Path, packets: Packets) -> None:
    result = call("decode", capture, *DERIBIT)
    told = json.loads(result.stdout)
    records = decode(packets)
    assert told["packets"] == told["frames"] == len(packets)
    assert sum(told["records"].values()) == len(records)
    assert told["messages"]["Instrument"] + told["messages"].get("InstrumentV2", 0) > 0
    assert told["instruments"] == len(set(records["instrument"].tolist()))
    losses = ["gaps", "missing", "resets", "stale", "malformed", "truncated", "unknown"]
    assert [told[name] for name in losses] == [0] * len(losses)
    assert told["first_ts_ns"] == OPENS_NS
    assert told["last_ts_ns"] == OPENS_NS + (len(packets) - 1) * 1_000_000
    assert told["channels_with_loss"] == []


def test_summary_shows_what_is_missing(packets: Packets, tmp_path: Path) -> None:
    busiest = np.bincount(packets.channels).argmax()
    places = np.flatnonzero(packets.channels == busiest)
    lossy = packets.chosen(np.delete(np.arange(len(packets)), places[1]))
    told = json.loads(call("decode", write_capture(tmp_path / "x", lossy), *DERIBIT).stdout)
    assert (told["gaps"], told["missing"], told["records"]["gap"]) == (1, 1, 1)
    assert [each["channel"] for each in told["channels_with_loss"]] == [busiest]


def test_kinds_choose_in_every_format(capture: Path) -> None:
    kinds = ("--kinds", "trade,bbo")
    lines = call("decode", capture, *DERIBIT, *kinds, "--format", "ndjson").stdout.splitlines()
    counted = Counter(json.loads(line)["kind"] for line in lines)
    assert set(counted) == {"trade", "bbo"}
    assert json.loads(call("decode", capture, *DERIBIT, *kinds).stdout)["records"] == counted
    table = call("decode", capture, *DERIBIT, *kinds, "--format", "table").stdout.splitlines()
    assert table[0].split()[:3] == ["time", "kind", "instrument"]
    assert len(table) - 1 == counted.total()


def test_books_are_the_last_best_quotes(capture: Path) -> None:
    result = call("decode", capture, *DERIBIT, "--books", "--format", "ndjson")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    quotes = {each["instrument"]: each for each in told if each["kind"] == "bbo"}
    books = [each for each in told if each["kind"] == "book"]
    assert {each["instrument"] for each in books} >= set(quotes)
    for book in books:
        quote = quotes.get(book["instrument"])
        if quote is None:
            continue
        best = [*(book["bids"] or [[None, None]])[0], *(book["asks"] or [[None, None]])[0]]
        names = ("bid_price", "bid_size", "ask_price", "ask_size")
        assert best == [quote[name] for name in names]
        assert book["is_proven"] is (book["doubts"] == [])


def test_books_are_counted_in_the_summary_and_drawn_in_the_table(capture: Path) -> None:
    books = json.loads(call("decode", capture, *DERIBIT, "--books").stdout)["books"]
    assert books["total"] == books["proven"] + books["in_doubt"] > 0
    table = call("decode", capture, *DERIBIT, "--books", "--format", "table").stdout
    assert table.count("\n\n") == books["total"]


def test_a_text_capture_has_checksums_and_books_in_its_summary(tmp_path: Path) -> None:
    start = {"method": "subscription", "params": {"channel": "book.A-PERPETUAL.100ms"}}
    bids = [["new", 10.5, 1.0]]
    whole = {"type": "snapshot", "timestamp": 1, "instrument_name": "A-PERPETUAL", "change_id": 7}
    start["params"]["data"] = whole | {"bids": bids, "asks": []}
    path = tmp_path / "lines"
    path.write_text(f"1700000000000000000 {json.dumps(start)}\n")
    result = call("decode", path, "--protocol", "deribit-json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert told["checksums"] == {"matched": 0, "mismatched": 0}
    assert told["books"] == {"total": 1, "proven": 1, "in_doubt": 0}
    assert told["messages"] == {"book": 1}
    assert told["malformed"] == told["unknown"] == 0


def test_a_damaged_capture_gives_what_is_whole_and_an_error(capture: Path, tmp_path: Path) -> None:
    data = bytearray(capture.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    damaged = tmp_path / "damaged.pcapng"
    damaged.write_bytes(data)
    result = call("decode", damaged, *DERIBIT)
    assert result.exit_code == 2
    assert "offset" in error_of(result)
    assert 0 < json.loads(result.stdout)["packets"] < 600


@pytest.mark.parametrize(
    ("file", "arguments", "what"),
    [
        ("absent.pcap", DERIBIT, "the capture cannot be read; got No such file"),
        ("text", DERIBIT, "not a capture"),
        ("empty", DERIBIT, "not a capture"),
        ("text", ("--protocol", "itch"), "unknown protocol; expected deribit-multicast or"),
        ("text", (*DERIBIT, "--kinds", "x"), "no such kind"),
    ],
)
def test_a_wrong_file_protocol_or_kind_is_one_line(
    file: str, arguments: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("not a capture at all")
    (tmp_path / "empty").touch()
    result = call("decode", tmp_path / file, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert what in error_of(result)


def test_the_real_capture_is_decoded_whole(captures: Path) -> None:
    told = json.loads(
        call("decode", captures / "deribit/multicast_head_2000.pcapng", *DERIBIT).stdout
    )
    assert (told["packets"], told["gaps"], told["malformed"], told["unknown"]) == (2000, 0, 0, 0)
    assert sum(told["messages"].values()) == 2420
    assert told["records"]["quote"] == told["messages"]["Ticker"] == 1755


# Captures in text form

BOOK = (
    '{{"arg":{{"channel":"books","instId":"ABC-USDT"}},"action":"{action}","data":[{{'
    '"asks":[{asks}],"bids":[{bids}],"ts":"1700000000123","checksum":{crc},'
    '"prevSeqId":{previous},"seqId":{id}}}]}}'
)
OKX = ("--protocol", "okx")


def okx_lines() -> list[str]:
    """A snapshot, a change that fits, a trade, a change whose checksum is wrong, an answer, garbage."""
    first = zlib.crc32(b"10:1:11:2")
    second = zlib.crc32(b"10:3:11:2")
    signed = [crc - (1 << 32) if crc >= 1 << 31 else crc for crc in (first, second)]
    bid, ask = '["{}","{}","0","1"]'.format, '["{}","{}","0","1"]'.format
    return [
        BOOK.format(
            action="snapshot", asks=ask("11", "2"), bids=bid("10", "1"), crc=signed[0],
            previous=-1, id=5,
        ),
        BOOK.format(
            action="update", asks="", bids=bid("10", "3"), crc=signed[1], previous=5, id=6
        ),
        ('{"arg":{"channel":"trades","instId":"ABC-USDT"},"data":[{"instId":"ABC-USDT",'
        '"tradeId":"7","px":"10.5","sz":"0.25","side":"buy","ts":"1700000000124"}]}'),
        BOOK.format(action="update", asks=ask("11", "9"), bids="", crc=1, previous=6, id=7),
        '{"event":"subscribe","arg":{"channel":"books"}}',
        "pong",
        '{"unheard":"of"}',
        "{cut",
    ]  # fmt: skip


@pytest.fixture(params=["nanoseconds", "seconds", "gzip"])
def text_capture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The lines in each form that a capture has."""
    path = tmp_path / "okx.txt"
    if request.param == "seconds":
        lines = [f"1700000001.00000{n}: {text}" for n, text in enumerate(okx_lines())]
        lines.insert(0, "wss://okx.example <-> 1700000000.5")
        lines.insert(1, 'wss://okx.example <- 1700000000.6: {"op":"subscribe"}')
    else:
        lines = [f"{1700000001 * 10**9 + n * 1000} {text}" for n, text in enumerate(okx_lines())]
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if request.param == "gzip" else content)
    return path


def test_a_text_capture_is_summed_up_with_its_checksums_and_books(text_capture: Path) -> None:
    result = call("decode", text_capture, *OKX)
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert (told["format"], told["protocol"], told["packets"]) == ("text", "okx", 8)
    assert told["messages"] == {"books": 3, "trades": 1, "event": 1}
    assert (told["unknown"], told["malformed"], told["heartbeats"]) == (1, 1, 1)
    assert told["records"] == {"trade": 1, "level": 5, "bbo": 3, "instrument": 1}
    assert told["checksums"] == {"matched": 2, "mismatched": 1}
    assert told["books"] == {"total": 1, "proven": 0, "in_doubt": 1}
    assert told["first_ts_ns"] == 1700000001 * 10**9
    assert told["last_ts_ns"] == 1700000001 * 10**9 + 7000
    assert told["instruments"] == 1


def test_a_text_capture_is_shown_record_by_record(text_capture: Path) -> None:
    result = call("decode", text_capture, *OKX, "--format", "ndjson", "--kinds", "trade,level,bbo")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["kind"] for each in told] == [
        "level", "level", "level", "bbo", "level", "bbo", "trade", "level", "bbo",
    ]  # fmt: skip
    trade = next(each for each in told if each["kind"] == "trade")
    assert trade["instrument"] == "ABC-USDT"
    assert trade["ts_event_ns"] == 1700000000124 * 10**6
    assert (str(trade["price"]), str(trade["size"])) == ("10.5", "0.25")
    assert [each["seq"] for each in told] == [*range(1, 10)]
    table = call("decode", text_capture, *OKX, "--format", "table").stdout.splitlines()
    assert sum("ABC-USDT" in line for line in table) == 10


def test_a_doubtful_book_of_a_text_capture_says_why(text_capture: Path) -> None:
    told = json.loads(call("decode", text_capture, *OKX, "--books").stdout)["books"]
    assert told["doubts"] == {"gap": 1, "checksum": 1}
    result = call("decode", text_capture, *OKX, "--books", "--format", "ndjson", "--kinds", "mark")
    (book,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (book["kind"], book["is_proven"], book["doubts"]) == (
        "book",
        False,
        ["gap", "checksum"],
    )
    table = call("decode", text_capture, *OKX, "--books", "--format", "table").stdout
    assert "ABC-USDT  (in doubt: gap, checksum)" in table


@pytest.fixture
def day_of_itch(tmp_path: Path) -> Path:
    """A file of two messages, named after its day."""
    path = tmp_path / "01302019.NASDAQ_ITCH50.gz"
    opens = encode_message("S", event_code="Q", timestamp_ns=34_200_000_000_000)
    add = encode_message(
        "A", stock_locate=1, timestamp_ns=34_200_000_000_001, order_reference_number=9,
        buy_sell_indicator="B", shares=100, stock="AAPL", price=1_500_001,
    )  # fmt: skip
    path.write_bytes(gzip.compress(encode_blocks([opens, add]) + END))
    return path


OPENS_AT = 1_548_858_600_000_000_000
"""Half past nine in New York on that day."""


def test_a_file_of_itch_has_the_day_of_its_name(day_of_itch: Path) -> None:
    result = call("decode", day_of_itch, "--protocol", "itch50", "--format", "ndjson")
    assert (result.exit_code, result.stderr) == (0, "")
    _, _, told, order = (json.loads(line) for line in result.stdout.splitlines())
    assert (told["kind"], told["instrument"]) == ("instrument", "AAPL")
    assert (order["ts_event_ns"], order["ts_recv_ns"]) == (OPENS_AT + 1, None)
    assert (order["side"], order["price"], order["size"]) == ("B", "150.0001", "100")
    assert (order["action"], order["order_id"]) == ("A", 9)


def test_a_file_of_itch_without_a_day_in_its_name_needs_one(day_of_itch: Path) -> None:
    path = day_of_itch.rename(day_of_itch.with_name("day.gz"))
    itch = ("--protocol", "itch50", "--format", "ndjson")
    result = call("decode", path, *itch)
    assert result.exit_code == 2
    assert "give the day, such as --day 2019-01-30" in error_of(result)
    result = call("decode", path, *itch, "--day", "2019-01-30")
    assert json.loads(result.stdout.splitlines()[1])["ts_event_ns"] == OPENS_AT


def test_a_day_is_refused_where_messages_say_it(capture: Path) -> None:
    result = call("decode", capture, *DERIBIT, "--day", "2019-01-30")
    assert result.exit_code == 2
    assert "say their day" in error_of(result)


def test_a_capture_of_packets_is_no_file_of_itch(capture: Path) -> None:
    result = call("decode", capture, "--protocol", "itch50", "--day", "2019-01-30")
    assert result.exit_code != 0
    assert "itch50-mold" in result.stderr


# Binary messages of a WebSocket


def binary_capture(path: Path, messages: list[bytes]) -> Path:
    """Write messages as a capture file: each is the payload of a packet."""
    place = (0x7F000001, 6100)
    with CaptureWriter(path.open("wb")) as writer:
        for k, message in enumerate(messages):
            writer.write_udp(OPENS_NS + k, message, source=place, destination=place)
    return path


@pytest.mark.parametrize("protocol", sorted(MESSAGES))
def test_binary_messages_are_read_from_a_capture_of_payloads(protocol: str, tmp_path: Path) -> None:
    messages = [*MESSAGES[protocol], b'{"result":null,"id":1}']
    path = binary_capture(tmp_path / "x.pcapng", messages)
    result = call("decode", path, "--protocol", protocol, "--format", "ndjson")
    assert (result.exit_code, result.stderr) == (0, "")
    kinds = {json.loads(line)["kind"] for line in result.stdout.splitlines()}
    assert kinds >= {"trade", "quote", "level", "bbo"}
    told = json.loads(call("decode", path, "--protocol", protocol, "--books").stdout)
    assert told["messages"].pop("text") == 1
    assert sum(told["messages"].values()) == len(MESSAGES[protocol])
    assert (told["malformed"], told["truncated"], told["unknown"]) == (0, 0, 0)
    assert (told["books"]["total"], told["books"]["proven"]) == (1, 1)


def test_a_binary_change_that_is_missing_leaves_its_book_in_doubt(tmp_path: Path) -> None:
    _, _, snapshot, _ = MESSAGES["binance-sbe"]
    head = {"eventTime": 1, "priceExponent": 0, "qtyExponent": 0, "symbol": "BTCUSDT"}
    ids = {"firstBookUpdateId": 9, "lastBookUpdateId": 9, "bids": [], "asks": []}
    late = encode(SCHEMA, "DepthDiffStreamEvent", head | ids)  # 8 would be next
    path = binary_capture(tmp_path / "x.pcapng", [snapshot, late])
    told = json.loads(call("decode", path, "--protocol", "binance-sbe", "--books").stdout)
    assert told["books"]["doubts"] == {"chain_break": 1}
