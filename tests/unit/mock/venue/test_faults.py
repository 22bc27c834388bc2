"""What goes wrong is drawn by the seed, and the ledger has exactly what was done."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.connection import Message
from zerofeed.mock.venue.faults import (
    FAULT_NAMES,
    Action,
    ConnectionFaults,
    Done,
    Faults,
    Ledger,
    oversized,
    parse_faults,
)

__all__: list[str] = []


def message(number: int) -> Message:
    text = f'{{"n":{number},"E":1700000000000,"checksum":-77}}'
    return Message(text, "stream")


def run(faults: Faults, count: int, seed: int = 1) -> tuple[list[list[Action]], Ledger]:
    ledger = Ledger()
    line = ConnectionFaults(faults, seed, 1, ledger)
    return [line.apply(message(k)) for k in range(count)], ledger


def certain(name: str, **more: int) -> Faults:
    return Faults(**{name.replace("-", "_"): 1.0}, **more)  # type: ignore[arg-type]


def test_without_chances_everything_is_sent_as_it_is() -> None:
    actions, ledger = run(Faults(), 5)
    assert actions == [[Action("send", message(k).text)] for k in range(5)]
    assert ledger.counts == Counter()


def test_dropped_message_is_not_sent() -> None:
    actions, ledger = run(certain("drop"), 3)
    assert actions == [[], [], []]
    assert ledger.entries == [Done("drop", 1, k, "stream") for k in range(3)]


def test_duplicated_message_is_sent_twice() -> None:
    actions, _ = run(certain("duplicate"), 1)
    assert actions[0] == [Action("send", message(0).text)] * 2


def test_reordered_message_follows_the_next_one_and_is_counted_then() -> None:
    actions, ledger = run(certain("reorder"), 4)
    assert [[a.payload for a in each] for each in actions] == [
        [],
        [message(1).text, message(0).text],
        [],
        [message(3).text, message(2).text],
    ]
    assert ledger.counts == {"reorder": 2}


def test_held_message_without_a_successor_is_sent_and_was_no_fault() -> None:
    ledger = Ledger()
    line = ConnectionFaults(certain("reorder"), 1, 1, ledger)
    assert line.apply(message(0)) == []
    assert line.is_holding
    assert line.release() == [Action("send", message(0).text)]
    assert not line.is_holding
    assert ledger.counts == Counter()


def test_answer_never_overtakes_a_message_that_is_held() -> None:
    line = ConnectionFaults(certain("reorder"), 1, 1, Ledger())
    line.apply(message(0))
    said = line.apply(Message("answer"))
    assert [action.payload for action in said] == [message(0).text, "answer"]


def test_delayed_message_waits_first() -> None:
    actions, _ = run(certain("delay", delay_ms=7), 1)
    assert actions[0] == [Action("pause", pause_ms=7), Action("send", message(0).text)]


@pytest.mark.parametrize(("name", "kind"), [("disconnect", "cut"), ("half-open", "hush")])
def test_connection_ends_in_place_of_the_message(name: str, kind: str) -> None:
    actions, ledger = run(certain(name), 3)
    assert actions == [[Action(kind)], [], []]
    assert ledger.counts == {name: 1}


def test_garbage_is_never_the_message() -> None:
    actions, _ = run(certain("garbage"), 60)
    kinds = set()
    for k, (action,) in enumerate(actions):
        assert action.payload != message(k).text
        kinds.add(type(action.payload))
        with pytest.raises(ValueError):  # noqa: PT011 - broken as JSON or as UTF-8, by turns
            json.loads(action.payload)
    assert kinds == {str, bytes}


def test_garbage_of_a_binary_message_is_binary_and_never_the_message() -> None:
    line = ConnectionFaults(certain("garbage"), 1, 1, Ledger())
    sent = bytes(range(40))
    for _ in range(40):
        (action,) = line.apply(Message(sent, "s"))
        assert isinstance(action.payload, bytes)
        assert action.is_binary
        assert action.payload != sent


@pytest.mark.parametrize("name", ["checksum", "skew"])
def test_a_binary_message_is_not_spoiled_and_counted_under_nothing(name: str) -> None:
    ledger = Ledger()
    line = ConnectionFaults(certain(name), 1, 1, ledger)
    assert line.apply(Message(b"\0\1", "s")) == [Action("send", b"\0\1", is_binary=True)]
    assert ledger.counts == Counter()
    assert oversized(b"\1", 3) == b"\1\0\0"


def test_oversized_message_has_the_length_asked_for() -> None:
    actions, _ = run(certain("oversized", oversized_bytes=5_000), 1)
    text = actions[0][0].payload
    assert len(text) == 5_000
    assert json.loads(text) == json.loads(message(0).text)
    assert oversized("longer", 3) == "longer"


@pytest.mark.parametrize(
    "text", ['{"checksum":-77}', '[1,{"a":[],"c":"77"},"book","X"]', '[17,"cs",-77,5]']
)
def test_wrong_checksum_differs_in_nothing_else(text: str) -> None:
    ledger = Ledger()
    line = ConnectionFaults(certain("checksum"), 1, 1, ledger)
    (action,) = line.apply(Message(text, "s"))
    assert isinstance(action.payload, str)
    assert action.payload != text
    start = text.index("77")
    assert action.payload[: start - 1] == text[: start - 1]
    assert action.payload.endswith(text[start + 2 :])
    assert ledger.counts == {"checksum": 1}


def test_message_without_a_checksum_is_sent_and_counted_under_nothing() -> None:
    ledger = Ledger()
    line = ConnectionFaults(certain("checksum"), 1, 1, ledger)
    assert line.apply(Message('{"p":1}', "s")) == [Action("send", '{"p":1}')]
    assert ledger.counts == Counter()


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ('{"E":1700000000000}', '{"E":1700000005000}'),
        ('{"ts":"1700000000000","px":"1"}', '{"ts":"1700000005000","px":"1"}'),
        ('{"timestamp":1700000000000000}', '{"timestamp":1700000005000000}'),
        ('{"time":"2023-11-14T22:13:57.5Z"}', '{"time":"2023-11-14T22:14:02.5Z"}'),
    ],
)
def test_skewed_times_are_off_by_their_own_unit(text: str, moved: str) -> None:
    line = ConnectionFaults(certain("skew", skew_ms=5_000), 1, 1, Ledger())
    assert line.apply(Message(text, "s")) == [Action("send", moved)]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_draws_depend_on_nothing_but_seed_connection_and_number(seed: int) -> None:
    chances = {name.replace("-", "_"): 0.05 for name in FAULT_NAMES}
    faults = Faults(**chances, oversized_bytes=100)  # type: ignore[arg-type]
    ledgers = Ledger(), Ledger()
    lines = [ConnectionFaults(faults, seed, 3, ledger) for ledger in ledgers]
    for k in range(150):
        lines[0].apply(message(k))
    for k in range(150):
        lines[1].apply(Message("answers between them change nothing"))
        lines[1].apply(message(k))
    order = [[entry for entry in ledger.entries if entry.fault != "reorder"] for ledger in ledgers]
    assert order[0] == order[1]


def test_chances_come_true_in_the_long_run() -> None:
    _, ledger = run(Faults(drop=0.1, duplicate=0.2), 5_000)
    assert 400 < ledger.counts["drop"] < 600
    assert 850 < ledger.counts["duplicate"] < 1_150


def test_text_is_read_into_chances_and_lengths() -> None:
    faults = parse_faults("drop=0.01, half-open=0.002,delay_ms=50,")
    assert faults == Faults(drop=0.01, half_open=0.002, delay_ms=50)
    assert parse_faults("") == Faults()


@pytest.mark.parametrize("text", ["dorp=0.1", "drop", "drop=x", "delay_ms=1.5"])
def test_text_that_is_no_fault_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(ConfigurationError, match="disconnect"):
        parse_faults(text)


@pytest.mark.parametrize("text", ["drop=0.6,delay=0.6", "drop=-0.1"])
def test_impossible_chances_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="at most 1"):
        parse_faults(text)
