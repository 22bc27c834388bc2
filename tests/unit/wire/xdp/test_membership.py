"""Groups are joined once each, on the interface asked for, until their socket is closed."""

import socket
from pathlib import Path

import pytest

from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.membership import join_groups


def groups() -> str:
    return Path("/proc/thread-self/net/igmp").read_text(encoding="ascii")


def number_of(group: str) -> str:
    return f"{int.from_bytes(socket.inet_aton(group), 'little'):08X}"


def test_each_group_is_joined_once_and_left_on_close() -> None:
    flows = [
        Flow("239.254.1.1", 1),
        Flow("239.254.1.1", 2),
        Flow("127.0.0.1", 3),
        Flow("232.254.1.1", 4, sender="127.0.0.1"),
        Flow("232.254.1.1", 4, sender="127.0.0.2"),
    ]
    members = join_groups(flows, "lo", socket.if_nametoindex("lo"))
    assert len(members) == 3
    assert number_of("239.254.1.1") in groups()
    assert number_of("232.254.1.1") in groups()
    for member in members:
        assert member.getsockname()[1] == 0, "it is not bound and receives nothing"
        member.close()
    assert number_of("239.254.1.1") not in groups()


def test_more_groups_than_one_socket_may_have_are_joined() -> None:
    flows = [Flow(f"239.254.2.{i}", 1) for i in range(1, 60)]
    members = join_groups(flows, "lo", socket.if_nametoindex("lo"))
    assert all(number_of(flow.address) in groups() for flow in flows)
    for member in members:
        member.close()


def test_refusal_leaves_no_group_behind() -> None:
    with pytest.raises(ReceiverError, match=r"cannot join the group.*ip link show"):
        join_groups([Flow("239.254.3.1", 1)], "gone", 999_999)
    assert number_of("239.254.3.1") not in groups()
