"""The command: one page or one object, and a status that says whether anything contradicts."""

from __future__ import annotations

import json

import pytest

from tests.unit.apps.audit.made_up import PID, reader
from tests.unit.apps.commands import call, error_of
from tests.unit.feed.feeds import records
from zerofeed.apps.audit import report as module
from zerofeed.apps.audit.evidence import Evidence, Hop, Report, Sort, Verdict
from zerofeed.apps.audit.gather_probes import ProbesRefusedError
from zerofeed.apps.copies import copies_per_packet
from zerofeed.apps.render import make_console
from zerofeed.feed.attach import attach
from zerofeed.feed.publisher import Publisher

__all__: list[str] = []


@pytest.mark.compiled
def test_an_absent_feed_is_one_line() -> None:
    result = call("audit", "absent-feed", "--seconds", "0")
    assert result.exit_code == 4
    assert "no such feed is running" in error_of(result)


@pytest.mark.compiled
def test_a_reader_in_the_process_that_writes_is_seen_as_such(publisher: Publisher) -> None:
    """The audit runs in the feed's own process here, so its own maps can be written: it must say so."""
    publisher.publish(records(0, 30))
    result = call("audit", publisher.name, "--seconds", "0", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"]) == (1, False)
    (own,) = [hop for hop in told["hops"] if hop["hop"].endswith("to this audit")]
    assert own["verdict"] == "contradicts"
    assert "mapped writable (rw-s)" in next(
        each["text"] for each in own["evidence"] if each["sort"] == "maps"
    )
    assert told["copies_per_packet"]["kernel"] is None


@pytest.mark.compiled
def test_other_readers_are_hops_of_their_own(publisher: Publisher) -> None:
    publisher.publish(records(0, 30))
    with (
        attach(publisher.name, program="strategy") as feed,
        feed.reader(),
        feed.reader(kinds=["trade"]),
        attach(publisher.name, program=module.PROGRAM) as audited,
    ):
        objects = module.identify_objects(publisher.name)
        report, figures = module.examine(audited, objects, 0.0)
    hops = [hop for hop in report.hops if hop.name == "records to strategy"]
    assert [hop.user_copies for hop in hops] == [0, 1]
    assert {hop.verdict for hop in hops} == {Verdict.HOLDS}, "they read where the feed writes"
    assert [each["copies"] for each in figures["readers"]] == []


def test_what_a_process_reads_is_added_up_over_its_readers() -> None:
    before = {"readers": [{**reader(), "slot": 0, "consumed": 10}]}
    after = {
        "readers": [
            {**reader(), "slot": 0, "consumed": 30},
            {**reader(), "slot": 1, "ring": "frames", "consumed": 5},
            {**reader(), "slot": 2, "consumed": 7, "pid": 1, "program": module.PROGRAM},
        ]
    }
    assert module._read_bytes(before, after) == {PID: 20 * 64 + 5 * 32}


class FakeCounter:
    """Stands in for a counter of the kernel's; says when it is closed."""

    opened: list[str]
    closed: list[str]

    def __init__(self, name: str, pid: int | None) -> None:
        if pid == 13:
            raise ProbesRefusedError("gone")
        self.name = f"{name} {pid}"
        self.opened.append(self.name)

    def count(self) -> int:
        return 7

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.append(self.name)


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> type[FakeCounter]:
    FakeCounter.opened, FakeCounter.closed = [], []
    monkeypatch.setattr(module, "Counter", FakeCounter)
    monkeypatch.setattr(module, "calibrate", lambda _: (["f"], 32, 32))
    return FakeCounter


def test_every_process_is_counted_and_one_that_is_gone_is_left_out(counters) -> None:
    with module._counting([7, 13, 8], {"receivers": [{"kind": "xdp"}]}) as probes:
        probes.take(100)
    facts = probes.facts
    assert (facts.why_unknown, facts.calls, facts.packets) == (None, {7: 7, 8: 7}, 100)
    assert facts.everywhere == {"__xsk_rcv": 7, "__xsk_rcv_zc": 7}
    assert sorted(counters.closed) == sorted(counters.opened)


def test_an_interrupt_closes_every_counter(counters) -> None:
    with pytest.raises(KeyboardInterrupt), module._counting([7], {}):
        raise KeyboardInterrupt
    assert counters.closed == counters.opened == ["f 7"]


def test_a_machine_without_probes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise ProbesRefusedError("locked down")

    monkeypatch.setattr(module, "calibrate", refuse)
    with module._counting([7], {}) as probes:
        probes.take(100)
    assert probes.facts.why_unknown == "locked down"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_page_shows_every_piece_of_evidence(capsys, verdict: Verdict) -> None:
    hop = Hop("records to [x]", 0, 1, pid=PID, evidence=[Evidence(Sort.MAPS, verdict, "why")])
    figures = copies_per_packet({"receivers": [], "readers": []})
    module.draw(make_console(), Report("feed", 1.0, [hop]), figures)
    page = capsys.readouterr().out
    assert f"records to [x] [{PID}]  0 by the kernel, 1 in user space" in page
    assert "maps       " in page
    assert ("not known: why" in page) is (verdict is Verdict.UNKNOWN)
    assert ("verdict: contradicted" in page) is (verdict is Verdict.CONTRADICTS)
