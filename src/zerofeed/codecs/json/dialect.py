"""What a venue's messages mean: a literal, compiled into a table for one kernel that serves all venues.

A :class:`Dialect` is a :class:`~zerofeed.codecs.json.shape.Shape`, which says where values stand, and a
list of :class:`Message`, each of which says how to know it and which records it makes::

    Dialect(
        Shape({"e": "event", "s": "symbol", "p": "price", "q": "size", "T": "time", "m": "is_maker"}),
        [
            Message(
                "trade",
                when={"event": "trade"},
                symbol=Symbol("symbol"),
                emits=[
                    Emit(
                        TRADE,
                        time=Time("time", "ms"),
                        side=Code("is_maker", {"true": ASK, "false": BID}),
                        price=Price("price"),
                        size=Size("size"),
                    )
                ],
            )
        ],
    )

Where values come from is said in :mod:`.message`, and the words of the table in :mod:`.layout`.

**Why a table.** A new venue, channel or field is a few lines of literal, compiles nothing, and runs
through the very kernel that is fuzzed and tested for all the others (``_dialect_kernels``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError
from zerofeed.codecs._record_kernels import ACTION_BY_SIZE
from zerofeed.codecs._text_kernels import text_key
from zerofeed.codecs.json.channels import STATE
from zerofeed.codecs.json.layout import (
    ACT_BEGIN,
    ACT_CLOSE,
    BEGINS,
    BY_LEADER,
    CHANGE,
    CHANNEL_AT,
    CHANNEL_STATE,
    COMPARED,
    CONDITION_WORDS,
    DECODED,
    FIELD,
    FIELDS,
    FIRST_ROW,
    HAS_ROWS,
    HEADER_WORDS,
    HEARTBEAT,
    INNER,
    INSTRUMENT_KIND,
    IS_ABSENT,
    IS_OPENED,
    IS_PRESENT,
    IS_TEXT,
    KINDS,
    KINDS_AT,
    LIST_SHIFT,
    MESSAGES,
    MESSAGES_AT,
    NOT_COMPARED,
    NOWHERE,
    O_IS_ELSE,
    OF_CHANNEL,
    OP_CODE,
    OP_CONSTANT,
    OP_DECIMAL,
    OP_ISO,
    OP_KEY,
    OP_PRICE,
    OP_SIGN,
    OP_SIZE,
    OP_SIZE_OF,
    OP_WORDS,
    OP_ZERO_IF_ZERO,
    OUTER,
    PLAIN,
    PLAIN_AT,
    PRICE_EXPONENT,
    ROW_STATE,
    ROW_WORDS,
    SHAPE_AT,
    SHAPE_WORDS,
    SIZE_EXPONENT,
    SNAPSHOT,
    SPACE_SHIFT,
    T_ACTION,
    T_BODY,
    T_SIDE,
    T_TIME,
    UNKNOWN,
)
from zerofeed.codecs.json.message import (
    ANY,
    Before,
    Begins,
    Code,
    Constant,
    Decimal,
    Emit,
    Key,
    Message,
    Opened,
    Presence,
    Price,
    Size,
    SymbolKind,
    Time,
    Value,
    Values,
)
from zerofeed.codecs.json.scratch import NUMBER_WORDS
from zerofeed.codecs.json.shape import Shape
from zerofeed.records.dtypes import BODY
from zerofeed.records.instruments import UNKNOWN_INSTRUMENT
from zerofeed.records.kinds import ACTION_NONE, LEVEL, NO_SIDE

__all__ = ["Dialect"]

_LONGEST_AFFIX = 8
_UNITS = {"s": -9, "ms": -6, "us": -3, "ns": 0}


class Dialect:
    """A venue's messages, compiled.

    Args:
        shape: where values stand.
        messages: most frequent first.
        price_exponent: of instruments whose definition is not known.
        size_exponent: the same.
        kinds: rules that tell an instrument's kind by its symbol.
        kind: where no rule fits.
        plain: texts that are no JSON and mean nothing, such as ``pong``.

    Attributes:
        table: int64, what the kernel takes.
        names: of the messages by their slot.
        row_words: words of a row of the scanner.
        fields: number of fields.
        channels: code of each name that channels are opened under.
        channel_words: int64 words of a feed's state that its channels take.
        row_state_words: int64 words of it that each instrument takes.

    Raises:
        BugError: a source, a column or an alternative is impossible.
    """

    def __init__(
        self,
        shape: Shape,
        messages: Sequence[Message],
        *,
        price_exponent: int = -8,
        size_exponent: int = -8,
        kinds: Sequence[SymbolKind] = (),
        kind: int = UNKNOWN_INSTRUMENT,
        plain: Sequence[str] = (),
    ) -> None:
        self._shape = shape
        self._words: list[int] = [0] * HEADER_WORDS
        names = list(dict.fromkeys(message.name for message in messages))
        self.names = dict(enumerate(names))
        self._slots = {name: slot for slot, name in enumerate(names)}
        self.row_words = shape.row_words
        self.fields = len(shape.fields)
        opened = [message.opens.name for message in messages if message.opens is not None]
        self.channels = {name: code for code, name in enumerate(dict.fromkeys(opened), 1)}
        self.channel_words = STATE if self.channels or _has_sequence(messages) else 0
        self.row_state_words = 1
        self._number_slots: dict[str, int] = {}
        self._numbers: set[str] = set()
        self._texts: set[str] = set()
        words = self._words
        words[FIELDS] = len(shape.fields)
        words[ROW_WORDS] = shape.row_words
        words[PRICE_EXPONENT] = price_exponent
        words[SIZE_EXPONENT] = size_exponent
        words[INSTRUMENT_KIND] = kind
        words[CHANNEL_AT] = self._channel_source(messages)
        words[CHANNEL_STATE] = self.channel_words
        words[PLAIN] = len(plain)
        words[PLAIN_AT] = self._put([_key(text) for text in plain])
        words[KINDS] = len(kinds)
        words[KINDS_AT] = self._put([word for rule in kinds for word in _kind_words(rule)])
        entries = [word for message in messages for word in self._message(message)]
        words[ROW_STATE] = self.row_state_words
        table = shape.as_numbers(self._numbers - self._texts)
        words[SHAPE_WORDS] = table.size
        words[SHAPE_AT] = self._put(table.tolist())
        words[MESSAGES] = len(messages)
        words[MESSAGES_AT] = self._put(entries)
        self.table: npt.NDArray[np.int64] = np.array(words, np.int64)

    def _put(self, words: Sequence[int]) -> int:
        at = len(self._words)
        self._words += words
        return at

    def _channel_source(self, messages: Sequence[Message]) -> int:
        """Find the one field that has the number of a message's channel."""
        sources = {
            source
            for message in messages
            for source, condition in message.when.items()
            if isinstance(condition, Opened)
        }
        if not sources:
            return NOWHERE
        if len(sources) > 1:
            raise BugError("numbers of channels stand in one field", got=sorted(sources))
        (source,) = sources
        return self._number(source)

    def _number(self, source: str) -> int:
        """Give the word of a source whose number is wanted, of no list."""
        self._numbers.add(source)
        return self._source(source, None, None)

    def _act(self, message: Message) -> list[int]:
        """Say what a message does to the channels of its connection, and with which number."""
        if message.begins:
            return [ACT_BEGIN, NOWHERE]
        if message.closes is not None:
            return [ACT_CLOSE, self._number(message.closes)]
        if message.opens is not None:
            return [self.channels[message.opens.name], self._number(message.opens.number)]
        return [0, NOWHERE]

    def _number_of(self, message: Message) -> list[int]:
        """Say by what a message is known for one that came by another connection."""
        if message.number is None:
            is_led = bool(message.emits) or message.book is not None
            # The numbers of channels are a connection's own: a source of such a venue has one at a time.
            slot = BY_LEADER if is_led and not self.channel_words else NOT_COMPARED
            return [NOWHERE, 0, slot, 0]
        values = message.number if isinstance(message.number, tuple) else (message.number,)
        ops = [word for value in values for word in self._op(0, value, message.each, None)]
        # A snapshot and the changes around it are numbered by the same ids.
        sort = message.name if message.book is None else "book"
        slot = self._number_slots.setdefault(sort, len(self._number_slots))
        self.row_state_words = 1 + NUMBER_WORDS * len(self._number_slots)
        return [self._put(ops), len(values), slot, int(message.is_event)]

    def _code(self, condition: Opened, message: Message) -> int:
        if condition.name not in self.channels:
            expected = " or ".join(self.channels)
            raise BugError("no such channel", where=message.name, expected=expected, got=condition)
        return self.channels[condition.name]

    def _message(self, message: Message) -> list[int]:
        each = self._list(message.each)
        conditions: list[int] = []
        for source, condition in message.when.items():
            if source in self._shape.lists:
                if condition is not ANY:
                    raise BugError("a list has rows or none", expected=ANY, got=condition)
                conditions += [self._shape.lists[source], HAS_ROWS, 0]
                continue
            if isinstance(condition, Opened):
                conditions += [NOWHERE, IS_OPENED, self._code(condition, message)]
                continue
            if not isinstance(condition, Presence):
                self._texts.add(_without_place(source))
            # No row of any list is chosen yet: a column has no value.
            conditions += [self._source(source, None, None), *_condition_words(condition)]
        symbols = message.symbol if isinstance(message.symbol, tuple) else (message.symbol,)
        symbol_words: list[int] = []
        for symbol in symbols:
            at = OF_CHANNEL if symbol.of_channel else NOWHERE
            if symbol.source is not None:
                self._texts.add(_without_place(symbol.source))
                at = self._source(symbol.source, message.each, None)
            behind = _byte(symbol.behind) or -len(symbol.skip.encode())
            symbol_words += [at, _byte(symbol.before), behind, symbol.is_upper]
        emits = [word for emit in message.emits for word in self._emit(emit, message.each)]
        book = message.book
        if not symbols and (book is not None or message.window is not None):
            raise BugError("a book of no instrument", got=message.name)
        check = book.check if book is not None else None
        window = message.window
        if check is not None:
            self._numbers.add(_without_place(check.source))
        if window is not None:
            self._texts.add(_without_place(window.source))
        price_text, size_text = NOWHERE, NOWHERE
        if message.exponents is not None:
            price_text = self._columns(message.exponents[0])
            size_text = self._columns(message.exponents[1])
        return [
            self._put(conditions), len(conditions) // CONDITION_WORDS,
            each,
            self._put(symbol_words), len(symbols),
            self._put(emits), len(message.emits),
            _book_word(message),
            0 if check is None else check.rule,
            NOWHERE if check is None else self._source(check.source, message.each, None),
            NOWHERE
            if window is None
            else self._put(
                [self._source(window.source, message.each, None), _byte(window.behind)]
            ),
            HEARTBEAT if message.is_heartbeat else UNKNOWN if message.is_unknown else DECODED,
            NOWHERE if message.kind is None else message.kind,
            price_text, size_text,
            self._slots[message.name],
            NOWHERE if message.sequence is None else self._number(message.sequence),
            *self._act(message),
            *self._number_of(message),
        ]  # fmt: skip

    def _emit(self, emit: Emit, each: str | None) -> list[int]:
        names = BODY[emit.kind]
        ops: list[int] = []
        row_ops: list[int] = []

        def add(target: int, values: Values) -> None:
            alternatives = values if isinstance(values, tuple) else (values,)
            is_of_rows = any(self._is_of(value, emit.rows) for value in alternatives)
            for place, value in enumerate(alternatives):
                op = self._op(target, value, each, emit.rows)
                op[O_IS_ELSE] = int(place > 0)
                (row_ops if is_of_rows else ops).extend(op)
                if isinstance(value, Size) and value.unless_zero is not None:
                    source = self._source(value.unless_zero, each, emit.rows)
                    zero = [target, OP_ZERO_IF_ZERO, source, 0, 0, 0]
                    (row_ops if is_of_rows else ops).extend(zero)

        if emit.time is not None:
            add(T_TIME, emit.time)
        for name, values in emit.body.items():
            if name not in names:
                raise BugError("no such column", expected=" or ".join(names), got=name)
            add(T_BODY + names.index(name), values)
        side = emit.side if isinstance(emit.side, int) else NO_SIDE
        if isinstance(emit.side, tuple) or isinstance(emit.action, tuple):
            raise BugError("side and action have no alternatives", got=names)
        if not isinstance(emit.side, int):
            add(T_SIDE, emit.side)
        action = emit.action if isinstance(emit.action, int) else ACTION_NONE
        if emit.action is None and emit.kind == LEVEL:
            action = ACTION_BY_SIZE
        elif emit.action is not None and not isinstance(emit.action, int):
            add(T_ACTION, emit.action)
        needs = NOWHERE
        if emit.needs is not None:
            needs = self._source(emit.needs, each, emit.rows)
        return [
            emit.kind | emit.flags << 8,
            self._list(emit.rows),
            needs,
            self._put(ops + row_ops), len(ops) // OP_WORDS, len(row_ops) // OP_WORDS,
            side, action,
        ]  # fmt: skip

    def _op(self, target: int, value: Value, each: str | None, rows: str | None) -> list[int]:
        if isinstance(value, Constant):
            return [target, OP_CONSTANT, NOWHERE, value.number, 0, 0]
        is_text = isinstance(value, Code | Key) or (isinstance(value, Time) and value.unit == "iso")
        (self._texts if is_text else self._numbers).add(_without_place(value.source))
        source = self._source(value.source, each, rows)
        if isinstance(value, Price):
            return [target, OP_PRICE, source, 0, int(value.is_zero_none), 0]
        if isinstance(value, Size):
            return [target, OP_SIZE_OF if value.is_signed else OP_SIZE, source, 0, 0, 0]
        if isinstance(value, Decimal):
            return [target, OP_DECIMAL, source, value.exponent, value.plus, 0]
        if isinstance(value, Time):
            if value.unit == "iso":
                return [target, OP_ISO, source, 0, 0, 0]
            return [target, OP_DECIMAL, source, _UNITS[value.unit], 0, 0]
        if isinstance(value, Code):
            pairs = [word for text, code in value.codes.items() for word in (_key(text), code)]
            return [target, OP_CODE, source, self._put(pairs), len(value.codes), 0]
        if isinstance(value, Key):
            return [target, OP_KEY, source, 0, 0, 0]
        return [target, OP_SIGN, source, 0, int(value.is_position), 0]

    def _list(self, name: str | None) -> int:
        if name is None:
            return NOWHERE
        if name not in self._shape.lists:
            raise BugError("no such list", expected=" or ".join(self._shape.lists), got=name)
        return self._shape.lists[name]

    def _source(self, source: str, each: str | None, rows: str | None) -> int:
        name, dot, column = source.partition(".")
        if name.endswith("[0]"):
            of_list = name.removesuffix("[0]")
            number = self._list(of_list)
            if column not in self._shape.columns[of_list]:
                raise BugError("no such column", got=source)
            place = number << LIST_SHIFT | self._shape.columns[of_list][column]
            return FIRST_ROW << SPACE_SHIFT | place
        if not dot:
            if name not in self._shape.fields:
                raise BugError("no such field", expected=" or ".join(self._shape.fields), got=name)
            return FIELD << SPACE_SHIFT | self._shape.fields[name]
        if name not in (each, rows):
            raise BugError("a column of another list", expected=f"{each} or {rows}", got=source)
        columns = self._shape.columns[name]
        if column not in columns:
            raise BugError("no such column", expected=" or ".join(columns), got=source)
        space = INNER if name == rows else OUTER
        return space << SPACE_SHIFT | columns[column]

    def _columns(self, sources: str | tuple[str, ...]) -> int:
        """Put down the number of sources, and each of them."""
        each = sources if isinstance(sources, tuple) else (sources,)
        return self._put([len(each), *(self._column(source) for source in each)])

    def _column(self, source: str) -> int:
        """Give a column by list and number, or a field by its number in the list NOWHERE + 1 = 0."""
        name, dot, column = source.partition(".")
        if not dot:
            return self._shape.fields[name]
        return (1 + self._list(name)) << SPACE_SHIFT | self._shape.columns[name][column]

    def _is_of(self, value: Value, rows: str | None) -> bool:
        sources = [] if isinstance(value, Constant) else [value.source]
        if isinstance(value, Size) and value.unless_zero is not None:
            sources.append(value.unless_zero)
        return rows is not None and any(source.startswith(f"{rows}.") for source in sources)


def _has_sequence(messages: Sequence[Message]) -> bool:
    return any(message.sequence is not None for message in messages)


def _book_word(message: Message) -> int:
    if message.book is None:
        return 0
    if message.book.is_snapshot:
        return SNAPSHOT
    return COMPARED if message.book.check is not None and not message.emits else CHANGE


def _without_place(source: str) -> str:
    """Name the column that a source is of, wherever its row stands."""
    return source.replace("[0].", ".")


def _key(text: str) -> int:
    raw = np.frombuffer(text.encode(), np.uint8)
    return int(text_key(raw, 0, raw.size))


def _byte(text: str) -> int:
    raw = text.encode()
    if len(raw) > 1:
        raise BugError("a mark is one byte", got=text)
    return raw[0] if raw else 0


def _condition_words(condition: str | Before | Begins | Presence) -> list[int]:
    if isinstance(condition, str):
        return [IS_TEXT, _key(condition)]
    if isinstance(condition, Before):
        return [_byte(condition.mark), _key(condition.text)]
    if isinstance(condition, Begins):
        return [BEGINS + len(condition.text.encode()), _key(condition.text)]
    return [IS_PRESENT if condition is ANY else IS_ABSENT, 0]


def _affix(text: str) -> list[int]:
    raw = text.encode()
    if len(raw) > _LONGEST_AFFIX:
        raise BugError("too long for the end of a symbol", expected=_LONGEST_AFFIX, got=text)
    return [int.from_bytes(raw.ljust(8, b"\0"), "little", signed=True), len(raw)]


def _kind_words(rule: SymbolKind) -> list[int]:
    dashes = -1 if rule.dashes is None else rule.dashes
    return [*_affix(rule.prefix), *_affix(rule.suffix), dashes, rule.kind]
