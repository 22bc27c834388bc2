"""The table for kernels agrees with the schema about every template."""

from __future__ import annotations

import numpy as np

import zerofeed.codecs.cme._layout as c
from zerofeed.codecs.cme.schema import SCHEMA

__all__: list[str] = []

TABLE = c.layout_table(SCHEMA).reshape(c.TEMPLATE_LIMIT, c.LAYOUT_WORDS)


def test_every_template_has_a_row_and_a_slot_and_no_other_number_has() -> None:
    known = {message.id for message in SCHEMA.messages}
    assert {int(each) for each in np.flatnonzero(TABLE[:, c.L_KIND])} == known
    names = c.template_names(SCHEMA)
    for message in SCHEMA.messages:
        assert names[int(TABLE[message.id, c.L_SLOT])] == message.name


def test_a_book_s_row_has_the_offsets_of_its_schema() -> None:
    row = TABLE[46]
    entries = SCHEMA.message("MDIncrementalRefreshBook46").group("NoMDEntries")
    for word, name in (
        (c.L_PRICE, "MDEntryPx"),
        (c.L_SIZE, "MDEntrySize"),
        (c.L_ID, "SecurityID"),
        (c.L_RPT, "RptSeq"),
        (c.L_ACTION, "MDUpdateAction"),
        (c.L_TYPE, "MDEntryType"),
    ):
        assert row[word] == entries.offset(name)
    assert (row[c.L_KIND], row[c.L_SCALE], row[c.L_SIZE_BYTES]) == (c.BOOK, 1, 4)
    assert (row[c.L_SECOND], row[c.L_SECOND_REFERENCE], row[c.L_ENTRY_LEAST]) == (0, 20, 27)


def test_old_and_large_templates_differ_in_their_row_alone() -> None:
    assert (TABLE[32, c.L_SCALE], TABLE[32, c.L_SECOND]) == (100, 7)
    assert (TABLE[64, c.L_SIZE_BYTES], TABLE[64, c.L_ID]) == (8, 16)
    assert TABLE[36, c.L_SECOND] == c.NOWHERE


def test_kinds_are_told_by_what_messages_are() -> None:
    kinds = {message.name: int(TABLE[message.id, c.L_KIND]) for message in SCHEMA.messages}
    assert kinds["MDInstrumentDefinitionOption55"] == c.DEFINITION
    assert kinds["MDIncrementalRefreshVolume37"] == c.STATISTICS
    assert kinds["SnapshotFullRefreshTCP61"] == c.SNAPSHOT
    assert kinds["QuoteRequest39"] == c.OTHER
    assert TABLE[61, c.L_PROCESSED] == c.NOWHERE
    assert TABLE[53, c.L_CHUNKS] >= 0


def test_words_of_an_instrument_do_not_overlap() -> None:
    words = (
        c.I_ERA, c.I_RPT, c.I_LABEL, c.I_BROKEN, c.I_OPEN, c.I_TAIL, c.I_PREVIOUS, c.I_CHUNK,
        c.I_EMPTY, c.I_NEWS,
    )  # fmt: skip
    assert sorted(words) == list(range(c.I_WORDS))
