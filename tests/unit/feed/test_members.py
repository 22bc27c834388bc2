"""Readers get slots, places and bells; the writer alone says which mode they are in."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ResourceError
from zerofeed.base.status import OK
from zerofeed.feed.members import (
    MODES,
    Member,
    Members,
    degrade,
    dismiss,
    enlist,
    initial_position,
)
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorTable, Ring


def member(slot: int = 0, mode: str = "lossy") -> Member:
    return Member(slot, "records", mode, pid=1, uid=2, program="p", start=0)


@pytest.fixture
def one() -> Iterator[Member]:
    made = member()
    yield made
    made.close()


def ring(published: int = 0, claimed: int | None = None) -> Ring:
    made = Ring("test", 128, 64, max_claim=32)
    made.control[k.PUBLISHED] = published
    made.control[k.CLAIMED] = published if claimed is None else claimed
    return made


def test_slots_are_given_from_the_lowest_and_given_again() -> None:
    members = Members()
    for slot in range(3):
        assert members.free_slot() == slot
        members.by_slot[slot] = None  # type: ignore[assignment]
    del members.by_slot[1]
    assert members.free_slot() == 1


@pytest.mark.parametrize(("limit", "most"), [(2, 2), (1000, k.MAX_READERS)])
def test_a_reader_beyond_the_limit_is_refused(limit: int, most: int) -> None:
    members = Members(limit)
    members.by_slot = dict.fromkeys(range(most))  # type: ignore[assignment]
    with pytest.raises(ResourceError, match=f"at most {most} readers"):
        members.free_slot()


def test_now_is_the_next_record() -> None:
    assert initial_position(ring(300), "now") == 300


def test_oldest_is_not_what_the_very_next_claim_overwrites() -> None:
    assert initial_position(ring(10), "oldest") == 0
    # It claims 32 records at most, and two more ahead.
    assert initial_position(ring(300), "oldest") == 300 - 128 + 34
    assert initial_position(ring(300, claimed=320), "oldest") == 320 - 128 + 34


@given(st.integers(0, 1000), st.integers(0, 32), st.integers(-5, 1100))
@settings(max_examples=50)
def test_a_sequence_number_is_brought_between_the_oldest_and_the_next(
    published: int, claimed: int, start: int
) -> None:
    made = ring(published, published + claimed)
    oldest = initial_position(made, "oldest")
    assert oldest <= initial_position(made, start) <= published
    if oldest <= start <= published:
        assert initial_position(made, start) == start


def test_enlisting_shows_the_page_the_bell_and_the_mode(one: Member) -> None:
    made, table = ring(), CursorTable()
    one.page.words[k.POSITION] = 5
    assert enlist(made, table, 3, "lossless", one.fds)
    assert table.page(3)[k.POSITION] == 5
    assert made.control[k.MODES + 3] == k.LOSSLESS
    assert made.control[k.BELLS + 3] == one.bell[0].fileno()
    assert made.control[k.SLOTS] == 4


def test_enlisting_makes_the_writer_look_at_positions_again(one: Member) -> None:
    made, table = ring(128), CursorTable()
    assert k.try_claim(made.control, table.words, 32) == OK
    made.control[k.PUBLISHED] = 160
    one.page.words[k.POSITION] = 40
    enlist(made, table, 0, "lossless", one.fds)
    assert k.try_claim(made.control, table.words, 8) == OK
    assert k.try_claim(made.control, table.words, 9) != OK


def test_a_lossless_reader_whose_place_is_overwritten_is_not_let_in(one: Member) -> None:
    made, table = ring(300), CursorTable()
    one.page.words[k.POSITION] = 300 - 128 - 1
    assert not enlist(made, table, 0, "lossless", one.fds)
    assert made.control[k.MODES] == k.FREE
    assert enlist(made, table, 0, "lossy", one.fds)


def test_a_new_reader_of_a_used_slot_is_not_taken_for_woken_already(one: Member) -> None:
    made, table = ring(), CursorTable()
    made.control[k.WOKEN] = 11
    enlist(made, table, 0, "lossy", one.fds)
    assert made.control[k.WOKEN] == 0


def test_a_dismissed_reader_holds_nothing_back_and_has_no_bell(one: Member) -> None:
    made, table = ring(128), CursorTable()
    enlist(made, table, 0, "lossless", one.fds)
    assert k.try_claim(made.control, table.words, 1) != OK
    dismiss(made, 0)
    assert k.try_claim(made.control, table.words, 1) == OK
    assert made.control[k.BELLS] == -1


def test_a_degraded_reader_holds_nothing_back(one: Member) -> None:
    made, table = ring(128), CursorTable()
    enlist(made, table, 0, "lossless", one.fds)
    degrade(made, 0)
    assert k.try_claim(made.control, table.words, 1) == OK
    assert made.control[k.MODES] == k.DEGRADED


def test_modes_are_those_that_a_reader_can_ask_for() -> None:
    assert MODES == {"lossy": k.LOSSY, "lossless": k.LOSSLESS}


def test_reader_and_writer_have_the_same_page_and_different_ends_of_the_bell(one: Member) -> None:
    assert one.fds[0] == one.reader_fds[0] == one.page.fd
    assert one.fds[1] != one.reader_fds[1]
    one.bell[0].send(b"!")
    assert one.bell[1].recv(8) == b"!"


def test_closing_gives_both_ends_of_the_bell_back() -> None:
    made = member()
    made.close()
    assert [end.fileno() for end in made.bell] == [-1, -1]


@pytest.mark.compiled
def test_a_sleeping_readers_bell_is_rung_once_and_never_waited_for(one: Member) -> None:
    """Its reader may fill it, shut it and clear every flag of its own end."""
    import numpy as np

    made, table = ring(), CursorTable()
    enlist(made, table, 0, "lossy", one.fds)
    ours, theirs = one.bell
    theirs.setblocking(True)
    ours.setblocking(True)
    page = one.page.words
    page[k.SLEEPS_ON] = k.BELL
    for number in range(2_000):
        page[k.WAITING] = 2 * number + 1
        assert k.try_publish(made.control, table.words, np.ones(1, np.int64), 1, 1) == 1
    assert theirs.recv(8) == b"\1"
    theirs.shutdown(socket.SHUT_RDWR)
    page[k.WAITING] = 2 * 2_000 + 1
    assert k.try_publish(made.control, table.words, np.ones(1, np.int64), 1, 1) == 1
