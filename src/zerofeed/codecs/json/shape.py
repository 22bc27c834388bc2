"""What is wanted of a JSON message: a literal, compiled into a table for the scanner.

The literal looks like the message, with names where values stand::

    Shape({
        "stream": "stream",
        "data": {
            "E": "event_ms",
            "s": "symbol",
            "b": Either("bid", Items("bids", ["price", "size"])),
            "a": Either("ask", Items("asks", ["price", "size"])),
        },
    })

==================  ===========================================================================
in the literal      matches
==================  ===========================================================================
``"name"``          a number, a text, true, false or null; noted as field ``name``
``{key: ...}``      an object; keys that are not named are skipped
``[..., None]``     an array, by position; None and what lies behind the end are skipped
``Items(name, x)``  an array of any length: each element is a row of the list ``name``, matched with x
``Either(...)``     one of these, by what the value turns out to be
==================  ===========================================================================

Of an array by position and an :class:`Items` in one :class:`Either`, an array that begins with another array is
the Items, and any other is by position: venues that say things in arrays send one row as it is, and several in
an array of them. So ``Either(["price", "size"], Items("rows", ["price", "size"]))`` reads both
``[1, 2]`` and ``[[1, 2], [3, 4]]``.

The very same dict object may stand in several places, in itself too: its names are the same wherever it is
found. So one literal reads a message with an envelope and without (``data["data"] = data``).

What does not match is skipped, never refused: venues add keys. Names inside of :class:`Items` are
columns of its rows; every other name is a field of the message.

**Table**: int64. BEGIN and NEXT are the scanner's notes of the order in which keys came, with which it guesses; all
else is written once. Word 0, CONTEXT_COUNT: contexts. Word 1, ROW_WIDTH: words of a row. Then
CONTEXT_WORDS for each context, then ENTRY_WORDS for each entry; entry 0 is the message itself. It may
stand anywhere in a larger table, as nothing in it is an address.

=======  =========  ====================================================================
context  name       meaning
=======  =========  ====================================================================
0        KIND       OBJECT, ARRAY or ITEMS
1        FIRST      its first entry
2        COUNT      its entries
3        LIST       number of its list; -1 unless ITEMS
4        SLOTS_AT   where the map of its keys begins in the table; 0 unless OBJECT
5        SLOTS      its slots less one, one less than a power of two
6        PLAIN      of ITEMS whose elements are arrays of scalars: word of their context; of an ARRAY
                    that may be ITEMS instead: word of that context; else 0
7        BEGIN      of an OBJECT, the entry of the first key of the latest one
=======  =========  ====================================================================

A map's slot holds the number of an entry and one more, or 0. A key's search begins at :func:`key_slot`
and goes on from slot to slot, round the end, until an empty one.

=======  =========  ====================================================================
entry    name       meaning
=======  =========  ====================================================================
0        SLOT       where a scalar goes: a field, ROW_SLOT + a column, or -1; and NUMERIC
1        OBJECT_IN  context of an object here, or -1
2        ARRAY_IN   context of an array here, or -1
3        NEXT       entry of the key that came behind it the last time
4        LENGTH     bytes of its key
5..8     KEY        the key in UTF-8, eight bytes a word, little-endian
=======  =========  ====================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError

__all__ = [
    "ARRAY",
    "ARRAY_IN",
    "BEGIN",
    "CONTEXTS",
    "CONTEXT_COUNT",
    "CONTEXT_WORDS",
    "COUNT",
    "ENTRY_WORDS",
    "FIRST",
    "ITEMS",
    "KEY",
    "KIND",
    "LENGTH",
    "LIST",
    "NEXT",
    "NUMERIC",
    "OBJECT",
    "OBJECT_IN",
    "PLAIN",
    "ROW_HEAD",
    "ROW_SLOT",
    "ROW_WIDTH",
    "SLOT",
    "SLOTS",
    "SLOTS_AT",
    "Either",
    "Items",
    "Shape",
    "Wanted",
    "key_slot",
]

CONTEXT_COUNT, ROW_WIDTH, CONTEXTS = range(3)
KIND, FIRST, COUNT, LIST, SLOTS_AT, SLOTS, PLAIN, BEGIN, CONTEXT_WORDS = range(9)
OBJECT, ARRAY, ITEMS = range(3)
SLOT, OBJECT_IN, ARRAY_IN, NEXT, LENGTH, KEY = range(6)
ENTRY_WORDS = 9
ROW_SLOT = 1 << 20
"""Added to a column's number where a scalar belongs to a row."""
NUMERIC = 1 << 21
"""Added to a slot whose texts nobody wants but as numbers: the scanner may read them at once."""
ROW_HEAD = 2
"""Words in front of a row's columns: number of its list, number of the row that it lies in or -1."""

_LONGEST_KEY = (ENTRY_WORDS - KEY) * 8


def key_slot(first_bytes: int, length: int) -> int:
    """Give the slot, before it is reduced, at which the search for a key begins.

    Args:
        first_bytes: its first eight bytes, little-endian, the rest 0.
        length: its bytes.
    """
    mixed = (first_bytes ^ (first_bytes >> 32)) & 0xFFFF_FFFF
    return ((mixed * 0x4F1B_BCDD) >> 17) ^ length


@dataclass(frozen=True, slots=True)
class Items:
    """An array of any length.

    Attributes:
        name: of its list of rows.
        element: what each element is.
    """

    name: str
    element: Wanted


class Either:
    """One of several, by what the value turns out to be: a scalar, an object, an array, an array of arrays.

    Args:
        *choices: at most one of each sort; an array of arrays is an Items beside an array by position.
    """

    __slots__ = ("choices",)

    def __init__(self, *choices: Wanted) -> None:
        self.choices = choices


Wanted: TypeAlias = "str | dict[str, Wanted] | list[Wanted | None] | Items | Either"
"""A part of the literal."""


class Shape:
    """A compiled literal.

    Args:
        wanted: of a whole message.

    Attributes:
        table: int64, what the scanner takes.
        fields: number of each field of the message by name.
        lists: number of each list by name.
        columns: number of each column by list and name; ROW_HEAD is not added.
        row_words: words of a row.

    Raises:
        BugError: a name is there twice, a key is too long, or a choice is no choice.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.fields: dict[str, int] = {}
        self.lists: dict[str, int] = {}
        self.columns: dict[str, dict[str, int]] = {}
        self._contexts: list[list[int]] = []
        self._known: dict[tuple[int, str], int] = {}
        self._names: dict[int, str] = {}
        self._entries: list[list[int]] = [[]]
        self._entries[0] = self._entry(wanted, "", "")
        contexts = [word for each in self._contexts for word in each]
        entries = [word for each in self._entries for word in each]
        widest = max((len(names) for names in self.columns.values()), default=0)
        self.row_words = ROW_HEAD + widest
        table = [len(self._contexts), self.row_words, *contexts, *entries]
        for number, context in enumerate(self._contexts):
            if context[KIND] == OBJECT:
                slots = self._slots_of(context)
                at = CONTEXTS + number * CONTEXT_WORDS
                table[at + SLOTS_AT] = len(table)
                table[at + SLOTS] = len(slots) - 1
                table += slots
            elif context[KIND] == ITEMS:
                table[CONTEXTS + number * CONTEXT_WORDS + PLAIN] = self._plain_of(context)
        self.table: npt.NDArray[np.int64] = np.array(table, np.int64)

    def _entry(self, wanted: Wanted | None, key: str, list_name: str) -> list[int]:
        text = key.encode()
        if len(text) > _LONGEST_KEY:
            raise BugError("too long for a key", expected=f"{_LONGEST_KEY} bytes", got=key)
        entry = [-1, -1, -1, 0, len(text)]
        padded = text.ljust(_LONGEST_KEY, b"\0")
        entry += [
            int.from_bytes(padded[at : at + 8], "little", signed=True)
            for at in range(0, _LONGEST_KEY, 8)
        ]
        choices = wanted.choices if isinstance(wanted, Either) else (wanted,)
        for choice in sorted(choices, key=lambda each: isinstance(each, Items)):
            if choice is None:
                continue
            place, value = self._choice(choice, list_name)
            if entry[place] == -1:
                entry[place] = value
            elif place == ARRAY_IN and self._may_be_items(entry[place], value):
                self._contexts[entry[place]][PLAIN] = CONTEXTS + value * CONTEXT_WORDS
            else:
                raise BugError("two of a sort are no choice", got=f"{key}: {choice}")
        return entry

    def _may_be_items(self, array: int, items: int) -> bool:
        """Tell whether an array by position and a list can be told apart by their first elements."""
        kind, first, count = self._contexts[array][: COUNT + 1]
        if kind != ARRAY or self._contexts[items][KIND] != ITEMS or self._contexts[array][PLAIN]:
            return False
        return count == 0 or self._entries[first][ARRAY_IN] < 0

    def _choice(self, wanted: Wanted, list_name: str) -> tuple[int, int]:
        """Compile one choice; the word of an entry that it fills, and with what."""
        if isinstance(wanted, str):
            return SLOT, self._slot(wanted, list_name)
        if isinstance(wanted, dict):
            known = self._known.get((id(wanted), list_name))
            if known is not None:
                return OBJECT_IN, known
            self._known[id(wanted), list_name] = len(self._contexts)
            entries = [(key, each, list_name) for key, each in wanted.items()]
            return OBJECT_IN, self._context(OBJECT, entries, -1)
        if isinstance(wanted, list):
            return ARRAY_IN, self._context(ARRAY, [("", each, list_name) for each in wanted], -1)
        if isinstance(wanted, Items):
            if wanted.name in self.lists:
                raise BugError("a list of this name is there already", got=wanted.name)
            number = self.lists[wanted.name] = len(self.lists)
            self.columns[wanted.name] = {}
            return ARRAY_IN, self._context(ITEMS, [("", wanted.element, wanted.name)], number)
        raise BugError("a choice inside of a choice", got=repr(wanted))

    def _slot(self, name: str, list_name: str) -> int:
        names = self.columns[list_name] if list_name else self.fields
        if name in names:
            raise BugError("a field of this name is there already", got=name)
        names[name] = len(names)
        return names[name] | (ROW_SLOT if list_name else 0)

    def _plain_of(self, context: list[int]) -> int:
        """Give the word of the context of a list's elements, if they are arrays of scalars."""
        inner = self._entries[context[FIRST]]
        if inner[ARRAY_IN] < 0 or inner[OBJECT_IN] >= 0 or inner[SLOT] >= 0:
            return 0
        kind, first, count = self._contexts[inner[ARRAY_IN]][: COUNT + 1]
        if kind == ARRAY and self._contexts[inner[ARRAY_IN]][PLAIN]:
            return 0
        columns = self._entries[first : first + count]
        if kind != ARRAY or any(max(each[OBJECT_IN], each[ARRAY_IN]) >= 0 for each in columns):
            return 0
        return CONTEXTS + inner[ARRAY_IN] * CONTEXT_WORDS

    def as_numbers(self, names: Collection[str]) -> npt.NDArray[np.int64]:
        """Give a table in which what is wanted as a number is marked NUMERIC.

        Args:
            names: fields, and columns as ``list.column``.
        """
        table = self.table.copy()
        entries = CONTEXTS + len(self._contexts) * CONTEXT_WORDS
        for number, name in self._names.items():
            if name in names:
                table[entries + number * ENTRY_WORDS + SLOT] |= NUMERIC
        return table

    def _slots_of(self, context: list[int]) -> list[int]:
        """Make the map of an object's keys; at least half of it stays empty."""
        count = context[COUNT]
        slots = [0] * (2 << count.bit_length())
        for number in range(context[FIRST], context[FIRST] + count):
            entry = self._entries[number]
            place = key_slot(entry[KEY], entry[LENGTH]) & (len(slots) - 1)
            while slots[place]:
                place = (place + 1) & (len(slots) - 1)
            slots[place] = number + 1
        return slots

    def _context(
        self, kind: int, wanted: Sequence[tuple[str, Wanted | None, str]], number: int
    ) -> int:
        context = len(self._contexts)
        first = len(self._entries)
        # Entry 0 has no key: of an object of which nothing is wanted, nothing is guessed.
        begin = first if wanted else 0
        self._contexts.append([kind, first, len(wanted), number, 0, 0, 0, begin])
        # Reserved first: the entries of a context lie side by side, whatever lies inside them.
        self._entries += [[] for _ in wanted]
        for place, (key, each, list_name) in enumerate(wanted):
            self._entries[first + place] = self._entry(each, key, list_name)
            self._entries[first + place][NEXT] = first + (place + 1) % len(wanted)
            for choice in each.choices if isinstance(each, Either) else (each,):
                if isinstance(choice, str):
                    self._names[first + place] = f"{list_name}.{choice}" if list_name else choice
        return context
