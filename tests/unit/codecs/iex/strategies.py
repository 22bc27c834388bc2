"""Messages and segments of any content that the format allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from zerofeed.codecs.iex.encoder import encode_message
from zerofeed.codecs.iex.messages import IEX_MESSAGES
from zerofeed.codecs.message_table import Field, Message

__all__ = ["SYMBOLS", "messages", "values_of"]

SYMBOLS = ("A", "ZIEXT", "BRK.A", "ABCDEFGH")
"""Few, so that they come again."""

_CHOSEN = {
    "event_flags": st.sampled_from([0, 1, 1, 0x80, 0xFF]),
    "size": st.sampled_from([0, 1, 100, 2**32 - 1]),
    "bid_size": st.sampled_from([0, 100]),
    "ask_size": st.sampled_from([0, 100]),
    "status": st.sampled_from("THOPN"),
    "event": st.sampled_from("OSRMEC"),
    "imbalance_side": st.sampled_from("BSN"),
    "reason": st.sampled_from(["", "T1", "MCB3", "IPOD"]),
    "symbol": st.sampled_from(SYMBOLS),
}
_PRICES = st.sampled_from([0, 1, 10_000, 1_234_500, -1, 2**63 - 1, -(2**63)])


def _value(field: Field, message: Message) -> st.SearchStrategy[Any]:
    """Values of one field."""
    if message.name == "short_sale_price_test_status" and field.name == "status":
        return st.sampled_from([0, 1, 2])
    if field.name in _CHOSEN:
        return _CHOSEN[field.name]
    if field.unit == "0.0001 dollars":
        return _PRICES
    if field.is_text:
        return st.text("ABC ", max_size=field.size)
    bits = 8 * field.size
    if field.format.startswith("<i"):
        return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return st.integers(0, 2**bits - 1)


def values_of(message: Message) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every field of a message but its type."""
    return st.fixed_dictionaries(
        {each.name: _value(each, message) for each in message.fields if each.name != "type"}
    )


@st.composite
def messages(draw: st.DrawFn, tail: int = 5) -> bytes:
    """One message of any type, now and then with bytes behind the fields that are known."""
    message = draw(st.sampled_from(IEX_MESSAGES.messages))
    grown = draw(st.sampled_from([0, 0, 0, tail]))
    return encode_message(message.name, **draw(values_of(message))) + bytes(range(grown))
