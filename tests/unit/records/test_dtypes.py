"""A record is 64 bytes and no field of it ever moves."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.records import kinds
from zerofeed.records.dtypes import BODY, HEAD, KIND_DTYPES, RECORD, RECORD_BYTES

LAYOUT = {
    "seq": ("<i8", 0),
    "ts_event_ns": ("<i8", 8),
    "ts_recv_ns": ("<i8", 16),
    "instrument": ("<u4", 24),
    "kind": ("|u1", 28),
    "side": ("|u1", 29),
    "action": ("|u1", 30),
    "flags": ("|u1", 31),
}

BODIES = {
    kinds.TRADE: ("price", "size", "trade_id", "trade_seq"),
    kinds.LEVEL: ("price", "size", "change_id", "prev_change_id"),
    kinds.ORDER: ("price", "size", "order_id", "priority"),
    kinds.QUOTE: ("bid_price", "bid_size", "ask_price", "ask_size"),
    kinds.BBO: ("bid_price", "bid_size", "ask_price", "ask_size"),
    kinds.MARK: ("mark_price", "index_price", "settlement_price", "estimated_delivery_price"),
    kinds.FUNDING: ("funding_rate", "funding_rate_8h", "next_funding_ns"),
    kinds.OPEN_INTEREST: ("open_interest",),
    kinds.LIMITS: ("min_price", "max_price", "last_price", "delivery_price"),
    kinds.INDEX: ("price",),
    kinds.LIQUIDATION: ("price", "size", "trade_id"),
    kinds.STATUS: ("state", "previous_state", "state_reason"),
    kinds.INSTRUMENT: ("tick_size", "min_size", "contract_size", "expiry_ns"),
    kinds.COMBO_LEG: ("leg_instrument", "leg_ratio", "leg_index", "leg_count"),
    kinds.RFQ: ("state", "size"),
    kinds.GAP: ("expected_seq", "received_seq", "missing_count", "channel"),
    kinds.RESET: ("expected_seq", "received_seq", "missing_count", "channel"),
    kinds.EPOCH: ("epoch", "resumed_frame"),
    kinds.DISCONNECT: ("reason", "reader"),
    kinds.GREEKS: ("delta", "gamma", "vega", "theta"),
    kinds.VOLATILITY: ("mark_iv", "bid_iv", "ask_iv", "underlying_price"),
    kinds.TRADE_BREAK: ("price", "size", "trade_id", "trade_seq"),
    kinds.IMBALANCE: ("reference_price", "paired_size", "imbalance_size", "auction"),
    kinds.INDICATIVE: ("near_price", "far_price", "auction_ns", "auction"),
    kinds.STATISTIC: ("price", "size", "statistic", "reference_ns"),
    kinds.RECOVERED: ("expected_seq", "received_seq", "missing_count", "channel"),
}


def placed(dtype: np.dtype[np.void]) -> dict[str, tuple[str, int]]:
    fields = dtype.fields
    assert fields is not None
    return {name: (field[0].str, field[1]) for name, field in fields.items()}


def test_a_record_is_one_cache_line() -> None:
    assert RECORD_BYTES == RECORD.itemsize == 64


def test_no_field_of_the_head_ever_moves() -> None:
    assert {name: placed(RECORD)[name] for name in LAYOUT} == LAYOUT
    assert [name for name, _, _ in HEAD] == list(LAYOUT)


def test_no_field_of_a_body_ever_moves() -> None:
    assert BODY == BODIES


@pytest.mark.parametrize("kind", BODIES)
def test_a_kinds_own_dtype_has_its_names_and_the_same_bytes(kind: int) -> None:
    body = {name: ("<i8", 32 + 8 * place) for place, name in enumerate(BODIES[kind])}
    assert placed(KIND_DTYPES[kind]) == {**LAYOUT, **body}
    assert KIND_DTYPES[kind].itemsize == 64
    assert {name: placed(RECORD)[name] for name in body} == body


def test_every_kind_has_a_dtype() -> None:
    assert set(KIND_DTYPES) == set(kinds.KIND_NAMES)


def test_one_name_has_one_place_in_all_kinds() -> None:
    """Two places for one name would make ``batch[name]`` wrong for one of the kinds."""
    places: dict[str, set[int]] = {}
    for names in BODY.values():
        for place, name in enumerate(names):
            places.setdefault(name, set()).add(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_number_of_eight_bytes_is_signed() -> None:
    wide = [form for form, _ in placed(RECORD).values() if form.endswith("8")]
    assert set(wide) == {"<i8"}


def test_one_array_reads_a_record_of_any_kind_in_place() -> None:
    batch = np.zeros(2, RECORD)
    batch["bid_price"] = (11, 12)
    assert batch.view(KIND_DTYPES[kinds.QUOTE])["bid_price"].tolist() == [11, 12]
    assert np.shares_memory(batch, batch.view(KIND_DTYPES[kinds.TRADE])["price"])
