import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import BugError
from zerofeed.records.instruments import COMBO, FUTURE, OPTION, PERPETUAL, SPOT, UNKNOWN_INSTRUMENT
from zerofeed.venues.deribit.service import DERIBIT
from zerofeed.venues.okx.service import OKX
from zerofeed.venues.symbol_kinds import AFFIX_BYTES, SymbolRule, kind_of_symbol

__all__: list[str] = []

ALPHABET = "AZaz059-_#/:."
AFFIX = st.text(ALPHABET, max_size=AFFIX_BYTES)
SYMBOL = st.text(ALPHABET, max_size=20)


def as_expression(affix: str) -> str:
    """The same affix as a regular expression."""
    return "".join("[0-9]" if each == "#" else re.escape(each) for each in affix)


@given(AFFIX, AFFIX, st.none() | st.integers(0, 4), SYMBOL)
def test_a_rule_fits_as_its_regular_expressions_do(
    prefix: str, suffix: str, dashes: int | None, symbol: str
) -> None:
    rule = SymbolRule(prefix.encode(), suffix.encode(), dashes, SPOT)
    expected = (
        re.match(as_expression(prefix), symbol) is not None
        and re.search(f"{as_expression(suffix)}\\Z", symbol) is not None
        and dashes in (None, symbol.count("-"))
    )
    assert rule.fits(symbol.encode()) == expected


@given(AFFIX, st.text("BC7", max_size=8), AFFIX)
def test_a_symbol_made_from_a_rule_fits_it(prefix: str, middle: str, suffix: str) -> None:
    def literal(affix: str) -> str:
        return affix.replace("#", "4")

    symbol = literal(prefix) + middle + literal(suffix)
    assert SymbolRule(prefix.encode(), suffix.encode(), None, SPOT).fits(symbol.encode())
    assert SymbolRule(prefix.encode(), b"", symbol.count("-"), SPOT).fits(symbol.encode())


def test_the_first_rule_that_fits_wins() -> None:
    rules = [
        SymbolRule(b"", b"-C", 3, OPTION),
        SymbolRule(b"", b"", 1, FUTURE),
        SymbolRule(b"BTC", b"", None, PERPETUAL),
    ]
    assert kind_of_symbol(rules, "BTC-X-1-C") == OPTION
    assert kind_of_symbol(rules, "BTC-C") == FUTURE
    assert kind_of_symbol(rules, "BTC-X-C") == PERPETUAL


def test_a_symbol_that_fits_no_rule_is_of_unknown_kind() -> None:
    assert kind_of_symbol([], "BTC") == UNKNOWN_INSTRUMENT
    assert kind_of_symbol([SymbolRule(b"ETH", b"", None, SPOT)], "ET") == UNKNOWN_INSTRUMENT


@pytest.mark.parametrize("affixes", [(b"123456789", b""), (b"", b"123456789")])
def test_an_affix_that_is_longer_than_a_word_is_refused(affixes: tuple[bytes, bytes]) -> None:
    with pytest.raises(BugError, match="8 bytes"):
        SymbolRule(*affixes, None, SPOT)


def test_a_rule_for_no_kind_is_refused() -> None:
    with pytest.raises(BugError, match="no such kind"):
        SymbolRule(b"", b"", None, 99)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside of a message."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def samples(captures: Path, name: str) -> Iterator[dict[str, Any]]:
    lines = (captures / "venue-messages" / name).read_text(encoding="utf-8").splitlines()
    return (each for line in lines for each in objects(json.loads(line)["message"]))


@pytest.mark.parametrize(
    "name", ["okx.jsonl", "okx_swap.jsonl", "okx_futures.jsonl", "okx_options.jsonl"]
)
def test_symbols_of_okx_tell_what_their_messages_say(captures: Path, name: str) -> None:
    kinds = {"SPOT": SPOT, "SWAP": PERPETUAL, "FUTURES": FUTURE, "OPTION": OPTION}
    seen = {
        (each["instId"], each["instType"])
        for each in samples(captures, name)
        if each.get("instType") in kinds and "instId" in each
    }
    assert seen or name == "okx.jsonl"
    for symbol, kind in seen:
        assert OKX.kind_of(symbol) == kinds[kind], symbol


def test_symbols_of_deribit_tell_what_their_messages_say(captures: Path) -> None:
    seen = [each for each in samples(captures, "deribit.jsonl") if "instrument_name" in each]
    assert seen
    for each in seen:
        kind = DERIBIT.kind_of(each["instrument_name"])
        assert kind != UNKNOWN_INSTRUMENT
        # A combination of options has greeks, too.
        assert ("greeks" in each) <= (kind in {OPTION, COMBO}), each
        assert ("current_funding" in each) <= (kind == PERPETUAL), each
