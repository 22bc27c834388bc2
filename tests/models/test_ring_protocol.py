"""The shared-memory protocols hold under weak memory, and each of their rules is needed.

A rule is needed when the explorer finds a counterexample without it. A mutation that is not
caught means that the model is too kind to prove anything about the sound protocol.
"""

from dataclasses import replace

import pytest
from models.explorer import Outcome, explore

from models import frames, lossless, ring, wait


def _said(outcome: Outcome) -> str:
    return "\n".join((outcome.violation or "holds", *outcome.trace))


@pytest.mark.slow
def test_ring_delivers_only_whole_records_and_counts_the_rest() -> None:
    """Torn, stale, repeated and reordered records never pass; a writer may die at any step."""
    outcome = explore(ring.ring_system(ring.RingRules()))
    assert outcome.violation is None, _said(outcome)
    assert outcome.states > 10_000


def test_ring_holds_over_several_laps() -> None:
    """The same, with each slot written three times."""
    outcome = explore(ring.ring_system(ring.RingRules(capacity=1)))
    assert outcome.violation is None, _said(outcome)


@pytest.mark.parametrize("mutation", ring.MUTATIONS)
def test_ring_needs_each_rule(mutation: str) -> None:
    """Breaking one rule of the ring lets a wrong record through."""
    outcome = explore(ring.ring_system(ring.MUTATIONS[mutation]))
    assert outcome.violation is not None
    assert "accepted" in outcome.violation


@pytest.mark.parametrize(
    "rules",
    [
        lossless.LosslessRules(),
        lossless.LosslessRules(is_patience_bounded=False),
        lossless.LosslessRules(reader_may_stop=True),
        pytest.param(lossless.LosslessRules(total=3, kills=1), marks=pytest.mark.slow),
        pytest.param(
            lossless.LosslessRules(capacity=1, total=2, readers=2), marks=pytest.mark.slow
        ),
    ],
    ids=["patient or not", "always patient", "readers stop", "writer killed", "two readers"],
)
def test_lossless_reader_loses_nothing_until_degraded(rules: lossless.LosslessRules) -> None:
    """No loss without degradation, and no reader stops the writer for ever."""
    outcome = explore(lossless.lossless_system(rules))
    assert outcome.violation is None, _said(outcome)


@pytest.mark.parametrize("mutation", lossless.MUTATIONS)
def test_lossless_mode_needs_each_rule(mutation: str) -> None:
    """Breaking one rule of the lossless mode loses a record, accepts a wrong one, or stops."""
    assert explore(lossless.lossless_system(lossless.MUTATIONS[mutation])).violation is not None


@pytest.mark.slow
@pytest.mark.parametrize("variant", wait.VARIANTS)
def test_no_wakeup_is_lost(variant: str) -> None:
    """A reader never sleeps beside a record, also when the writer dies before waking it."""
    outcome = explore(wait.wait_system(wait.VARIANTS[variant]))
    assert outcome.violation is None, _said(outcome)


@pytest.mark.parametrize("mutation", wait.MUTATIONS)
def test_waiting_needs_each_rule(mutation: str) -> None:
    """Breaking one rule of waiting leaves a reader asleep for ever."""
    outcome = explore(wait.wait_system(wait.MUTATIONS[mutation]))
    assert outcome.violation == "no progress: the end is out of reach"


@pytest.mark.parametrize("mutation", wait.EXCUSED)
def test_futex_alone_covers_the_second_look(mutation: str) -> None:
    """Known redundancy: the kernel's own check makes the reader's fence and look needless."""
    assert explore(wait.wait_system(wait.EXCUSED[mutation])).violation is None


@pytest.mark.parametrize(
    "rules",
    [
        frames.FrameRules(),
        frames.FrameRules(worker_receives=True),
        frames.FrameRules(worker_receives=True, depth=2, total=4),
    ],
    ids=["kernel fills", "worker fills", "worker fills, two slots"],
)
def test_frame_accepted_holds_its_packet(rules: frames.FrameRules) -> None:
    """A frame handed back is never mistaken for the packet that it held."""
    outcome = explore(frames.frame_system(rules))
    assert outcome.violation is None, _said(outcome)


@pytest.mark.parametrize("mutation", frames.MUTATIONS)
def test_frames_need_each_rule(mutation: str) -> None:
    """Breaking one rule of recycling shows a reader another packet's bytes."""
    outcome = explore(frames.frame_system(frames.MUTATIONS[mutation]))
    assert outcome.violation is not None
    assert "accepted" in outcome.violation


def test_torn_record_is_what_the_trace_shows() -> None:
    """A counterexample comes with the steps that lead to it."""
    rules = replace(ring.RingRules(), acquire_before_check=False)
    outcome = explore(ring.ring_system(rules))
    assert any("loads slot0.tail" in line for line in outcome.trace)
