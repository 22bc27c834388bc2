"""ITCH messages from ordinary values: for tests, tools and simulated venues.

Any type, one at a time, with names and errors; what writes millions is in ``_encode_kernels``. Does not check that a
message makes sense to a market.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.itch._encode_kernels import ENTRY_WORDS
from zerofeed.codecs.itch.messages import ITCH_MESSAGES

__all__ = ["encode_message", "encode_table", "text_number"]

_HEAD_FIELDS = 5


def encode_message(
    name: str,
    *,
    timestamp_ns: int = 0,
    stock_locate: int = 0,
    tracking_number: int = 0,
    **values: Any,
) -> bytes:
    """Write one message, without a length in front of it.

    Args:
        name: of the message, as in :data:`zerofeed.codecs.itch.messages.ITCH_MESSAGES`, or its letter.
        timestamp_ns: since midnight in New York.
        stock_locate: number of the stock.
        tracking_number: Nasdaq's own.
        values: the other fields by name; prices are mantissas.

    Returns:
        The bytes of the message.

    Raises:
        SchemaError: there is no such message.
        ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
    """
    if not 0 <= timestamp_ns < 1 << 48:
        raise ConfigurationError(
            "a time does not fit its field",
            where=name,
            expected="nanoseconds since midnight, 0 to 2**48 - 1",
            got=timestamp_ns,
        )
    by_letter = ITCH_MESSAGES.by_code.get(ord(name)) if len(name) == 1 else None
    message = by_letter or ITCH_MESSAGES[name]
    return ITCH_MESSAGES.encode(
        message.name,
        values,
        type=bytes([message.code]),
        stock_locate=stock_locate,
        tracking_number=tracking_number,
        timestamp_high=timestamp_ns >> 32,
        timestamp_low=timestamp_ns & 0xFFFF_FFFF,
    )


def text_number(text: str, size: int) -> int:
    """Give a text as a value of a row of ``_encode_kernels``.

    Args:
        text: at most ``size`` ASCII letters.
        size: bytes of the field.

    Returns:
        The big-endian number of its bytes, spaces behind it included.
    """
    return int.from_bytes(text.encode("ascii").ljust(size), "big")


def encode_table() -> npt.NDArray[np.int64]:
    """Make the table of field widths that ``_encode_kernels`` take: by type, how many, then each."""
    table = np.zeros(256 * ENTRY_WORDS, np.int64)
    for message in ITCH_MESSAGES:
        fields = message.fields[_HEAD_FIELDS:]
        at = message.code * ENTRY_WORDS
        table[at] = len(fields)
        table[at + 1 : at + 1 + len(fields)] = [each.size for each in fields]
    return table
