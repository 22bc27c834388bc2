"""What a venue's SBE messages mean: a schema and a literal, compiled into a table for one kernel.

::

    schema ──program──▶ where the parts of a message are ─┐
                                                          ├──▶ scratch ──▶ open_message, next_part
    [Message(...)] ──Dialect──▶ which records they make ──┘

The literal is made of the words of :mod:`.meaning`, and names what the schema names. A new venue,
message or field is a few lines, compiles nothing, and runs through the very kernels that are tested and
fuzzed for all the others (``_dialect_kernels``). The same holds for a schema and a mapping that come
from a configuration: all that can be wrong with them is found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._dialect_words as d
import zerofeed.codecs.sbe._words as w
from zerofeed.base.errors import SchemaError
from zerofeed.codecs._record_kernels import ACTION_BY_SIZE
from zerofeed.codecs.sbe.layout import Leaf, leaves
from zerofeed.codecs.sbe.meaning import (
    Bits,
    Code,
    Condition,
    Constant,
    Definition,
    Emit,
    Magnitude,
    Message,
    Pick,
    Price,
    Rate,
    Real,
    Row,
    Scaled,
    Sent,
    Sign,
    Size,
    Time,
    Value,
    Whole,
)
from zerofeed.codecs.sbe.model import (
    Block,
    CompositeType,
    EnumType,
    Field,
    Group,
    ScalarType,
    Schema,
    SetType,
)
from zerofeed.codecs.sbe.program import Program, compile_program
from zerofeed.feed import _instrument_kernels as rows
from zerofeed.records.dtypes import BODY
from zerofeed.records.instruments import INSTRUMENT_ROW, UNKNOWN_INSTRUMENT
from zerofeed.records.kinds import ACTION_NONE, LEVEL, NO_SIDE
from zerofeed.records.units import RATE_EXPONENT, UNDEF

__all__ = ["TEXT_NAME", "Dialect", "entry_bytes", "least_bytes"]

TEXT_NAME = "text"
"""Name of the messages that are no SBE: answers to requests, on the same connection."""

_UNITS = {"s": 0, "ms": -3, "us": -6, "ns": -9}
_EITHER = "ms or us"
_NS_EXPONENT = -9
_DAYS = "days"
_HEAD = "head"
"""In front of a source: of what stands before the message, though the message has a field of this name."""
_MOST_PACKED = 7
"""Bytes of a text that a condition can be about."""
_COLUMNS = {
    "tick_size": rows.W_TICK_SIZE,
    "min_size": rows.W_MIN_SIZE,
    "contract_size": rows.W_CONTRACT_SIZE,
    "strike_price": rows.W_STRIKE_PRICE,
    "expiry_ns": rows.W_EXPIRY_NS,
    "created_ns": rows.W_CREATED_NS,
}
_TEXTS = ("base", "quote", "settlement", "counter")
_OPERATIONS: dict[type, int] = {
    Whole: d.OP_WHOLE, Row: d.OP_ROW, Sign: d.OP_SIGN, Magnitude: d.OP_MAGNITUDE,
}  # fmt: skip
_EVERY_PART = 4
"""Records that a part makes at most beside those of its emits: definition, clear, bare level, quote."""


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What the sources of a message, or of one of its emits, may name: by space."""

    root: Block
    outer: Group | None = None
    inner: Group | None = None
    head: Block | None = None

    def __iter__(self) -> Iterator[tuple[int, Block]]:
        for space, block in (
            (d.INNER, self.inner),
            (d.OUTER, self.outer),
            (d.ROOT, self.root),
            (d.HEAD, self.head),
        ):
            if block is not None:
                yield space, block

    def with_rows(self, inner: Group | None) -> _Blocks:
        """Look into a group, too."""
        return _Blocks(self.root, self.outer, inner, self.head)


class Dialect:
    """A venue's messages, compiled.

    Args:
        schema: of the venue.
        messages: what they mean; of those of one template, the first that fits counts.
        price_exponent: of instruments whose definition is not known; finer where their first
            message is.
        size_exponent: the same.
        kind: of instruments whose definition is not known.
        length_member: member of the message header that counts the bytes of the whole message.
        is_schema_id_checked: False decodes messages whatever schema id they carry.
        head: what stands in front of messages and is a source of them; None: their header.

    Attributes:
        program: the schema, compiled.
        table: int64, what the kernels take.
        names: of the messages by their slot; the last stands for text.

    Raises:
        SchemaError: a message, a source, a column or a value is impossible.
    """

    def __init__(
        self,
        schema: Schema,
        messages: Sequence[Message],
        *,
        price_exponent: int = -8,
        size_exponent: int = -8,
        kind: int = UNKNOWN_INSTRUMENT,
        length_member: str | None = None,
        is_schema_id_checked: bool = True,
        head: CompositeType | None = None,
    ) -> None:
        self._is_head_own = head is not None
        if head is None and schema.header is not None:
            head = schema.header.composite
        members = () if head is None else head.members
        self._head = Block("head", 0, 0, 0, members, (), ())
        self.schema = schema
        self.program: Program = compile_program(
            schema, length_member=length_member, is_schema_id_checked=is_schema_id_checked
        )
        names = list(dict.fromkeys(each.name or each.template for each in messages))
        self.names = dict(enumerate([*names, TEXT_NAME]))
        self._slots = {name: slot for slot, name in self.names.items()}
        self._words: list[int] = [0] * d.HEADER_WORDS
        self._sources: dict[tuple[int, ...], int] = {}
        self._density = Fraction(0)
        self._most_single = 0
        words = self._words
        words[d.ORDER] = w.BIG_ENDIAN if schema.byte_order == ">" else 0
        words[d.PRICE_EXPONENT] = price_exponent
        words[d.SIZE_EXPONENT] = size_exponent
        words[d.INSTRUMENT_KIND] = kind
        words[d.TEXT_SLOT] = self._slots[TEXT_NAME]
        words[d.LEAST_AT] = self._put(
            [least_bytes(node) if isinstance(node, Block) else 0 for node in self.program.nodes]
        )
        by_node = sorted(messages, key=self._node)
        entries = [word for each in by_node for word in self._message(each)]
        words[d.MESSAGES_AT] = self._put(entries)
        templates = [0, 0] * len(schema.messages)
        place = 0
        for node, group in groupby(by_node, key=self._node):
            count = len(list(group))
            templates[2 * node : 2 * node + 2] = place, count
            place += count
        words[d.TEMPLATES_AT] = self._put(templates)
        self.table: npt.NDArray[np.int64] = np.array(words, np.int64)

    def most_records(self, message_bytes: int) -> int:
        """Bound the records of one message, its books' quotes included."""
        return int(self._density * message_bytes) + self._most_single + _EVERY_PART + 1

    def scratch(self, longest_bytes: int) -> npt.NDArray[np.int64]:
        """Make the scratch of the kernels in ``_dialect_kernels``.

        Args:
            longest_bytes: of the messages to come; longer ones may find no room.

        Returns:
            int64; its last word is free for the caller.
        """
        table_at = d.SCRATCH_HEAD
        program_at = table_at + self.table.size
        stack_at = program_at + self.program.code.size
        spans_at = stack_at + self.program.stack_words
        end = spans_at + w.SPAN_WORDS * _most_rows(self.schema, longest_bytes)
        scratch = np.zeros(end + 1, np.int64)
        scratch[d.S_TABLE] = table_at
        scratch[d.S_PROGRAM] = program_at
        scratch[d.S_STACK] = stack_at
        scratch[d.S_SPANS] = spans_at
        scratch[d.S_END] = end
        scratch[d.S_HEAD] = int(self._is_head_own)
        scratch[table_at:program_at] = self.table
        scratch[program_at:stack_at] = self.program.code
        return scratch

    def _put(self, words: Sequence[int]) -> int:
        at = len(self._words)
        self._words += words
        return at

    def _node(self, message: Message) -> int:
        return self.program.number[self.schema.message(message.template)]

    def _message(self, message: Message) -> list[int]:
        root = self.schema.message(message.template)
        outer = None if message.each is None else root.group(message.each)
        blocks = _Blocks(root, outer, None, self._head)
        symbol = d.NOWHERE
        if message.symbol is not None:
            symbol = self._symbol(message.symbol, blocks)
        elif message.book is not None:
            raise _wrong("a book of no instrument", message.template)
        emits = [word for emit in message.emits for word in self._emit(emit, blocks)]
        self._count(message, outer)
        conditions = self._conditions(message.when, _Blocks(root, None, None, self._head))
        last = [d.NOWHERE, 0]
        if message.last is not None:
            field = self._located(message.last[0], blocks)[1]
            last = [self._source(message.last[0], blocks), _mask(field, message.last[1])]
        exact = message.block_bytes
        return [
            *conditions,
            d.NOWHERE if exact is None else exact,
            least_bytes(root) if exact is None else exact,
            d.NOWHERE if outer is None else root.groups.index(outer),
            symbol,
            self._put(emits), len(message.emits),
            0 if message.book is None else d.SNAPSHOT if message.book.is_snapshot else d.CHANGE,
            int(message.is_heartbeat),
            self._first_op(message, blocks, Price), self._first_op(message, blocks, Size),
            self._slots[message.name or message.template],
            d.NOWHERE if message.defines is None else self._definition(message.defines, blocks),
            *last, int(message.is_known), message.key_bits,
        ]  # fmt: skip

    def _definition(self, definition: Definition, blocks: _Blocks) -> int:
        """Compile what a message says of its instrument."""
        ops: list[int] = []
        unknown = definition.columns.keys() - _COLUMNS.keys() or definition.texts.keys() - {*_TEXTS}
        if unknown:
            known = [*_COLUMNS, *_TEXTS]
            raise _wrong("a definition has no such column", "", expected=known, got=min(unknown))
        targets: list[tuple[int, Value | Pick]] = [
            (_COLUMNS[name], value) for name, value in definition.columns.items()
        ]
        if isinstance(definition.kind, Code):
            targets.append((rows.W_TRAITS, definition.kind))
        if isinstance(definition.option_type, Code):
            targets.append((d.T_OPTION, definition.option_type))
        if definition.depth is not None:
            targets.append((d.T_DEPTH, definition.depth))
        for target, value in targets:
            inside, group, picked = blocks, d.NOWHERE, value
            conditions = [d.NOWHERE, 0]
            if isinstance(value, Pick):
                inner = blocks.root.group(value.group)
                if inner.groups or inner.data:
                    raise _wrong("entries with parts of their own", value.group)
                inside, group = blocks.with_rows(inner), blocks.root.groups.index(inner)
                conditions = self._conditions(value.when, inside)
                picked = value.value
            assert not isinstance(picked, Pick)
            ops += [group, *conditions, *self._op(target, picked, inside)]
        fields = INSTRUMENT_ROW.fields
        assert fields is not None
        texts: list[int] = []
        for name, path in {"symbol": definition.symbol, **definition.texts}.items():
            dtype, at = fields[name][:2]
            # Of a symbol the last byte stays 0.
            most = dtype.itemsize - int(name == "symbol")
            texts += [self._source(path, blocks, is_text=True), at, most]
        size = definition.size_exponent
        kind, option = definition.kind, definition.option_type
        return self._put(
            [
                definition.price_exponent,
                size if isinstance(size, int) else 0,
                d.NOWHERE if isinstance(size, int) else self._source(size, blocks),
                kind if isinstance(kind, int) else UNKNOWN_INSTRUMENT,
                option if isinstance(option, int) else 0,
                self._put(ops), len(targets),
                self._put(texts), len(texts) // d.D_TEXT_WORDS,
            ]
        )  # fmt: skip

    def _count(self, message: Message, outer: Group | None) -> None:
        """Note how many records a byte, and a message, can make at most."""
        single = sum(emit.rows is None for emit in message.emits)
        counted: dict[Group, int] = {}
        for emit in message.emits:
            if emit.rows is not None:
                group = (outer or self.schema.message(message.template)).group(emit.rows)
                counted[group] = counted.get(group, 0) + 1
        if outer is not None:
            counted[outer] = counted.get(outer, 0) + single + _EVERY_PART
        for group, count in counted.items():
            size = entry_bytes(group)
            if size == 0:
                raise _wrong(
                    "entries of no bytes cannot be rows", f"{message.template}.{group.name}"
                )
            self._density = max(self._density, Fraction(count, size))
        self._most_single = max(self._most_single, single)

    def _emit(self, emit: Emit, blocks: _Blocks) -> list[int]:
        names = BODY[emit.kind]
        holder = blocks.outer or blocks.root
        inner = None if emit.rows is None else holder.group(emit.rows)
        inside = blocks.with_rows(inner)
        once: list[int] = []
        each: list[int] = []

        def add(target: int, value: Value) -> None:
            (each if self._is_of_rows(value, inside) else once).extend(
                self._op(target, value, inside)
            )

        if emit.time is not None:
            add(d.T_TIME, emit.time)
        for name, value in emit.body.items():
            if name not in names:
                raise _wrong("a record has no such column", "emit", expected=list(names), got=name)
            add(d.T_BODY + names.index(name), value)
        side = emit.side if isinstance(emit.side, int) else NO_SIDE
        if isinstance(emit.side, Code | Sign):
            add(d.T_SIDE, emit.side)
        action = emit.action if isinstance(emit.action, int) else ACTION_NONE
        if emit.action is None and emit.kind == LEVEL:
            action = ACTION_BY_SIZE
        elif isinstance(emit.action, Code):
            add(d.T_ACTION, emit.action)
        return [
            emit.kind | emit.flags << 8,
            d.NOWHERE if inner is None else holder.groups.index(inner),
            *self._conditions(emit.when, inside),
            self._put(once + each), len(once) // d.OP_WORDS, len(each) // d.OP_WORDS,
            side, action,
        ]  # fmt: skip

    def _is_of_rows(self, value: Value, blocks: _Blocks) -> bool:
        named: list[str] = [] if isinstance(value, Constant) else [value.source]
        if isinstance(value, Scaled):
            named += [each for each in (value.exponent, value.decimals) if isinstance(each, str)]
        return any(self._located(name, blocks)[0] == d.INNER for name in named)

    def _op(self, target: int, value: Value, blocks: _Blocks) -> list[int]:
        if isinstance(value, Constant):
            return _op_words(target, d.OP_CONSTANT, argument=value.number)
        if isinstance(value, Scaled):
            return self._scaled(target, value, blocks)
        if isinstance(value, Real):
            return _op_words(target, d.OP_REAL, self._source(value.source, blocks, is_real=True))
        source = self._source(value.source, blocks)
        if isinstance(value, Time):
            if value.unit == _DAYS:
                return _op_words(target, d.OP_DAYS, source)
            if value.unit == _EITHER:
                return _op_words(target, d.OP_MS_OR_US, source)
            if value.unit not in _UNITS:
                known = [_DAYS, *_UNITS, _EITHER]
                raise _wrong("unknown unit", value.source, expected=known, got=value.unit)
            exponent = _UNITS[value.unit]
            return _op_words(target, d.OP_FIXED, source, _NS_EXPONENT, exponent)
        if not isinstance(value, Code):
            plus = value.plus if isinstance(value, Whole) else 0
            return _op_words(target, _OPERATIONS[type(value)], source, plus)
        field = self._located(value.source, blocks)[1]
        pairs = [
            word for name, code in value.codes.items() for word in (_raw_value(field, name), code)
        ]
        return _op_words(target, d.OP_CODE, source, self._put(pairs), len(value.codes))

    def _scaled(self, target: int, value: Scaled, blocks: _Blocks) -> list[int]:
        source, exponent, exponent_source = value.source, value.exponent, d.NOWHERE
        kind = self._located(source, blocks)[1].type
        if isinstance(kind, CompositeType):
            member = kind.member("exponent")
            if exponent is None and value.decimals is None and member is not None:
                constant = member.constant
                exponent = constant if isinstance(constant, int) else f"{source}.exponent"
            source = f"{source}.{_mantissa(kind)}"
        if value.decimals is not None:
            if exponent is not None:
                raise _wrong("an exponent and a number of decimals", source)
            exponent = value.decimals
        if isinstance(exponent, str):
            exponent_source = self._source(exponent, blocks)
            exponent = 0
        code, wanted = d.OP_FIXED, RATE_EXPONENT
        if isinstance(value, Price):
            code, wanted = d.OP_PRICE, 0
        elif isinstance(value, Size):
            code, wanted = d.OP_SIZE, 0
        elif not isinstance(value, Rate):
            raise _wrong("neither a price nor a size nor a rate", source)
        words = _op_words(target, code, self._source(source, blocks), wanted, exponent or 0)
        words[d.O_EXPONENT_SOURCE] = exponent_source
        words[d.O_IS_DECIMALS] = int(value.decimals is not None)
        words[d.O_IS_ZERO_NONE] = int(value.is_zero_none)
        return words

    def _first_op(self, message: Message, blocks: _Blocks, kind: type[Scaled]) -> int:
        """Find the exponent that a new instrument takes: that of the message's first price or size."""
        for emit in message.emits:
            for value in emit.body.values():
                if not isinstance(value, kind):
                    continue
                inner = None
                if emit.rows is not None:
                    inner = (blocks.outer or blocks.root).group(emit.rows)
                words = self._scaled(0, value, blocks.with_rows(inner))
                source = words[d.O_EXPONENT_SOURCE]
                # That of an entry is not known before there is a row.
                if source != d.NOWHERE and self._words[source + d.N_SPACE] == d.INNER:
                    return d.NOWHERE
                return self._put(words)
        return d.NOWHERE

    def _conditions(self, when: Mapping[str, Condition], blocks: _Blocks) -> list[int]:
        words: list[int] = []
        for source, value in when.items():
            field = self._located(source, blocks)[1]
            is_packed = isinstance(value, str) and _is_text(field)
            words += [self._source(source, blocks, is_packed=is_packed), *_wanted(field, value)]
        return [self._put(words), len(when)]

    def _symbol(self, name: str, blocks: _Blocks) -> int:
        for space, block in blocks:
            for ordinal, data in enumerate(block.data, len(block.groups)):
                if data.name == name:
                    return self._put_source([space, ordinal, 0, d.CODE_DATA, 0, 0, 0])
        return self._source(name, blocks, is_text=True)

    def _source(
        self,
        path: str,
        blocks: _Blocks,
        *,
        is_text: bool = False,
        is_real: bool = False,
        is_packed: bool = False,
    ) -> int:
        space, field, leaf = self._located(path, blocks)
        where = f"{blocks.root.name}.{path}"
        if leaf is None or leaf.cells != 1 or (leaf.code in (w.CODE_F32, w.CODE_F64)) != is_real:
            wanted = "floating-point number" if is_real else "single integer"
            raise _wrong(f"not a {wanted}", where, got=field.type.name)
        code = leaf.code
        if code == w.CODE_TEXT and is_packed and leaf.size <= _MOST_PACKED:
            code = d.CODE_PACKED
        elif code == w.CODE_TEXT and not is_text:
            raise _wrong("a text where a number is wanted", where)
        null = None if is_real else leaf.null
        return self._put_source(
            [
                space, leaf.offset, leaf.offset + leaf.size, code, leaf.since_version,
                int(null is not None),
                0 if null is None else (int(null) + 2**63) % 2**64 - 2**63,
            ]
        )  # fmt: skip

    def _put_source(self, words: Sequence[int]) -> int:
        key = tuple(words)
        if key not in self._sources:
            self._sources[key] = self._put(words)
        return self._sources[key]

    def _located(self, path: str, blocks: _Blocks) -> tuple[int, Field, Leaf | None]:
        """Find a source: its space, its field, and where that lies, unless it is a composite."""
        own, _, rest = path.partition(".")
        if own == _HEAD and rest and blocks.head is not None:
            blocks, path = _Blocks(blocks.head), rest
            space, field, leaf = self._located(path, blocks)
            return d.HEAD, field, leaf
        for space, block in blocks:
            if any(each.name == path.partition(".")[0] for each in block.fields):
                field = block.field(path)
                return space, field, next((x for x in leaves(block) if x.path == path), None)
        known = [field.name for _, block in blocks for field in block.fields]
        raise _wrong("no such field", blocks.root.name, expected=known, got=path)


def least_bytes(block: Block) -> int:
    """Compute the length of a block in the first version that has it."""
    first = [leaf for leaf in leaves(block) if leaf.since_version <= block.since_version]
    return max((leaf.offset + leaf.size for leaf in first), default=0)


def entry_bytes(group: Group) -> int:
    """Compute the fewest bytes that an entry of a group takes: its block, and what it must contain."""
    heads = [(each.dimensions.size, each.since_version) for each in group.groups]
    heads += [(each.size, each.since_version) for each in group.data]
    return least_bytes(group) + sum(size for size, since in heads if since <= group.since_version)


def _most_rows(schema: Schema, message_bytes: int) -> int:
    """Bound the span rows of one message."""
    density = Fraction(0)
    contained = 0
    for block in schema.blocks():
        children = len(block.groups) + len(block.data)
        contained = max(contained, children)
        if isinstance(block, Group) and (children or block.dimensions.num_groups is not None):
            density = max(density, Fraction(1 + children, max(1, entry_bytes(block))))
    return int(density * message_bytes) + contained + 2


def _op_words(
    target: int, code: int, source: int = d.NOWHERE, argument: int = 0, exponent: int = 0
) -> list[int]:
    return [target, code, source, argument, exponent, d.NOWHERE, 0, 0]


def _mantissa(kind: CompositeType) -> str:
    """Name the member of a decimal that is its mantissa: the one that is sent, whatever it is called."""
    sent = [each.name for each in kind.members if each.size and each.name != "exponent"]
    return sent[0] if len(sent) == 1 else "mantissa"


def _is_text(field: Field) -> bool:
    kind = field.type
    return isinstance(kind, ScalarType) and kind.is_text and kind.length > 1


def _mask(field: Field, choice: str | int) -> int:
    """Give the mask of a bit of a set."""
    if isinstance(choice, int):
        return choice
    kind = field.type
    if not isinstance(kind, SetType) or choice not in kind.choices:
        known = list(kind.choices) if isinstance(kind, SetType) else None
        raise _wrong("the set has no such bit", field.name, expected=known, got=choice)
    return 1 << kind.choices[choice]


def _wanted(field: Field, value: Condition) -> list[int]:
    """Give what a value must be, and the bits of it that are compared."""
    if value is None:
        return [UNDEF, -1]
    if isinstance(value, Sent):
        return [0, 0]
    if isinstance(value, Bits):
        mask = _mask(field, value.choice)
        return [mask if value.is_set else 0, mask]
    if isinstance(value, str) and _is_text(field):
        return [int.from_bytes(value.encode(), "little"), -1]
    return [_raw_value(field, value), -1]


def _raw_value(field: Field, value: str | int) -> int:
    """Give the number that stands for a value on the wire."""
    if isinstance(value, int):
        return value
    kind = field.type
    if isinstance(kind, EnumType):
        if value not in kind.values:
            raise _wrong(
                "the enum has no such value", field.name, expected=list(kind.values), got=value
            )
        return kind.values[value]
    if not isinstance(kind, CompositeType) and kind.primitive.is_char and len(value) == 1:
        return ord(value)
    raise _wrong("a name where the schema has none", field.name, expected="a number", got=value)


def _wrong(what: str, where: str, *, expected: object = None, got: object = None) -> SchemaError:
    return SchemaError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct what is said of the schema's messages",
    )
