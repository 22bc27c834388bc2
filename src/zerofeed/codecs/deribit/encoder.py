"""Deribit multicast packets from ordinary values: the slow, readable way.

For tests, tools and what a simulated venue prepares once; the messages that it writes by the
hundred thousand come from ``_encode_kernels``. A message is a mapping from the schema's own
field names to numbers and texts; a group is a list of such mappings.

Guarantees: every field of the schema is written, in its order; a value that is missing or does
not fit is an error. Does not: check that the message makes sense to a market.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zerofeed.codecs.deribit._encode_kernels import FRAME_BYTES, SCHEMA_ID, VERSION

__all__ = ["encode_message", "encode_packet"]

_FRAME = struct.Struct("<HHI")
_HEADER = struct.Struct("<6H")
_GROUP = struct.Struct("<4H")


@dataclass(frozen=True, slots=True)
class _Form:
    """How one template is packed.

    Attributes:
        template: number on the wire.
        fields: names of the root block.
        packing: struct format of the root block.
        group: name of the group, empty for none.
        group_fields: names of its entries' fields.
        group_packing: struct format of an entry.
        has_name: True when an instrument name ends the message.
        version: of the message's header.
    """

    template: int
    fields: tuple[str, ...]
    packing: struct.Struct
    group: str = ""
    group_fields: tuple[str, ...] = ()
    group_packing: struct.Struct = field(default_factory=lambda: struct.Struct("<"))
    has_name: bool = False
    version: int = VERSION


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_DEFINITION_START = "instrumentId instrumentState kind instrumentType optionType"
_DEFINITION_REST = """
    settlementPeriod settlementPeriodCount
    baseCurrency quoteCurrency counterCurrency settlementCurrency sizeCurrency
    creationTimestampMs expirationTimestampMs strikePrice contractSize minTradeAmount tickSize
    makerCommission takerCommission blockTradeCommission maxLiquidationCommission maxLeverage
"""

_FORMS: dict[str, _Form] = {
    "Instrument": _Form(
        1000,
        _names(f"{_DEFINITION_START} rfq {_DEFINITION_REST}"),
        struct.Struct("<I4BBBH8s8s8s8s8sQQ9d"),
        has_name=True,
    ),
    "Book": _Form(
        1001,
        _names("instrumentId timestampMs prevChangeId changeId isLast"),
        struct.Struct("<IQQQB"),
        "changesList",
        _names("side change price amount"),
        struct.Struct("<BBdd"),
    ),
    "Trades": _Form(
        1002,
        _names("instrumentId"),
        struct.Struct("<I"),
        "tradesList",
        _names(
            "direction price amount timestampMs markPrice indexPrice tradeSeq tradeId tickDirection liquidation iv "
            "blockTradeId comboTradeId"
        ),
        struct.Struct("<BddQddQQBBdQQ"),
    ),
    "Ticker": _Form(
        1003,
        _names(
            "instrumentId instrumentState timestampMs openInterest minSellPrice maxBuyPrice lastPrice indexPrice "
            "markPrice bestBidPrice bestBidAmount bestAskPrice bestAskAmount currentFunding funding8h "
            "estimatedDeliveryPrice deliveryPrice settlementPrice"
        ),
        struct.Struct("<IBQ15d"),
    ),
    "Snapshot": _Form(
        1004,
        _names("instrumentId timestampMs changeId isBookComplete isLastInBook"),
        struct.Struct("<IQQBB"),
        "levelsList",
        _names("side price amount"),
        struct.Struct("<Bdd"),
    ),
    "SnapshotStart": _Form(1005, _names("snapshotDelay"), struct.Struct("<I")),
    "SnapshotEnd": _Form(1006, (), struct.Struct("<")),
    "ComboLegs": _Form(
        1007,
        _names("instrumentId"),
        struct.Struct("<I"),
        "legsList",
        _names("legInstrumentId legSize"),
        struct.Struct("<Ii"),
    ),
    "PriceIndex": _Form(1008, _names("indexName price timestampMs"), struct.Struct("<16sdQ")),
    "Rfq": _Form(
        1009, _names("instrumentId state side amount timestampMs"), struct.Struct("<IBBdQ")
    ),
    "InstrumentV2": _Form(
        1010,
        _names(f"{_DEFINITION_START} {_DEFINITION_REST}"),
        struct.Struct("<I4BBH8s8s8s8s8sQQ9d"),
        "tickStepsList",
        _names("abovePrice tickSize"),
        struct.Struct("<dd"),
        has_name=True,
        version=3,
    ),
}


def encode_message(name: str, values: Mapping[str, Any]) -> bytes:
    """Write one message, header included.

    Args:
        name: of the template, as in the schema.
        values: by field name: int, float or str. A group is a sequence of mappings under the
            group's name and may be left out when it is empty; ``instrumentName`` is a str.

    Returns:
        The bytes of the message.

    Raises:
        KeyError: no such template, or a field has no value.
        ValueError: a value is of the wrong type or does not fit.
    """
    form = _FORMS[name]
    parts = [
        _HEADER.pack(
            form.packing.size,
            form.template,
            SCHEMA_ID,
            form.version,
            1 if form.group else 0,
            1 if form.has_name else 0,
        ),
        _pack(name, form.packing, form.fields, values),
    ]
    if form.group:
        entries: Sequence[Mapping[str, Any]] = values.get(form.group, ())
        parts.append(_GROUP.pack(form.group_packing.size, len(entries), 0, 0))
        parts.extend(
            _pack(f"{name}.{form.group}", form.group_packing, form.group_fields, entry)
            for entry in entries
        )
    if form.has_name:
        text = str(values["instrumentName"]).encode()
        if len(text) > 255:
            raise ValueError(f"{name}: instrumentName takes {len(text)} bytes, at most 255 fit")
        parts.append(bytes([len(text)]) + text)
    return b"".join(parts)


def _pack(
    where: str, packing: struct.Struct, names: Iterable[str], values: Mapping[str, Any]
) -> bytes:
    row = [
        value.encode("ascii") if isinstance(value := values[name], str) else value for name in names
    ]
    try:
        return packing.pack(*row)
    except struct.error as error:
        raise ValueError(f"{where}: {error}; got {row}") from error


def encode_packet(channel: int, seq: int, messages: Iterable[bytes]) -> bytes:
    """Frame messages as one packet.

    Args:
        channel: 0 to 65535.
        seq: number of the packet in its channel, 0 to 2**32 - 1.
        messages: whole messages, from ``encode_message``.

    Returns:
        The payload of one UDP datagram.

    Raises:
        ValueError: a number, or the messages together, do not fit the frame.
    """
    body = b"".join(messages)
    try:
        frame = _FRAME.pack(len(body), channel, seq)
    except struct.error as error:
        raise ValueError(
            f"packet of {FRAME_BYTES + len(body)} bytes, channel {channel}, seq {seq}: {error}"
        ) from error
    return frame + body
