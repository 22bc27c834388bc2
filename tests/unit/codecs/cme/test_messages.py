"""The dialect has every message that no kernel reads, and none of those that one does."""

from __future__ import annotations

import zerofeed.codecs.cme._layout as c
from zerofeed.codecs.cme.messages import CME_OTHERS
from zerofeed.codecs.cme.schema import SCHEMA

__all__: list[str] = []

TABLE = c.layout_table(SCHEMA).reshape(c.TEMPLATE_LIMIT, c.LAYOUT_WORDS)
OF_KERNELS = (c.BOOK, c.ORDERS, c.TRADES, c.ORDER_SNAPSHOT)


def test_every_message_is_read_by_a_kernel_or_by_the_dialect() -> None:
    named = set(CME_OTHERS.names.values())
    for message in SCHEMA.messages:
        is_of_kernel = TABLE[message.id, c.L_KIND] in OF_KERNELS
        assert (message.name in named) is not is_of_kernel, message.name


def test_the_dialect_and_the_kernels_agree_about_exponents() -> None:
    assert c.PRICE_EXPONENT == -9
    assert CME_OTHERS.schema is SCHEMA
