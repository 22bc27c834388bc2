"""What an interface says of itself."""

import pytest

from tests.unit.wire.xdp.rig import INSIDE, command, private_network
from zerofeed.wire.xdp.channels import count_queues, is_up


def test_interface_that_does_not_say_has_one_queue() -> None:
    assert count_queues("lo") == 1
    assert count_queues("no-such-nic") == 1


def test_missing_interface_is_an_error_and_not_down() -> None:
    with pytest.raises(OSError, match="No such device"):
        is_up("no-such-nic")


@pytest.mark.root
@pytest.mark.parametrize("queues", [1, 4])
def test_queues_and_state_are_those_of_the_interface(queues: int) -> None:
    with private_network(queues=queues):
        assert count_queues(INSIDE) == queues
        assert is_up(INSIDE)
        command(f"ip link set {INSIDE} down")
        assert not is_up(INSIDE)
