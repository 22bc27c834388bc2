"""`decode --format messages` prints the fields of every message, of a known venue or of a schema of one's own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.apps.commands import call, error_of
from tests.unit.codecs.cme.venue import book, entry
from tests.unit.codecs.cme.venue import packet as cme_packet
from tests.unit.runtime.own_sbe_feed import FRAMING, XML, message, packet
from zerofeed.wire.pcap_write import CaptureWriter

__all__: list[str] = []


def written(path: Path, *payloads: bytes) -> Path:
    with path.open("wb") as file, CaptureWriter(file) as writer:
        for place, payload in enumerate(payloads):
            writer.write_udp(1_000 + place, payload, source=(1, 5), destination=(2, 6))
    return path


def test_a_schema_of_one_s_own_shows_every_field(tmp_path: Path) -> None:
    (tmp_path / "venue.xml").write_text(XML)
    (tmp_path / "venue.toml").write_text(FRAMING)
    capture = written(tmp_path / "x.pcap", packet(7, message("Hello", number=3, rows=[5])))
    told = call(
        "decode", capture, "--protocol", "sbe", "--schema", tmp_path / "venue.xml",
        "--framing", tmp_path / "venue.toml", "--format", "messages",
    )  # fmt: skip
    assert (told.exit_code, told.stderr) == (0, "")
    (line,) = told.stdout.splitlines()
    shown = json.loads(line)
    assert (shown["name"], shown["number"], shown["ts_recv_ns"]) == ("Hello", 7, 1_000)
    assert shown["fields"]["rows"] == [{"price": 5}]


def test_messages_of_a_known_venue_need_no_schema(tmp_path: Path) -> None:
    capture = written(tmp_path / "x.pcap", cme_packet(7, book(entry(100, 5, 1))))
    told = call("decode", capture, "--protocol", "cme-mdp3", "--format", "messages")
    shown = json.loads(told.stdout)
    assert shown["fields"]["NoMDEntries"][0]["MDEntrySize"] == 5
    assert (shown["template"], shown["number"]) == (46, 7)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    capture = written(tmp_path / "x.pcap", b"\0" * 20)
    result = call("decode", capture, "--protocol", "iex-tops", "--format", "messages")
    assert "not shown by their fields" in error_of(result)
    result = call("decode", capture, "--protocol", "iex-tops", "--schema", capture)
    assert "belongs to the protocol sbe" in error_of(result)
    result = call("decode", capture, "--protocol", "sbe")
    assert "needs a schema" in error_of(result)
