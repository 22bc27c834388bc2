"""AF_XDP is taken where it is asked for or better, and refused or left with a reason."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.runtime.live import LOCAL, make_config
from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.runtime.choice import Choice, choose, plan_arena
from zerofeed.runtime.config import AfxdpSection, FeedConfig, Source

__all__: list[str] = []

GROUP = "239.1.2.3"
EVERYTHING = -1
OLD_ROOT = 1 << 12 | 1 << 13 | 1 << 21
"""CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN, which did what CAP_BPF does now."""


def config_of(receiver: str, *sources: Source, **memory: int) -> FeedConfig:
    config = make_config()
    return msgspec.structs.replace(
        config,
        feed=msgspec.structs.replace(config.feed, receiver=receiver),
        source=list(sources) or [Source(GROUP, 6100, interface="lo")],
        memory=msgspec.structs.replace(config.memory, **memory),
    )


def test_udp_is_udp_whatever_could_be() -> None:
    assert choose(config_of("udp"), EVERYTHING) == Choice(tries_afxdp=False)


def test_captures_alone_are_not_asked_about() -> None:
    assert choose(config_of("auto", Source(capture="x")), EVERYTHING) == Choice(tries_afxdp=False)


@pytest.mark.parametrize("capabilities", [EVERYTHING, OLD_ROOT])
def test_afxdp_is_tried_on_the_interface_of_the_sources(capabilities: int) -> None:
    choice = choose(config_of("afxdp"), capabilities)
    assert (choice.tries_afxdp, choice.interface) == (True, "lo")


def test_the_interface_of_a_unicast_source_is_the_one_that_has_its_address() -> None:
    assert choose(config_of("afxdp", Source(LOCAL, 6100)), EVERYTHING).interface == "lo"


OBSTACLES = {
    "a capture": ([Source(capture="x"), Source(GROUP, 1, interface="lo")], {}),
    "does not name its interface": ([Source(GROUP, 1)], {}),
    "exact destination": ([Source("0.0.0.0", 1)], {}),
    "memory.chunk_bytes is 1024": ([Source(GROUP, 1, interface="lo")], {"chunk_bytes": 1024}),
}


@pytest.mark.parametrize("reason", OBSTACLES)
def test_what_stands_against_afxdp_is_an_error_when_it_was_asked_for(reason: str) -> None:
    sources, memory = OBSTACLES[reason]
    with pytest.raises(ConfigurationError, match=reason):
        choose(config_of("afxdp", *sources, **memory), EVERYTHING)


@pytest.mark.parametrize("reason", OBSTACLES)
def test_and_a_reason_when_it_was_not(reason: str) -> None:
    sources, memory = OBSTACLES[reason]
    choice = choose(config_of("auto", *sources, **memory), EVERYTHING)
    assert not choice.tries_afxdp
    assert choice.why_not


def test_the_loopback_interface_is_left_to_sockets_unless_asked_for() -> None:
    assert "loopback" in choose(config_of("auto"), EVERYTHING).why_not


def test_the_mode_that_auto_passes_over_is_not_taken_in_silence() -> None:
    config = msgspec.structs.replace(config_of("auto"), afxdp=AfxdpSection(mode="skb"))
    assert 'afxdp.mode is "skb"' in choose(config, EVERYTHING).why_not


def test_missing_rights_are_named() -> None:
    with pytest.raises(ReceiverError, match="CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF"):
        choose(config_of("afxdp"), 0)
    with pytest.raises(ReceiverError, match="without CAP_BPF"):
        choose(config_of("afxdp"), 1 << 12 | 1 << 13)


def test_the_arena_has_a_chunk_for_each_frame_and_those_of_the_queues() -> None:
    config = msgspec.structs.replace(
        config_of("afxdp"), afxdp=AfxdpSection(queues=2, chunks_per_queue=128)
    )
    plan = plan_arena(config, "lo")
    assert plan.chunks == config.memory.frames + 2 * 128
