"""What is missing is asked for once, again when it did not come, and told once an episode."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.rig import Rig
from tests.unit.runtime.venue_packets import of_the_venue
from zerofeed.runtime.gap_care import RETRY_NS, GapCare
from zerofeed.sequencing.holding import A_REPLAYS

__all__: list[str] = []

pytestmark = pytest.mark.compiled


class Care:
    """A rig whose packets wait, its care, and what that asked and said."""

    def __init__(self, rig: Rig, *, can_ask: bool = True) -> None:
        self.rig = rig
        self.now_ns = 10**12
        self.asked: list[tuple[int, int]] = []
        self.said: list[str] = []
        self.packets: list[bytes] = []

        def ask(packet: bytes, begin: int, count: int) -> bytes:
            self.packets.append(packet)
            self.asked.append((begin, count))
            return b""

        self.care = GapCare(
            rig.memory, ask if can_ask else None, lambda _: None, self.said.append,
            clock=lambda: self.now_ns,
        )  # fmt: skip

    def turn(self) -> None:
        self.rig.turn()
        self.care.look()


@pytest.fixture
def rig():
    made = Rig(wait_us=60_000_000)
    yield made
    made.close()


def one_channel(count: int):
    packets = of_the_venue(40 * count)
    channels = np.array(
        [int.from_bytes(packets.payload(n)[2:4], "little") for n in range(len(packets))]
    )
    return packets.chosen(np.flatnonzero(channels == np.bincount(channels).argmax())[:count])


def seq_of(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "little")


def test_a_hole_is_asked_for_once_and_again_after_a_while(rig) -> None:
    care = Care(rig)
    packets = one_channel(12)
    first = seq_of(packets.payload(0))
    rig.send(packets.chosen(np.array([0, 3, 4, 7])))
    care.turn()
    assert care.asked == [(first + 1, 2), (first + 5, 2)]
    assert care.packets[0] == packets.payload(3)
    care.turn()
    assert len(care.asked) == 2
    care.now_ns += RETRY_NS
    care.turn()
    assert care.asked[2:] == care.asked[:2]
    assert care.care.requests == 4


def test_what_an_answer_left_out_is_asked_for_at_once(rig) -> None:
    care = Care(rig)
    packets = one_channel(12)
    first = seq_of(packets.payload(0))
    rig.send(packets.chosen(np.array([0, 4])))
    care.turn()
    rig.send(packets.chosen(np.array([1])), 1)
    care.turn()
    assert care.asked == [(first + 1, 3), (first + 2, 2)]


def test_an_episode_is_told_when_it_begins_and_when_it_is_over(rig) -> None:
    rig.memory.state[A_REPLAYS] = 0b10
    care = Care(rig)
    packets = one_channel(12)
    rig.send(packets.chosen(np.array([0, 3, 5])))
    care.turn()
    (begun,) = care.said
    assert "2 missing from" in begun
    rig.send(packets.chosen(np.array([1, 2, 4])), 1)
    care.turn()
    assert len(care.said) == 2
    assert "3 recovered, 0 lost, after 2 requests" in care.said[1]


def test_where_nobody_can_be_asked_nothing_is(rig) -> None:
    care = Care(rig, can_ask=False)
    packets = one_channel(12)
    rig.send(packets.chosen(np.array([0, 3])))
    care.turn()
    assert (care.asked, care.said) == ([], [])
    rig.send(packets.chosen(np.array([1, 2])), 1)
    care.turn()
    assert care.said == []


def test_losses_are_told_now_and_then_with_all_that_came_between() -> None:
    hasty = Rig(wait_us=0)
    try:
        care = Care(hasty, can_ask=False)
        packets = one_channel(30)
        hasty.send(packets.chosen(np.array([0, 3])))
        care.turn()
        care.care.tell_losses()
        (told,) = care.said
        assert "2 lost in 1 gap, expecting" in told
        hasty.send(packets.chosen(np.array([6, 8])))
        care.turn()
        care.care.tell_losses()
        assert len(care.said) == 1
        care.now_ns += 2_000_000_000
        care.care.tell_losses()
        assert "3 lost in 2 gaps" in care.said[1]
        care.now_ns += 2_000_000_000
        care.care.tell_losses()
        assert len(care.said) == 2
    finally:
        hasty.close()
