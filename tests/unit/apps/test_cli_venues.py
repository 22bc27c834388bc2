import pytest

from tests.unit.apps.commands import call, error_of
from zerofeed.apps import cli, cli_venues

__all__: list[str] = []


def test_the_verbs_belong_to_the_command() -> None:
    assert cli.cli.commands["venues"] is cli_venues.venues
    assert cli.cli.commands["instruments"] is cli_venues.instruments


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["instruments"], "Missing argument 'VENUE'"),
        (["instruments", "binance", "--max-age", "-1"], "is not in the range"),
        (["venues", "--nonsense"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], what: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert what in error_of(result)
