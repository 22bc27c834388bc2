"""Reads an SBE message schema from XML.

Accepts what venues publish: FIX's 2016 namespace, the older ones and none; several
``<types>`` blocks; ``xi:include``; foreign attributes (ignored). Types may be used before
they are defined. Whatever the standard forbids, or what would make two readings of the same
bytes possible, is a :class:`~zerofeed.base.errors.SchemaError` that names the element.

Resolution rules, each of which some public schema depends on:

* a field without ``offset`` follows the one before it; nothing is ever aligned;
* a constant takes no bytes, whether declared by the field, the type or ``valueRef``;
* a field's ``presence`` overrides that of its type; a null value is the type's
  ``nullValue``, or else the standard's for the primitive;
* ``encodingType`` of an enum or set names a primitive or a ``<type>``, whose null it takes;
* a user's type may have the name of a primitive, and then wins.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe.model import (
    PRIMITIVES,
    Block,
    CompositeType,
    EnumType,
    Field,
    FieldType,
    Group,
    GroupDimensions,
    Header,
    Message,
    Plain,
    Presence,
    Primitive,
    ScalarType,
    Schema,
    SetType,
    Slot,
    VarData,
)

__all__ = ["load_schema", "parse_schema"]

Element = ElementTree.Element

_MAX_INCLUDES = 16
_MAX_COMPOSITE_DEPTH = 32
_TYPE_TAGS = ("type", "enum", "set", "composite")


def load_schema(path: str | Path) -> Schema:
    """Read a schema file, and the files that it includes.

    Args:
        path: the XML file; ``xi:include`` is resolved beside it.

    Returns:
        The schema, every offset resolved.

    Raises:
        SchemaError: the file cannot be read, is not XML, or is not a usable schema.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SchemaError(
            "the schema cannot be read",
            where=str(path),
            got=error.strerror,
            next_step="check the path and its permissions",
        ) from error
    return parse_schema(text, source=str(path), directory=path.parent)


def parse_schema(
    text: str | bytes, *, source: str = "schema", directory: str | Path | None = None
) -> Schema:
    """Read a schema from XML text.

    Args:
        text: the XML document.
        source: what to call it in error messages.
        directory: where ``xi:include`` looks; None refuses includes.

    Returns:
        The schema, every offset resolved.

    Raises:
        SchemaError: the text is not XML, or is not a usable schema.
    """
    root = _parse_xml(text, source)
    _include(root, source, None if directory is None else Path(directory), depth=0)
    return _SchemaReader(root, source).schema()


def _fail(
    what: str, where: str, *, expected: object = None, got: object = None, cause: Exception | None = None
) -> NoReturn:
    raise SchemaError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the schema, or ask its publisher for one that validates",
    ) from cause


def _parse_xml(text: str | bytes, source: str) -> Element:
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        _fail("not well-formed XML", source, got=error, cause=error)


def _include(parent: Element, source: str, directory: Path | None, depth: int) -> None:
    """Replace each include by the element that it names, in place."""
    for index, child in enumerate(list(parent)):
        if _tag(child) != "include":
            _include(child, source, directory, depth)
            continue
        href = child.get("href", "")
        where = f"{source}: include of {href!r}"
        if directory is None:
            _fail("the schema was given as text, so nothing can be included", where)
        if depth >= _MAX_INCLUDES:
            _fail("files include one another", where, expected=f"at most {_MAX_INCLUDES} levels")
        path = directory / href
        try:
            text = path.read_bytes()
        except OSError as error:
            _fail("the included file cannot be read", where, got=error.strerror, cause=error)
        included = _parse_xml(text, str(path))
        holder = ElementTree.Element("holder")
        holder.append(included)
        _include(holder, str(path), path.parent, depth + 1)
        parent[index] = holder[0]


def _tag(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _name(element: Element, where: str) -> str:
    name = element.get("name", "").strip()
    if not name:
        _fail(f"<{_tag(element)}> has no name", where, expected="a name attribute")
    return name


def _integer(element: Element, attribute: str, default: int | None, where: str) -> int:
    text = element.get(attribute)
    if text is None:
        if default is None:
            _fail(f"<{_tag(element)}> has no {attribute}", where, expected="an integer")
        return default
    try:
        value = int(text)
    except ValueError as error:
        _fail(f"{attribute} is not a number", where, expected="an integer", got=text, cause=error)
    if value < 0:
        _fail(f"{attribute} is negative", where, expected="0 or more", got=value)
    return value


def _presence(element: Element, default: Presence, where: str) -> Presence:
    text = element.get("presence")
    if text is None:
        return default
    for known in ("required", "optional", "constant"):
        if text == known:
            return known  # type: ignore[return-value]
    _fail("unknown presence", where, expected="required, optional or constant", got=text)


def _codec(label: str | None) -> str | None:
    """Turn a characterEncoding label into a Python codec name; None when it is not one."""
    if not label:
        return None
    try:
        return codecs.lookup(label.strip()).name
    except LookupError:
        return None


def _raw(text: str, primitive: Primitive, where: str) -> int | float:
    """Read one value as a schema writes it; a character gives its code."""
    try:
        if primitive.is_char:
            if len(text) != 1:
                raise ValueError(text)
            return text.encode("latin-1")[0]
        if primitive.is_float:
            return float(text)
        value = int(text)
    except ValueError as error:
        _fail("not a value of its type", where, expected=primitive.name, got=text, cause=error)
    low, high = _range(primitive)
    if not low <= value <= high:
        _fail("value out of range", where, expected=f"{low} to {high}", got=value)
    return value


def _range(primitive: Primitive) -> tuple[int, int]:
    bits = 8 * primitive.size
    if primitive.name.startswith("u") or primitive.is_char:
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


class _SchemaReader:
    """One pass over one document; types are resolved when first asked for."""

    def __init__(self, root: Element, source: str) -> None:
        if _tag(root) != "messageSchema":
            _fail("not an SBE schema", source, expected="<messageSchema>", got=f"<{_tag(root)}>")
        self.root = root
        self.source = source
        self.elements: dict[str, Element] = {}
        self.resolved: dict[str, FieldType] = {}
        self.resolving: list[str] = []
        for block in root:
            if _tag(block) == "types":
                self._collect(block)

    def _collect(self, block: Element) -> None:
        for element in block:
            tag = _tag(element)
            if tag == "types":
                self._collect(element)
            elif tag in _TYPE_TAGS:
                name = _name(element, f"{self.source}: types")
                if name in self.elements:
                    _fail("two types have the same name", f"{self.source}: types", got=name)
                self.elements[name] = element

    def schema(self) -> Schema:
        """Resolve everything."""
        root = self.root
        order = root.get("byteOrder", "littleEndian")
        if order not in {"littleEndian", "bigEndian"}:
            _fail("unknown byteOrder", self.source, expected="littleEndian or bigEndian", got=order)
        for name in self.elements:
            self.type_named(name, self.source)
        header_name = root.get("headerType", "messageHeader")
        header = self._header(header_name) if header_name in self.elements else None
        messages = tuple(
            self._message(element) for element in root if _tag(element) == "message"
        )
        if messages and header is None:
            _fail("the message header is not defined", self.source, expected=f"a composite {header_name}")
        self._unique("template id", [message.id for message in messages])
        self._unique("message name", [message.name for message in messages])
        dimensions, data = self._defaults(messages)
        return Schema(
            source=self.source,
            package=root.get("package", ""),
            id=_integer(root, "id", 0, self.source),
            version=_integer(root, "version", 0, self.source),
            byte_order="<" if order == "littleEndian" else ">",
            header=header,
            types=self.resolved,
            messages=messages,
            default_dimensions=dimensions,
            default_var_data=data,
        )

    def _unique(self, what: str, names: list[int] | list[str]) -> None:
        seen: set[int | str] = set()
        for name in names:
            if name in seen:
                _fail(f"a {what} is used twice", self.source, got=name)
            seen.add(name)

    def _defaults(
        self, messages: tuple[Message, ...]
    ) -> tuple[GroupDimensions | None, VarData | None]:
        """Tell what unknown groups and var data look like, where the schema leaves one answer."""
        dimensions: dict[str, GroupDimensions] = {}
        data: dict[int, VarData] = {}
        waiting: list[Block] = list(messages)
        while waiting:
            block = waiting.pop()
            waiting.extend(block.groups)
            dimensions.update((group.dimensions.composite.name, group.dimensions) for group in block.groups)
            data.update((item.length.primitive.code, item) for item in block.data)
        usual = dimensions.get("groupSizeEncoding")
        if usual is None and len(dimensions) == 1:
            usual = next(iter(dimensions.values()))
        if usual is None and "groupSizeEncoding" in self.elements:
            usual = self._dimensions("groupSizeEncoding", self.source)
        return usual, next(iter(data.values())) if len(data) == 1 else None

    def type_named(self, name: str, where: str) -> FieldType:
        """Resolve a type by the name that a field, ref, enum or set gives."""
        found = self.resolved.get(name)
        if found is not None:
            return found
        element = self.elements.get(name)
        if element is None:
            primitive = PRIMITIVES.get(name)
            if primitive is None:
                _fail("a type is not defined", where, got=repr(name))
            return ScalarType(
                name, primitive, 1, "required", primitive.default_null, None, _ascii(primitive)
            )
        if name in self.resolving:
            chain = " > ".join([*self.resolving, name])
            _fail("a type contains itself", where, got=chain)
        if len(self.resolving) >= _MAX_COMPOSITE_DEPTH:
            _fail("composites are nested too deeply", where, expected=f"at most {_MAX_COMPOSITE_DEPTH}")
        self.resolving.append(name)
        found = self._type(element, f"{self.source}: {_tag(element)} {name}")
        self.resolving.pop()
        self.resolved[name] = found
        return found

    def _type(self, element: Element, where: str) -> FieldType:
        tag = _tag(element)
        if tag == "type":
            return self._scalar(element, where)
        if tag == "enum":
            return self._enum(element, where)
        if tag == "set":
            return self._set(element, where)
        return self._composite(element, where)

    def _scalar(self, element: Element, where: str) -> ScalarType:
        name = _name(element, where)
        primitive = PRIMITIVES.get(element.get("primitiveType", ""))
        if primitive is None:
            _fail(
                "unknown primitiveType",
                where,
                expected=f"one of {', '.join(PRIMITIVES)}",
                got=element.get("primitiveType"),
            )
        presence = _presence(element, "required", where)
        null_text = element.get("nullValue")
        null = primitive.default_null if null_text is None else _raw(null_text, primitive, where)
        constant = self._constant(element, primitive, where) if presence == "constant" else None
        encoding = _codec(element.get("characterEncoding")) or _ascii(primitive)
        length = _integer(element, "length", 1, where)
        return ScalarType(name, primitive, length, presence, null, constant, encoding)

    def _constant(self, element: Element, primitive: Primitive, where: str) -> Plain:
        reference = element.get("valueRef")
        if reference is not None:
            enum, name = self._referenced(reference, where)
            raw = enum.values[name]
            return chr(raw) if primitive.is_char else raw
        text = element.text or ""
        text = text.strip() or text
        if not text:
            _fail("a constant has no value", where, expected="text or valueRef")
        return text if primitive.is_char else _raw(text, primitive, where)

    def _referenced(self, reference: str, where: str) -> tuple[EnumType, str]:
        type_name, _, value_name = reference.partition(".")
        enum = self.type_named(type_name, where)
        if not isinstance(enum, EnumType) or value_name not in enum.values:
            _fail("valueRef names nothing", where, expected="Enum.validValue", got=reference)
        return enum, value_name

    def _encoding(self, element: Element, where: str) -> ScalarType:
        encoding = self.type_named(element.get("encodingType", ""), where)
        if not isinstance(encoding, ScalarType) or encoding.length != 1 or encoding.primitive.is_float:
            _fail("encodingType is not a single integer", where, got=element.get("encodingType"))
        return encoding

    def _enum(self, element: Element, where: str) -> EnumType:
        encoding = self._encoding(element, where)
        values: dict[str, int] = {}
        for child in element:
            if _tag(child) != "validValue":
                continue
            name = _name(child, where)
            if name in values:
                _fail("two values have the same name", where, got=name)
            values[name] = int(_raw((child.text or "").strip(), encoding.primitive, f"{where}.{name}"))
        null_text = element.get("nullValue")
        null = encoding.null if null_text is None else _raw(null_text, encoding.primitive, where)
        names = {raw: name for name, raw in reversed(values.items())}
        return EnumType(_name(element, where), encoding.primitive, int(null), values, names)

    def _set(self, element: Element, where: str) -> SetType:
        encoding = self._encoding(element, where)
        choices: dict[str, int] = {}
        for child in element:
            if _tag(child) != "choice":
                continue
            name = _name(child, where)
            bit = int(_raw((child.text or "").strip(), PRIMITIVES["uint8"], f"{where}.{name}"))
            if bit >= 8 * encoding.primitive.size:
                _fail("a choice lies outside its set", f"{where}.{name}", got=f"bit {bit}")
            if name in choices:
                _fail("two choices have the same name", where, got=name)
            choices[name] = bit
        return SetType(_name(element, where), encoding.primitive, choices)

    def _composite(self, element: Element, where: str) -> CompositeType:
        members: list[Field] = []
        end = 0
        for child in element:
            tag = _tag(child)
            if tag not in _TYPE_TAGS and tag != "ref":
                continue
            name = _name(child, where)
            inside = f"{where}.{name}"
            if tag == "ref":
                kind = self.type_named(child.get("type", ""), inside)
            else:
                kind = self._type(child, inside)
            member = self._field(child, name, kind, end, inside)
            members.append(member)
            end = max(end, member.offset + member.size)
        if not members:
            _fail("a composite has no members", where)
        self._unique(f"member name of {where}", [member.name for member in members])
        return CompositeType(_name(element, where), tuple(members), end)

    def _field(self, element: Element, name: str, kind: FieldType, end: int, where: str) -> Field:
        """Place one field or member after ``end`` and settle its presence and constant."""
        inherited = kind.presence if isinstance(kind, ScalarType) else "required"
        presence = _presence(element, inherited, where)
        if inherited == "constant":
            presence = "constant"
        constant: Plain | None = None
        if presence == "constant":
            constant = self._field_constant(element, kind, where)
        offset = end if presence == "constant" else _integer(element, "offset", end, where)
        if offset < end:
            _fail("offset overlaps the field before", where, expected=f"{end} or more", got=offset)
        since = _integer(element, "sinceVersion", 0, where)
        return Field(name, kind, offset, presence, since, constant)

    def _field_constant(self, element: Element, kind: FieldType, where: str) -> Plain:
        reference = element.get("valueRef")
        if reference is not None:
            enum, name = self._referenced(reference, where)
            if isinstance(kind, EnumType):
                return name
            primitive = kind.primitive if isinstance(kind, ScalarType) else enum.primitive
            return chr(enum.values[name]) if primitive.is_char else enum.values[name]
        if isinstance(kind, ScalarType) and kind.constant is not None:
            return kind.constant
        if isinstance(kind, ScalarType):
            return self._constant(element, kind.primitive, where)
        text = (element.text or "").strip()
        if isinstance(kind, EnumType) and text:
            return kind.names.get(int(_raw(text, kind.primitive, where)), text)
        _fail("a constant has no value", where, expected="valueRef")

    def _message(self, element: Element) -> Message:
        name = _name(element, self.source)
        where = f"{self.source}: message {name}"
        since = _integer(element, "sinceVersion", 0, where)
        fields, groups, data, length = self._body(element, where)
        return Message(name, _integer(element, "id", None, where), since, length, fields, groups, data)

    def _body(
        self, element: Element, where: str
    ) -> tuple[tuple[Field, ...], tuple[Group, ...], tuple[VarData, ...], int]:
        fields: list[Field] = []
        groups: list[Group] = []
        data: list[VarData] = []
        end = 0
        for child in element:
            tag = _tag(child)
            if tag not in {"field", "group", "data"}:
                continue
            name = _name(child, where)
            inside = f"{where}.{name}"
            if tag == "field":
                if groups or data:
                    _fail("a field follows a group or var data", inside)
                field = self._field(child, name, self.type_named(child.get("type", ""), inside), end, inside)
                fields.append(field)
                end = field.offset + field.size
            elif tag == "group":
                if data:
                    _fail("a group follows var data", inside)
                groups.append(self._group(child, name, inside))
            else:
                data.append(self._var_data(child, name, inside))
        self._unique(
            f"name in {where}",
            [*(f.name for f in fields), *(g.name for g in groups), *(d.name for d in data)],
        )
        length = _integer(element, "blockLength", end, where)
        if length < end:
            _fail("blockLength is shorter than the fields", where, expected=f"{end} or more", got=length)
        return tuple(fields), tuple(groups), tuple(data), length

    def _group(self, element: Element, name: str, where: str) -> Group:
        fields, groups, data, length = self._body(element, where)
        return Group(
            name,
            _integer(element, "id", 0, where),
            _integer(element, "sinceVersion", 0, where),
            length,
            fields,
            groups,
            data,
            self._dimensions(element.get("dimensionType", "groupSizeEncoding"), where),
        )

    def _var_data(self, element: Element, name: str, where: str) -> VarData:
        composite = self._composite_named(element.get("type", ""), where)
        body = composite.member("varData")
        if body is None or not isinstance(body.type, ScalarType):
            _fail("no varData member", where, expected=f"varData in {composite.name}")
        length = self._slot(composite, "length", where, is_constant_allowed=False)
        encoding = _codec(element.get("characterEncoding")) or body.type.character_encoding
        since = _integer(element, "sinceVersion", 0, where)
        return VarData(name, composite, since, body.offset, length, encoding)

    def _dimensions(self, name: str, where: str) -> GroupDimensions:
        composite = self._composite_named(name, where)
        return GroupDimensions(
            composite,
            composite.size,
            self._slot(composite, "blockLength", where),
            self._slot(composite, "numInGroup", where, is_constant_allowed=False),
            self._optional_slot(composite, "numGroups", where),
            self._optional_slot(composite, "numVarDataFields", where),
        )

    def _header(self, name: str) -> Header:
        where = f"{self.source}: header {name}"
        composite = self._composite_named(name, where)
        return Header(
            composite,
            composite.size,
            self._slot(composite, "templateId", where),
            self._optional_slot(composite, "blockLength", where),
            self._optional_slot(composite, "schemaId", where),
            self._optional_slot(composite, "version", where),
            self._optional_slot(composite, "numGroups", where),
            self._optional_slot(composite, "numVarDataFields", where),
        )

    def _composite_named(self, name: str, where: str) -> CompositeType:
        composite = self.type_named(name, where)
        if not isinstance(composite, CompositeType):
            _fail("not a composite", where, expected="a composite type", got=name)
        return composite

    def _optional_slot(self, composite: CompositeType, name: str, where: str) -> Slot | None:
        return None if composite.member(name) is None else self._slot(composite, name, where)

    def _slot(
        self, composite: CompositeType, name: str, where: str, *, is_constant_allowed: bool = True
    ) -> Slot:
        member = composite.member(name)
        if member is None:
            _fail(f"{composite.name} has no member {name}", where, expected=name)
        kind = member.type
        if isinstance(kind, CompositeType) or kind.primitive.is_float or kind.primitive.is_char:
            _fail(f"{name} of {composite.name} is not an integer", where)
        if isinstance(kind, ScalarType) and member.constant is None and kind.length != 1:
            _fail(f"{name} of {composite.name} is an array", where, expected="one integer")
        if member.constant is None:
            return Slot(member.offset, kind.primitive)
        if not is_constant_allowed or not isinstance(member.constant, int):
            _fail(f"{name} of {composite.name} is a constant", where, expected="a number on the wire")
        return Slot(0, kind.primitive, member.constant)


def _ascii(primitive: Primitive) -> str | None:
    return "ascii" if primitive.is_char else None
