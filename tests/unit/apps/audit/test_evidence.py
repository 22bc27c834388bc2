"""A hop is as good as its worst evidence, and a statement proves nothing."""

from __future__ import annotations

import json

import pytest

from zerofeed.apps.audit.evidence import Evidence, Hop, Report, Sort, Verdict

__all__: list[str] = []

HOLDS, CONTRADICTS, UNKNOWN = Verdict.HOLDS, Verdict.CONTRADICTS, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], UNKNOWN),
        ([UNKNOWN], UNKNOWN),
        ([UNKNOWN, HOLDS], HOLDS),
        ([HOLDS, CONTRADICTS, UNKNOWN], CONTRADICTS),
    ],
)
def test_one_contradiction_is_enough(verdicts, expected) -> None:
    hop = Hop("hop", 0, 0, evidence=[Evidence(Sort.MAPS, each, "") for each in verdicts])
    assert hop.verdict is expected
    assert Report("feed", 1.0, [hop]).is_contradicted is (expected is CONTRADICTS)


def test_a_statement_alone_proves_nothing() -> None:
    assert Hop("hop", 0, 0, evidence=[Evidence(Sort.STATEMENT, HOLDS, "")]).verdict is UNKNOWN


def test_a_report_is_plain_values() -> None:
    hop = Hop("hop", 1, None, pid=7, note="n", evidence=[Evidence(Sort.MAPS, CONTRADICTS, "why")])
    told = json.loads(json.dumps(Report("feed", 1.23456, [hop]).describe()))
    assert told == {
        "feed": "feed",
        "seconds": 1.235,
        "ok": False,
        "hops": [
            {
                "hop": "hop",
                "pid": 7,
                "kernel_copies": 1,
                "user_copies": None,
                "note": "n",
                "verdict": "contradicts",
                "evidence": [{"sort": "maps", "verdict": "contradicts", "text": "why"}],
            }
        ],
    }
