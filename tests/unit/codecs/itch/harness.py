"""Runs the compiled message decoder and turns its records into the oracle's rows; makes messages of any type."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.unit.codecs.itch.naive import BadMessageError, NaiveItch, Row
from zerofeed.base.status import MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.codecs._equity_kernels import REFUSED, ROW, SLOT
from zerofeed.codecs.itch._message_kernels import decode_one
from zerofeed.codecs.itch.decoder import state_words
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.codecs.itch.scratch import make_scratch
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.shm import journal

EXAMPLES = int(os.environ.get("ZEROFEED_EXAMPLES", "25"))
"""Examples of the costly properties: few, so that they are quick; raise it to look further."""

MIDNIGHT_NS = 1_548_824_400_000_000_000
"""30 January 2019 in New York."""
ROOM = 64


def rows_of(records: Any) -> list[Row]:
    """Read records as rows of the oracle."""
    words = np.ascontiguousarray(records).view(np.int64).reshape(-1, 8)
    return [
        Row(
            int(record["ts_event_ns"]),
            int(record["ts_recv_ns"]),
            int(record["instrument"]),
            int(record["kind"]),
            chr(record["side"]),
            chr(record["action"]),
            int(record["flags"]),
            tuple(body),
        )
        for record, body in zip(records, words[:, 4:].tolist(), strict=True)
    ]


class Messages:
    """The message kernel over memory of its own.

    Attributes:
        status: what the latest call returned.
        instruments: the stocks so far.
        state: its journal; the words behind DATA are the codec's.
    """

    def __init__(self, instruments: int = 64, midnight_ns: int = MIDNIGHT_NS) -> None:
        rows, self._lookup = make_table(instruments)
        self._words = rows.view(np.int64)
        self.state = np.zeros(journal.DATA + state_words(instruments), np.int64)
        journal.prepare(self.state)
        self._records = np.zeros(ROOM, RECORD)
        self.scratch = make_scratch()
        self._midnight_ns = midnight_ns
        self.status = 0
        self.instruments = InstrumentTable(rows, self._lookup)

    def decode(self, message: bytes, ts_recv_ns: int = 5, *, limit: int = ROOM) -> list[Row]:
        """Decode one message to rows; bytes around it must not matter."""
        data = np.frombuffer(b"\xff" * 3 + message + b"\xff" * 3, np.uint8)
        self.status = decode_one(
            data, 3, len(message), self._midnight_ns, ts_recv_ns, 7, self._words, self._lookup,
            self.state, journal.DATA, self._records.view(np.int64), 0, limit, self.scratch,
        )  # fmt: skip
        return rows_of(self._records[: max(0, self.status)])

    @property
    def said(self) -> tuple[int, int, int]:
        """Slot, row and refusal of the latest message."""
        return int(self.scratch[SLOT]), int(self.scratch[ROW]), int(self.scratch[REFUSED])


def agree(ours: Messages, naive: NaiveItch, message: bytes, ts_recv_ns: int = 5) -> None:
    """Decode by both and compare."""
    rows = ours.decode(message, ts_recv_ns)
    try:
        expected = naive.message(message, ts_recv_ns)
    except BadMessageError:
        assert ours.status == MALFORMED
        return
    except KeyError:
        assert ours.status == UNKNOWN_TEMPLATE
        return
    assert ours.status == len(expected)
    assert rows == expected


_LETTERS = {
    "buy_sell_indicator": "BS",
    "printable": "YN",
    "imbalance_direction": "BSNOP",
    "round_lots_only": "YN",
    "trading_state": "HPQT",
    "operational_halt_action": "HT",
    "market_code": "QBX",
    "event_code": "OSQMEC",
    "breached_level": "123",
    "cross_type": "OCHA",
}
_STOCKS = ["AAPL", "ZVZZT", "A", "BRKLONGX", "ALC"]


@st.composite
def messages(draw: Any, kinds: str = "", most_ns: int = 2**48 - 1) -> bytes:
    """Draw a well-formed message of any type, or of some, at any time of the day."""
    message = draw(
        st.sampled_from([each for each in ITCH_MESSAGES if not kinds or chr(each.code) in kinds])
    )
    values: dict[str, Any] = {}
    for each in message.fields[5:]:
        if each.name == "stock":
            values[each.name] = draw(st.sampled_from(_STOCKS))
        elif each.name in _LETTERS:
            values[each.name] = draw(st.sampled_from(_LETTERS[each.name]))
        elif each.is_text:
            values[each.name] = draw(
                st.text("ABCXYZ12 ", min_size=each.size, max_size=each.size)
            )  # fmt: skip
        else:
            most = 2 ** (8 * each.size) - 1
            values[each.name] = draw(
                st.integers(0, most) | st.sampled_from([0, 1, most // 2 + 1, most])
            )
    return encode_message(
        chr(message.code),
        timestamp_ns=draw(st.integers(0, most_ns)),
        stock_locate=draw(st.sampled_from([0, 1, 2, 3, 65535])),
        tracking_number=draw(st.integers(0, 65535)),
        **values,
    )
