"""Flows are checked before anything is opened, and say the same to program and kernel."""

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.xdp.flows import MOST_FLOWS, Flow, check_flows, flow_table


def test_table_has_destination_sender_and_source() -> None:
    flows = [Flow("10.0.0.1", 7, source=2), Flow("232.1.1.1", 65_535, sender="10.0.0.2")]
    assert flow_table(flows).tolist() == [
        [0x0A000001 << 16 | 7, 0, 2],
        [0xE8010101 << 16 | 65_535, 0x0A000002, 0],
    ]
    assert flow_table([]).shape == (0, 3)


def test_multicast_is_known_by_its_address() -> None:
    assert Flow("239.1.1.1", 1).is_multicast
    assert not Flow("10.0.0.1", 1).is_multicast


@pytest.mark.parametrize(
    ("flows", "said"),
    [
        ([], "not a number of flows"),
        ([Flow("239.0.0.1", i + 1) for i in range(MOST_FLOWS + 1)], "not a number of flows"),
        ([Flow("0.0.0.0", 5)], "exact destination"),
        ([Flow("10.0.0.1", 0)], "exact destination"),
        ([Flow("10.0.0.1", 5), Flow("10.0.0.1", 5, source=1)], "named twice"),
        ([Flow("10.0.0.1", 5, source=70_000)], "index of a source"),
        ([Flow("10.0.0", 5)], "not an IPv4 address"),
        ([Flow("10.0.0.1", 70_000)], "not a UDP port"),
        ([Flow("232.0.0.1", 5, sender="me")], "not an IPv4 address"),
    ],
)
def test_flow_that_can_never_match_is_refused(flows: list[Flow], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_flows(flows)


def test_one_group_of_two_senders_is_two_flows() -> None:
    flows = [Flow("232.1.1.1", 5, sender=f"10.0.0.{i}") for i in (1, 2)]
    assert check_flows(iter(flows)) == flows
