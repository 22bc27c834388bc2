"""A window counts what lies within it, and nothing older."""

from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.venue.limits import Limits, Window

__all__: list[str] = []


@given(
    steps=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4)), max_size=60),
    limit=st.integers(1, 12),
    length=st.integers(1, 50),
)
def test_window_says_what_counting_again_would(
    steps: list[tuple[int, int]], limit: int, length: int
) -> None:
    window = Window(limit, length)
    now, taken = 0, []
    for wait, weight in steps:
        now += wait
        taken.append((now, weight))
        within = sum(each for ts, each in taken if ts > now - length)
        assert window.take(now, weight) == (within <= limit)


def test_no_limit_allows_any_amount() -> None:
    window = Window(0, 1)
    assert all(window.take(0, 1_000) for _ in range(10))


def test_limits_of_a_venue_that_says_nothing_are_none() -> None:
    limits = Limits()
    assert limits.messages == limits.streams == limits.idle_ns == limits.weight == 0
