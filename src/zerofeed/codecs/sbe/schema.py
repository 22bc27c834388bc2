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

from pathlib import Path

from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe._xml import (
    Element,
    codec_of,
    fail,
    include,
    integer_of,
    name_of,
    parse_xml,
    presence_of,
    raw_value,
    tag_of,
)
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
    Primitive,
    ScalarType,
    Schema,
    SetType,
    Slot,
    VarData,
)

__all__ = ["load_schema", "parse_schema", "read_schema"]

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
    root = parse_xml(text, source)
    include(root, source, None if directory is None else Path(directory), depth=0)
    return read_schema(root, source)


def read_schema(root: Element, source: str) -> Schema:
    """Read a schema from the elements of its document, includes replaced.

    Args:
        root: of the document.
        source: what to call it in error messages.

    Raises:
        SchemaError: not a usable schema.
    """
    return _SchemaReader(root, source).schema()


class _SchemaReader:
    """One pass over one document; types are resolved when first asked for."""

    def __init__(self, root: Element, source: str) -> None:
        if tag_of(root) != "messageSchema":
            fail("not an SBE schema", source, expected="<messageSchema>", got=f"<{tag_of(root)}>")
        self.root = root
        self.source = source
        self.elements: dict[str, Element] = {}
        self.resolved: dict[str, FieldType] = {}
        self.resolving: list[str] = []
        for block in root:
            if tag_of(block) == "types":
                self._collect(block)

    def _collect(self, block: Element) -> None:
        for element in block:
            tag = tag_of(element)
            if tag == "types":
                self._collect(element)
            elif tag in _TYPE_TAGS:
                name = name_of(element, f"{self.source}: types")
                if name in self.elements:
                    fail("two types have the same name", f"{self.source}: types", got=name)
                self.elements[name] = element

    def schema(self) -> Schema:
        """Resolve everything."""
        root = self.root
        order = root.get("byteOrder", "littleEndian")
        if order not in {"littleEndian", "bigEndian"}:
            fail("unknown byteOrder", self.source, expected="littleEndian or bigEndian", got=order)
        for name in self.elements:
            self.type_named(name, self.source)
        header_name = root.get("headerType", "messageHeader")
        header = self._header(header_name) if header_name in self.elements else None
        messages = tuple(self._message(element) for element in root if tag_of(element) == "message")
        if messages and header is None:
            fail(
                "the message header is not defined",
                self.source,
                expected=f"a composite {header_name}",
            )
        self._unique("template id", [message.id for message in messages])
        self._unique("message name", [message.name for message in messages])
        dimensions, data = self._defaults(messages)
        return Schema(
            source=self.source,
            package=root.get("package", ""),
            id=integer_of(root, "id", 0, self.source),
            version=integer_of(root, "version", 0, self.source),
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
                fail(f"a {what} is used twice", self.source, got=name)
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
            dimensions.update(
                (group.dimensions.composite.name, group.dimensions) for group in block.groups
            )
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
                fail("a type is not defined", where, got=repr(name))
            return ScalarType(
                name, primitive, 1, "required", primitive.default_null, None, _ascii(primitive)
            )
        if name in self.resolving:
            chain = " > ".join([*self.resolving, name])
            fail("a type contains itself", where, got=chain)
        if len(self.resolving) >= _MAX_COMPOSITE_DEPTH:
            fail(
                "composites are nested too deeply",
                where,
                expected=f"at most {_MAX_COMPOSITE_DEPTH}",
            )
        self.resolving.append(name)
        found = self._type(element, f"{self.source}: {tag_of(element)} {name}")
        self.resolving.pop()
        self.resolved[name] = found
        return found

    def _type(self, element: Element, where: str) -> FieldType:
        tag = tag_of(element)
        if tag == "type":
            return self._scalar(element, where)
        if tag == "enum":
            return self._enum(element, where)
        if tag == "set":
            return self._set(element, where)
        return self._composite(element, where)

    def _scalar(self, element: Element, where: str) -> ScalarType:
        name = name_of(element, where)
        primitive = PRIMITIVES.get(element.get("primitiveType", ""))
        if primitive is None:
            fail(
                "unknown primitiveType",
                where,
                expected=f"one of {', '.join(PRIMITIVES)}",
                got=element.get("primitiveType"),
            )
        presence = presence_of(element, "required", where)
        null_text = element.get("nullValue")
        null = (
            primitive.default_null if null_text is None else raw_value(null_text, primitive, where)
        )
        constant = self._constant(element, primitive, where) if presence == "constant" else None
        encoding = codec_of(element.get("characterEncoding")) or _ascii(primitive)
        length = integer_of(element, "length", 1, where)
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
            fail("a constant has no value", where, expected="text or valueRef")
        return text if primitive.is_char else raw_value(text, primitive, where)

    def _referenced(self, reference: str, where: str) -> tuple[EnumType, str]:
        type_name, _, value_name = reference.partition(".")
        enum = self.type_named(type_name, where)
        if not isinstance(enum, EnumType) or value_name not in enum.values:
            fail("valueRef names nothing", where, expected="Enum.validValue", got=reference)
        return enum, value_name

    def _encoding(self, element: Element, where: str) -> ScalarType:
        encoding = self.type_named(element.get("encodingType", ""), where)
        if (
            not isinstance(encoding, ScalarType)
            or encoding.length != 1
            or encoding.primitive.is_float
        ):
            fail("encodingType is not a single integer", where, got=element.get("encodingType"))
        return encoding

    def _enum(self, element: Element, where: str) -> EnumType:
        encoding = self._encoding(element, where)
        values: dict[str, int] = {}
        for child in element:
            if tag_of(child) != "validValue":
                continue
            name = name_of(child, where)
            if name in values:
                fail("two values have the same name", where, got=name)
            values[name] = int(
                raw_value((child.text or "").strip(), encoding.primitive, f"{where}.{name}")
            )
        null_text = element.get("nullValue")
        null = (
            encoding.null if null_text is None else raw_value(null_text, encoding.primitive, where)
        )
        names = {raw: name for name, raw in reversed(values.items())}
        return EnumType(name_of(element, where), encoding.primitive, int(null), values, names)

    def _set(self, element: Element, where: str) -> SetType:
        encoding = self._encoding(element, where)
        choices: dict[str, int] = {}
        for child in element:
            if tag_of(child) != "choice":
                continue
            name = name_of(child, where)
            bit = int(raw_value((child.text or "").strip(), PRIMITIVES["uint8"], f"{where}.{name}"))
            if bit >= 8 * encoding.primitive.size:
                fail("a choice lies outside its set", f"{where}.{name}", got=f"bit {bit}")
            if name in choices:
                fail("two choices have the same name", where, got=name)
            choices[name] = bit
        return SetType(name_of(element, where), encoding.primitive, choices)

    def _composite(self, element: Element, where: str) -> CompositeType:
        members: list[Field] = []
        end = 0
        for child in element:
            tag = tag_of(child)
            if tag not in _TYPE_TAGS and tag != "ref":
                continue
            name = name_of(child, where)
            inside = f"{where}.{name}"
            if tag == "ref":
                kind = self.type_named(child.get("type", ""), inside)
            else:
                kind = self._type(child, inside)
            member = self._field(child, name, kind, end, inside)
            members.append(member)
            end = max(end, member.offset + member.size)
        if not members:
            fail("a composite has no members", where)
        self._unique(f"member name of {where}", [member.name for member in members])
        return CompositeType(name_of(element, where), tuple(members), end)

    def _field(self, element: Element, name: str, kind: FieldType, end: int, where: str) -> Field:
        """Place one field or member after ``end`` and settle its presence and constant."""
        inherited = kind.presence if isinstance(kind, ScalarType) else "required"
        presence = presence_of(element, inherited, where)
        if inherited == "constant":
            presence = "constant"
        constant: Plain | None = None
        if presence == "constant":
            constant = self._field_constant(element, kind, where)
        offset = end if presence == "constant" else integer_of(element, "offset", end, where)
        if offset < end:
            fail("offset overlaps the field before", where, expected=f"{end} or more", got=offset)
        since = integer_of(element, "sinceVersion", 0, where)
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
        if not isinstance(kind, EnumType) or not text:
            fail("a constant has no value", where, expected="valueRef")
        return kind.names.get(int(raw_value(text, kind.primitive, where)), text)

    def _message(self, element: Element) -> Message:
        name = name_of(element, self.source)
        where = f"{self.source}: message {name}"
        since = integer_of(element, "sinceVersion", 0, where)
        fields, groups, data, length = self._body(element, where)
        return Message(
            name, integer_of(element, "id", None, where), since, length, fields, groups, data
        )

    def _body(
        self, element: Element, where: str
    ) -> tuple[tuple[Field, ...], tuple[Group, ...], tuple[VarData, ...], int]:
        fields: list[Field] = []
        groups: list[Group] = []
        data: list[VarData] = []
        end = 0
        for child in element:
            tag = tag_of(child)
            if tag not in {"field", "group", "data"}:
                continue
            name = name_of(child, where)
            inside = f"{where}.{name}"
            if tag == "field":
                if groups or data:
                    fail("a field follows a group or var data", inside)
                field = self._field(
                    child, name, self.type_named(child.get("type", ""), inside), end, inside
                )
                fields.append(field)
                end = field.offset + field.size
            elif tag == "group":
                if data:
                    fail("a group follows var data", inside)
                groups.append(self._group(child, name, inside))
            else:
                data.append(self._var_data(child, name, inside))
        self._unique(
            f"name in {where}",
            [*(f.name for f in fields), *(g.name for g in groups), *(d.name for d in data)],
        )
        length = integer_of(element, "blockLength", end, where)
        if length < end:
            fail(
                "blockLength is shorter than the fields",
                where,
                expected=f"{end} or more",
                got=length,
            )
        return tuple(fields), tuple(groups), tuple(data), length

    def _group(self, element: Element, name: str, where: str) -> Group:
        fields, groups, data, length = self._body(element, where)
        return Group(
            name,
            integer_of(element, "id", 0, where),
            integer_of(element, "sinceVersion", 0, where),
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
            fail("no varData member", where, expected=f"varData in {composite.name}")
        length = self._slot(composite, "length", where, is_constant_allowed=False)
        encoding = codec_of(element.get("characterEncoding")) or body.type.character_encoding
        since = integer_of(element, "sinceVersion", 0, where)
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
            fail("not a composite", where, expected="a composite type", got=name)
        return composite

    def _optional_slot(self, composite: CompositeType, name: str, where: str) -> Slot | None:
        return None if composite.member(name) is None else self._slot(composite, name, where)

    def _slot(
        self, composite: CompositeType, name: str, where: str, *, is_constant_allowed: bool = True
    ) -> Slot:
        member = composite.member(name)
        if member is None:
            fail(f"{composite.name} has no member {name}", where, expected=name)
        kind = member.type
        if isinstance(kind, CompositeType) or kind.primitive.is_float or kind.primitive.is_char:
            fail(f"{name} of {composite.name} is not an integer", where)
        if isinstance(kind, ScalarType) and member.constant is None and kind.length != 1:
            fail(f"{name} of {composite.name} is an array", where, expected="one integer")
        if member.constant is None:
            return Slot(member.offset, kind.primitive)
        if not is_constant_allowed or not isinstance(member.constant, int):
            fail(
                f"{name} of {composite.name} is a constant", where, expected="a number on the wire"
            )
        return Slot(0, kind.primitive, member.constant)


def _ascii(primitive: Primitive) -> str | None:
    return "ascii" if primitive.is_char else None
