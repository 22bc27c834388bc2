"""Waiting grows, is spread, respects what a server asks for, and begins anew after a success."""

from __future__ import annotations

import pytest

from zerofeed.wire.websocket.backoff import Backoff, least_wait_s

__all__: list[str] = []


def test_waiting_doubles_up_to_its_limit() -> None:
    backoff = Backoff(first_s=1.0, most_s=8.0)
    assert [backoff.wait_s(1.0) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_half_of_it_is_chance() -> None:
    assert Backoff(first_s=4.0).wait_s(0.0) == 2.0
    assert Backoff(first_s=4.0).wait_s(0.5) == 3.0


def test_many_attempts_do_not_overflow() -> None:
    backoff = Backoff(most_s=60.0)
    assert max(backoff.wait_s(1.0) for _ in range(5000)) == 60.0


def test_a_success_begins_anew() -> None:
    backoff = Backoff(first_s=1.0)
    backoff.wait_s(1.0)
    backoff.wait_s(1.0)
    backoff.succeed()
    assert backoff.wait_s(1.0) == 1.0


def test_what_a_server_asks_for_is_the_least() -> None:
    assert Backoff().wait_s(0.5, asked_s=300.0) == 300.5
    assert Backoff().wait_s(0.0, least_s=30.0) == 30.0


def test_nobody_is_believed_for_more_than_a_day() -> None:
    assert Backoff().wait_s(0.0, asked_s=1e12) == 86400.0


@pytest.mark.parametrize(
    ("status", "least_s"),
    [
        (0, 0.0),
        (101, 0.0),
        (400, 30.0),
        (401, 60.0),
        (403, 60.0),
        (418, 120.0),
        (429, 30.0),
        (503, 2.0),
    ],
)
def test_a_refusal_is_not_asked_again_at_once(status: int, least_s: float) -> None:
    assert least_wait_s(status) == least_s
