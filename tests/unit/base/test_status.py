"""Status codes are distinct, negative, and have a name for people."""

from __future__ import annotations

from zerofeed.base import status

CODES = {name: getattr(status, name) for name in status.__all__ if name.isupper()}


def test_ok_is_zero_and_every_failure_is_negative_and_distinct() -> None:
    assert CODES.pop("OK") == 0
    assert all(code < 0 for code in CODES.values())
    assert len(set(CODES.values())) == len(CODES)


def test_every_code_has_a_meaning_of_its_own() -> None:
    meanings = [status.describe(code) for code in CODES.values()]
    assert len(set(meanings)) == len(meanings)
    assert not any(meaning.startswith("unknown status") for meaning in meanings)


def test_a_count_is_a_success() -> None:
    assert status.describe(3) == "ok (3)"


def test_an_unknown_code_shows_its_number() -> None:
    assert status.describe(-7) == "unknown status -7"


def test_codes_are_plain_ints() -> None:
    assert {type(code) for code in CODES.values()} == {int}
