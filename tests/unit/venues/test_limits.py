import dataclasses

import pytest

from zerofeed.base.errors import BugError
from zerofeed.venues.limits import Limits, Ping

__all__: list[str] = []

LIMITS = Limits(
    topics_per_connection=10,
    topics_per_request=5,
    request_bytes=1_000,
    messages_per_second=0.5,
    connections_per_5min=1,
    rest_weight_per_minute=1,
)


@pytest.mark.parametrize(
    "name", [each.name for each in dataclasses.fields(Limits) if each.name != "rest_weight_header"]
)
def test_a_limit_that_lets_nothing_through_is_refused(name: str) -> None:
    with pytest.raises(BugError, match="lets nothing through"):
        dataclasses.replace(LIMITS, **{name: 0})


def test_somebody_has_to_ping() -> None:
    with pytest.raises(BugError, match="nobody notices"):
        Ping()
    with pytest.raises(BugError, match="nobody notices"):
        Ping(idle_s=0)
    assert Ping(server_s=20).idle_s is None
