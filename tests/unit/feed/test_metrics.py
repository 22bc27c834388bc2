"""Counters have fixed places that any process reads, and names, units and meanings."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.feed import metrics as m
from zerofeed.feed.metrics import COUNTERS, Metrics, counter_word, state_words
from zerofeed.shm import histogram, journal


def state(work_words: int = 0) -> np.ndarray:
    return np.zeros(state_words(work_words), np.int64)


def test_every_counter_has_a_line_of_its_own() -> None:
    words = [counter_word(counter.name) for counter in COUNTERS]
    assert words == [m.COUNTERS_AT + 16 * number for number in range(len(COUNTERS))]
    assert len({counter.name for counter in COUNTERS}) == len(COUNTERS)


def test_every_counter_says_its_unit_and_meaning() -> None:
    assert all(counter.unit and counter.meaning for counter in COUNTERS)


def test_the_first_counters_never_change_their_numbers() -> None:
    assert [counter.name for counter in COUNTERS[:6]] == [
        "packets_received",
        "packets_decoded",
        "packets_stale",
        "packets_heartbeat",
        "packets_malformed",
        "packets_truncated",
    ]


def test_parts_of_the_state_follow_one_another_without_overlap() -> None:
    starts = [journal.DATA, m.COUNTERS_AT, m.CHANNELS_AT, m.TEMPLATES_AT, m.HISTOGRAMS_AT]
    assert starts == sorted(starts)
    assert m.COUNTERS_AT + len(COUNTERS) * 16 <= m.CHANNELS_AT
    assert m.CHANNELS_AT + m.CHANNELS * m.CHANNEL_WORDS <= m.TEMPLATES_AT
    assert m.TEMPLATES_AT + m.TEMPLATES <= m.HISTOGRAMS_AT
    assert m.HISTOGRAMS_AT + len(m.HISTOGRAMS) * histogram.HISTOGRAM_WORDS <= m.WORK_AT
    assert state_words(7) == m.WORK_AT + 7


def test_a_counter_is_read_where_it_is_written() -> None:
    words = state()
    words[counter_word("gaps")] = 5
    metrics = Metrics(words)
    metrics.add("resets", 2)
    assert metrics["gaps"] == 5
    assert {k: v for k, v in metrics.counters().items() if v} == {"gaps": 5, "resets": 2}


def test_an_unknown_counter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        counter_word("luck")
    with pytest.raises(KeyError):
        Metrics(state())["luck"]


def test_only_channels_that_were_seen_are_listed() -> None:
    words = state()
    at = m.CHANNELS_AT + 3 * m.CHANNEL_WORDS
    words[at : at + 8] = [8, 100, 9, 2, 1, 4, 0, 6]
    assert Metrics(words).channels() == [
        {
            "channel": 7,
            "expected_seq": 100,
            "packets": 9,
            "missing": 2,
            "gaps": 1,
            "stale": 4,
            "resets": 0,
            "heartbeats": 6,
        }
    ]


def test_latencies_without_samples_are_none_and_with_samples_within_a_sixteenth() -> None:
    words = state()
    metrics = Metrics(words)
    name = m.HISTOGRAMS[0]
    nothing = {"p50": None, "p99": None, "p999": None, "max": None, "count": 0}
    assert metrics.latency(name) == nothing
    words[m.HISTOGRAMS_AT : m.HISTOGRAMS_AT + 3] = [1, 1000, 1000]
    words[m.HISTOGRAMS_AT + 4 + histogram.bucket_of(1000)] = 1
    found = metrics.latency(name)
    assert found["max"] == 1000
    assert found["p50"] == found["p999"] == histogram.lower_bound(histogram.bucket_of(1000))


def test_templates_are_counted_by_slot() -> None:
    words = state()
    words[m.TEMPLATES_AT + 2] = 9
    assert Metrics(words).templates() == [0, 0, 9] + [0] * (m.TEMPLATES - 3)
