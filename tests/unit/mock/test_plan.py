"""Plans are checked, and plans and reports survive the way to another process."""

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.plan import Plan, Report


@pytest.mark.parametrize(
    "plan", [Plan(seconds=0.0), Plan(packets=-1), Plan(rate=0.0), Plan(drop=1.5), Plan(drop=-0.1)]
)
def test_impossible_plans_are_refused(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="not a plan"):
        plan.check()


def test_af_xdp_needs_an_interface() -> None:
    with pytest.raises(ConfigurationError, match="on one interface"):
        Plan(sender="afxdp", interface=None).check()
    Plan(sender="afxdp", interface="eth0").check()


def test_arguments_name_what_is_set() -> None:
    assert Plan(seed=4, rate=2.5).to_arguments() == [
        "--seed=4",
        "--rate=2.5",
        "--interface=lo",
        "--drop=0.0",
        "--sender=udp",
    ]


def test_report_comes_back_from_json_as_it_was() -> None:
    report = Report(
        packets=2,
        bytes=300,
        messages={"Ticker": 2},
        trades=1,
        channels={0: 1, 121: 1},
        elapsed_ns=4,
        books={"BTC-PERPETUAL": (7, "97412.5", "10", "0", "0")},
    )
    assert Report.from_json(report.to_json()) == report


def test_rate_of_nothing_is_nothing() -> None:
    assert Report().packets_per_second == 0
    assert Report(packets=10, elapsed_ns=10**9).packets_per_second == 10
