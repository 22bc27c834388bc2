"""Messages of any content that the format allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from zerofeed.codecs.message_table import Field, Message
from zerofeed.codecs.pitch.encoder import encode_message
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES

__all__ = ["messages", "values_of"]

_CHOSEN = {
    "symbol": st.sampled_from(["A", "ZVZZT", "00mEVO"]),
    "feed_symbol": st.sampled_from(["A", "00mEVO", "00mEV1"]),
    "osi_symbol": st.sampled_from(
        [
            "MSFT  190920C00150000",
            "SPXW  240229P05000000",
            "SPX   201332C00000001",
            "SPX   200101X00000001",
            "NOT AN OPTION",
            "",
        ]
    ),
    "side": st.sampled_from("BSX"),
    "order_id": st.sampled_from([1, 2, 2**64 - 1]),
    "remaining_quantity": st.sampled_from([0, 50]),
    "buy_quantity": st.sampled_from([0, 100, 200]),
    "sell_quantity": st.sampled_from([0, 100, 200]),
    "modify_flags": st.sampled_from([0, 1, 2, 3]),
    "epoch_time_s": st.sampled_from([0, 1_614_090_600]),
    "reg_sho_action": st.sampled_from("01"),
    "trading_status": st.sampled_from("THQASR"),
}


def _value(field: Field) -> st.SearchStrategy[Any]:
    """Values of one field."""
    if field.name in _CHOSEN:
        return _CHOSEN[field.name]
    if field.unit == "0.0001 dollars":
        return st.sampled_from([0, 1, 1_025_000, 2**63 - 1])
    if field.is_text:
        return st.text("ABC ", max_size=field.size)
    return st.integers(0, 2 ** (8 * field.size) - 1)


def values_of(message: Message, *, is_whole: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Values for every field of a message but its length and type; or for those that are never missing."""
    return st.fixed_dictionaries(
        {
            each.name: _value(each)
            for each in message.fields
            if each.name not in ("length", "type")
            and (is_whole or message.offsets[each.name] < message.least_bytes)
        }
    )


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """One message of any type, with or without its optional fields, now and then longer than is known."""
    message = draw(st.sampled_from(PITCH_MESSAGES.messages))
    values = draw(values_of(message, is_whole=draw(st.booleans())))
    written = encode_message(message.name, **values)
    grown = draw(st.sampled_from([0, 0, 0, 4]))
    return bytes([len(written) + grown]) + written[1:] + bytes(range(grown))
