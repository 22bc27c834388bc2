"""Spin agrees: the models hold as designed, and each broken rule has a counterexample."""

import pytest

from models import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(run.missing_tools()), reason="spin or gcc is not installed"),
]


@pytest.mark.parametrize("case", run.CASES, ids=str)
def test_spin_outcome_is_the_expected_one(case: run.Case) -> None:
    """A sound model holds over its whole state space; a mutation is caught."""
    assert run.check(case).outcome == case.expected
