"""A frame that ends two workers is skipped; whatever else ends them too often ends the feed."""

from __future__ import annotations

import signal

from zerofeed.runtime.deaths import CRASHES, WINDOW_NS, Deaths

__all__: list[str] = []

SEGV, KILL, ABORT = signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT


def test_any_number_of_kills_is_borne() -> None:
    deaths = Deaths()
    assert all(deaths.note(now, KILL, 3) for now in range(100))
    assert (deaths.skip, deaths.count) == (None, 0)


def test_a_frame_that_ended_two_workers_is_skipped() -> None:
    deaths = Deaths()
    assert deaths.note(0, SEGV, 7)
    assert deaths.skip is None
    assert deaths.note(1, ABORT, 7)
    assert deaths.skip == 7


def test_two_frames_that_end_one_worker_each_are_not_skipped() -> None:
    deaths = Deaths()
    assert deaths.note(0, SEGV, 7)
    assert deaths.note(1, SEGV, 8)
    assert deaths.skip is None


def test_a_kill_between_two_crashes_changes_nothing() -> None:
    deaths = Deaths()
    deaths.note(0, SEGV, 7)
    deaths.note(1, KILL, 7)
    deaths.note(2, SEGV, 7)
    assert deaths.skip == 7
    # Killed before it could skip: the next one must.
    deaths.note(3, KILL, 7)
    assert deaths.skip == 7


def test_any_number_of_bad_frames_is_borne() -> None:
    deaths = Deaths()
    for frame in range(50):
        assert deaths.note(2 * frame, SEGV, frame)
        assert deaths.note(2 * frame + 1, SEGV, frame)
        assert deaths.skip == frame
    assert deaths.count == 0


def test_a_frame_that_goes_on_killing_though_it_should_be_skipped_ends_the_feed() -> None:
    deaths = Deaths()
    verdicts = [deaths.note(now, SEGV, 7) for now in range(2 + CRASHES + 1)]
    assert verdicts == [True] * (2 + CRASHES) + [False]


def test_deaths_outside_of_a_frame_end_the_feed_when_there_are_too_many_at_a_time() -> None:
    for number in (0, SEGV):
        deaths = Deaths()
        verdicts = [deaths.note(now, number, None) for now in range(CRASHES + 1)]
        assert verdicts == [True] * CRASHES + [False]
        assert deaths.skip is None


def test_an_end_of_its_own_is_no_frames_fault() -> None:
    deaths = Deaths()
    for now in range(3):
        deaths.note(now, 0, 7)
    assert (deaths.skip, deaths.count) == (None, 3)


def test_deaths_far_apart_are_borne_for_ever() -> None:
    deaths = Deaths()
    step = WINDOW_NS // CRASHES
    assert all(deaths.note(now * step, 0, None) for now in range(100))
