"""The scanner's slow twin: Python's own parser, and the literal followed through what it gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from zerofeed.codecs.json import _scan_kernels as k
from zerofeed.codecs.json import _span_kernels as spans
from zerofeed.codecs.json.shape import ROW_HEAD, Either, Items, Shape

__all__ = ["Scan", "expected"]


class Raw(str):
    """A bare number, as it was written."""

    __slots__ = ()


def _parse(text: str) -> Any:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    return json.loads(text, parse_float=Raw, parse_int=Raw, parse_constant=refuse)


class Scan:
    """One scan, in terms of names and Python values.

    Args:
        shape: compiled.
        text: the message.
        room: rows.
        before: bytes in front of the message in the buffer; as many follow it.
    """

    def __init__(self, shape: Shape, text: bytes, *, room: int = 1000, before: int = 0) -> None:
        self._shape = shape
        # A copy that ends where the message ends: a read behind it is caught when bounds are checked.
        self.buf = np.frombuffer(b"[" * before + text, np.uint8)
        self.base = before
        self.fields = np.full(max(1, len(shape.fields)), -1, np.int64)
        self.rows = np.full(room * shape.row_words, -1, np.int64)
        stack = np.zeros(k.STACK_WORDS, np.int64)
        self.status = k.scan_message(
            self.buf, before, self.buf.size, shape.table, self.fields, self.rows, stack
        )

    def value(self, span: int) -> Any:
        """Turn a span into what the oracle gives."""
        kind, start = spans.kind_of(span), self.base + spans.start_of(span)
        text = self.buf[start : start + spans.length_of(span)].tobytes().decode()
        if kind == spans.TEXT:
            return text
        if kind == spans.ESCAPED:
            return json.loads(f'"{text}"')
        if kind == spans.NUMBER:
            return Raw(text)
        return {spans.TRUE: True, spans.FALSE: False, spans.NULL: None}[kind]

    def told(self) -> tuple[dict[str, Any], list[tuple[str, int, dict[str, Any]]]]:
        """Fields that are there by name; rows with list, parent and columns that are there."""
        assert self.status >= 0
        fields = {
            name: self.value(int(self.fields[at]))
            for name, at in self._shape.fields.items()
            if self.fields[at]
        }
        names = list(self._shape.lists)
        rows = []
        for row in self.rows.reshape(-1, self._shape.row_words)[: self.status].tolist():
            name = names[row[0]]
            columns = self._shape.columns[name]
            spans = {column: row[ROW_HEAD + at] for column, at in columns.items()}
            told = {column: self.value(span) for column, span in spans.items() if span}
            rows.append((name, row[1], told))
        return fields, rows


def _choices(wanted: Any, value: Any) -> Sequence[Any]:
    """What a value may be; beside an array by position, a list is what begins with an array."""
    choices = wanted.choices if isinstance(wanted, Either) else (wanted,)
    sorts = {type(each) for each in choices}
    if not {list, Items} <= sorts or not isinstance(value, list):
        return choices
    other = list if value and isinstance(value[0], list) else Items
    return [each for each in choices if not isinstance(each, other)]


def expected(
    wanted: Any, text: str
) -> tuple[dict[str, Any], list[tuple[str, int, dict[str, Any]]]] | None:
    """Follow a literal through a message; None when it is no JSON."""
    try:
        value = _parse(text)
    except (ValueError, RecursionError):
        return None
    fields: dict[str, Any] = {}
    rows: list[tuple[str, int, dict[str, Any]]] = []

    def follow(wanted: Any, value: Any, row: int) -> None:
        for choice in _choices(wanted, value):
            if isinstance(choice, str) and not isinstance(value, dict | list):
                (rows[row][2] if row >= 0 else fields)[choice] = value
            elif isinstance(choice, dict) and isinstance(value, dict):
                for key, each in value.items():
                    if key in choice:
                        follow(choice[key], each, row)
            elif isinstance(choice, list) and isinstance(value, list):
                for each, inner in zip(choice, value, strict=False):
                    follow(each, inner, row)
            elif isinstance(choice, Items) and isinstance(value, list):
                for each in value:
                    rows.append((choice.name, row, {}))
                    follow(choice.element, each, len(rows) - 1)

    follow(wanted, value, -1)
    return fields, rows
