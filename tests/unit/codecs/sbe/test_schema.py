"""Every schema that venues publish is understood; what is wrong with one is said precisely."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.unit.codecs.sbe.schemas import COUNTED, EVERYTHING, TINY_HEADER, everything
from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.sbe import compile_program, load_schema, parse_schema
from zerofeed.codecs.sbe.model import CompositeType, EnumType, ScalarType, SetType

__all__: list[str] = []

HEADER = """<composite name="messageHeader">
  <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
  <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
</composite>
<composite name="groupSizeEncoding">
  <type name="blockLength" primitiveType="uint16"/><type name="numInGroup" primitiveType="uint8"/>
</composite>"""


def schema_of(types: str = "", messages: str = "", attributes: str = "") -> str:
    """Wrap types and messages into a schema."""
    return (
        f"<messageSchema id='1' version='0' {attributes}><types>{HEADER}{types}</types>"
        f"{messages}</messageSchema>"
    )


def message_of(body: str, types: str = "") -> str:
    """Wrap fields into a message of a schema."""
    return schema_of(types, f"<message name='M' id='1'>{body}</message>")


# Messages in each file, counted by another tool.
PUBLISHED = {
    "binance/spot_3_5.xml": 92,
    "binance/stream_1_0.xml": 4,
    "cme/Cme.Futures.Mdp3.Sbe.v1.5.xml": 17,
    "cme/Cme.Futures.Mdp3.Sbe.v1.8.xml": 19,
    "cme/Cme.Futures.Mdp3.Sbe.v1.9.xml": 29,
    "cme/Cme.Futures.Mdp3.Sbe.v1.13.xml": 31,
    "coinbase/Coinbase.Derivatives.MarketDataApi.Sbe.v1.2.xml": 20,
    "coinbase/Coinbase.Derivatives.MarketDataApi.Sbe.v1.7.xml": 23,
    "deribit/deribit_multicast.reconstructed.xml": 11,
    "deribit/starbase_v1.0.xml": 19,
    "okx/okx_sbe_1_0.retyped.xml": 7,
    "real-logic/example-composite.xml": 1,
    "real-logic/example-extension-schema.xml": 1,
    "real-logic/example-schema.xml": 1,
    "real-logic/group-with-data-extension-schema.xml": 4,
}


@pytest.mark.parametrize("path", PUBLISHED)
def test_a_published_schema_is_read_and_compiled(captures: Path, path: str) -> None:
    schema = load_schema(captures / "schemas" / path)
    assert len(schema.messages) == PUBLISHED[path]
    assert len(compile_program(schema).nodes) >= len(schema.messages)


def test_every_published_schema_is_in_the_list(captures: Path) -> None:
    folder = captures / "schemas"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.xml")}
    assert files - set(PUBLISHED) == {"real-logic/common-types.xml"}


def test_layouts_that_venues_document_are_found(captures: Path) -> None:
    folder = captures / "schemas"
    depth = load_schema(folder / "binance/stream_1_0.xml").message("DepthDiffStreamEvent")
    assert (depth.block_length, depth.group("bids").block_length) == (26, 16)
    assert depth.group("bids").dimensions.size == 4
    trades = load_schema(folder / "binance/stream_1_0.xml").message("TradesStreamEvent")
    assert trades.group("trades").dimensions.size == 6
    assert trades.group("trades").block_length == 25
    okx = load_schema(folder / "okx/okx_sbe_1_0.retyped.xml")
    assert [
        okx.message(name).block_length for name in ("BboTbtChannelEvent", "TradesChannelEvent")
    ] == [74, 62]
    deribit = load_schema(folder / "deribit/deribit_multicast.reconstructed.xml")
    sizes = {"Instrument": 140, "InstrumentV2": 139, "Book": 29, "Trades": 4, "Ticker": 133}
    assert {name: deribit.message(name).block_length for name in sizes} == sizes
    assert deribit.header is not None
    assert deribit.header.size == 12
    cme = load_schema(folder / "cme/Cme.Futures.Mdp3.Sbe.v1.13.xml").message(
        "MDIncrementalRefreshBook46"
    )
    assert cme.block_length == 11
    assert cme.group("NoMDEntries").offset("TradeableSize") == 27
    assert cme.group("NoMDEntries").dimensions.size == 3
    orders = cme.group("NoOrderIDEntries").dimensions
    assert (orders.size, orders.num_in_group.offset) == (8, 7)
    price = cme.group("NoMDEntries").field("MDEntryPx.mantissa").type
    assert isinstance(price, ScalarType)
    assert price.null == 2**63 - 1


def test_types_are_resolved_whatever_their_order_and_block() -> None:
    schema = parse_schema(EVERYTHING)
    outer = schema.types["Outer"]
    assert isinstance(outer, CompositeType)
    assert [(m.name, m.offset, m.size) for m in outer.members] == [
        ("year", 0, 2),
        ("side", 2, 1),
        ("inner", 3, 5),
        ("local", 8, 4),
        ("count", 20, 4),
    ]
    assert outer.size == 24
    early = message_of(
        "<field name='a' id='1' type='Late'/>",
        "<composite name='Late'><ref name='x' type='Later'/></composite><type name='Later' primitiveType='int64'/>",
    )
    assert parse_schema(early).message("M").block_length == 8


def test_padding_and_explicit_offsets_are_kept() -> None:
    plain = parse_schema(EVERYTHING).message("Plain")
    assert plain.block_length == 40
    assert [plain.offset(name) for name in "abcdefgh"] == [0, 1, 2, 4, 8, 12, 16, 24]


def test_null_values_are_the_type_s_or_the_standard_s() -> None:
    types = parse_schema(EVERYTHING).types
    nulls = {
        name: kind.null for name, kind in types.items() if isinstance(kind, ScalarType | EnumType)
    }
    assert nulls["Price"] == -(2**63)
    assert nulls["PriceMax"] == 2**63 - 1
    assert nulls["Count"] == 0
    assert nulls["Big"] == 2**64 - 1
    assert math.isnan(nulls["Ratio"])
    assert nulls["Rough"] == pytest.approx(-1.1)
    assert nulls["Letter"] == 0
    assert (nulls["Side"], nulls["Signed"], nulls["Kind"], nulls["Nullable"]) == (255, -128, 0, 200)


def test_constants_take_no_bytes() -> None:
    names = parse_schema(EVERYTHING).message("Names")
    values = {f.name: f.constant for f in names.fields if f.presence == "constant"}
    assert values == {"exponent": -9, "venue": "TEST", "always": "ask", "number": 1}
    assert names.block_length == names.offset("wide") + 8
    wrapped = "<field name='c' id='1' type='Four' presence='optional'/>"
    schema = parse_schema(
        message_of(wrapped, "<type name='Four' primitiveType='int8' presence='constant'>4</type>")
    )
    assert schema.message("M").field("c").constant == 4


def test_enums_and_sets_have_their_values_and_bits() -> None:
    types = parse_schema(EVERYTHING).types
    kind, flags = types["Kind"], types["Flags"]
    assert isinstance(kind, EnumType)
    assert kind.values == {"first": 65, "second": 66}
    assert isinstance(flags, SetType)
    assert flags.choices == {"start": 0, "end": 1, "clear": 7}


def test_headers_are_what_the_schema_says_they_are() -> None:
    tiny = parse_schema(TINY_HEADER).header
    assert tiny is not None
    assert (tiny.size, tiny.offset("schemaId"), tiny.offset("version")) == (6, 3, 4)
    counted = parse_schema(COUNTED).header
    assert counted is not None
    assert counted.num_groups is not None
    assert counted.num_groups.offset == 8
    assert parse_schema(everything("bigEndian")).byte_order == ">"


def test_a_type_may_have_the_name_of_a_primitive() -> None:
    text = message_of(
        "<field name='a' id='1' type='int8'/>", "<type name='int8' primitiveType='int64'/>"
    )
    assert parse_schema(text).message("M").block_length == 8


def test_includes_are_read_beside_the_file(tmp_path: Path) -> None:
    xi = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "inner.xml").write_text("<type name='T' primitiveType='int16'/>")
    (tmp_path / "sub" / "types.xml").write_text(
        f"<types {xi}>{HEADER}<xi:include href='inner.xml'/></types>"
    )
    (tmp_path / "main.xml").write_text(
        f"<messageSchema id='1' {xi}><xi:include href='sub/types.xml'/>"
        "<message name='M' id='1'><field name='t' id='1' type='T'/></message></messageSchema>"
    )
    assert load_schema(tmp_path / "main.xml").message("M").block_length == 2


WRONG = {
    "<not xml": "not well-formed XML",
    "<types/>": "expected <messageSchema>; got <types>",
    schema_of(attributes="byteOrder='middle'"): "unknown byteOrder",
    schema_of("<type name='a' primitiveType='int8'/>" * 2): "two types have the same name; got a",
    schema_of("<type primitiveType='int8'/>"): "<type> has no name",
    schema_of(
        "<type name='a' primitiveType='int7'/>"
    ): "type a: unknown primitiveType; expected one of",
    schema_of("<type name='a'/>"): "unknown primitiveType",
    schema_of("<type name='a' primitiveType='int8' presence='maybe'/>"): "unknown presence",
    schema_of(
        "<type name='a' primitiveType='int8' nullValue='999'/>"
    ): "out of range; expected -128 to 127; got 999",
    schema_of("<type name='a' primitiveType='int8' length='-1'/>"): "length is negative",
    schema_of("<type name='a' primitiveType='int8' length='x'/>"): "length is not a number",
    schema_of(
        "<type name='a' primitiveType='int8' presence='constant'/>"
    ): "a constant has no value",
    schema_of(
        "<type name='a' primitiveType='int8' presence='constant'>x</type>"
    ): "not a value of its type",
    schema_of("<type name='a' primitiveType='float' nullValue='1e99'/>"): "not a value of its type",
    schema_of("<composite name='a'/>"): "a composite has no members",
    schema_of(
        "<composite name='a'><ref name='b' type='a'/></composite>"
    ): "a type contains itself; got a > a",
    schema_of(
        "<composite name='a'><ref name='b' type='nothing'/></composite>"
    ): "a type is not defined; got 'nothing'",
    schema_of(
        "<composite name='a'><type name='b' primitiveType='int8'/><type name='b' primitiveType='int8'/></composite>"
    ): "is used twice",
    schema_of(
        "<composite name='a'><type name='b' primitiveType='int64'/><type name='c' primitiveType='int8' offset='7'/></composite>"
    ): "offset overlaps the field before; expected 8 or more; got 7",
    schema_of("<enum name='e' encodingType='float'/>"): "encodingType is not a single integer",
    schema_of(
        "<enum name='e' encodingType='uint8'><validValue name='a'>256</validValue></enum>"
    ): "enum e.a: value out of range",
    schema_of(
        "<enum name='e' encodingType='char'><validValue name='a'>AB</validValue></enum>"
    ): "not a value of its type",
    schema_of(
        "<enum name='e' encodingType='uint8'><validValue name='a'>1</validValue><validValue name='a'>2</validValue></enum>"
    ): "two values have the same name",
    schema_of(
        "<set name='s' encodingType='uint8'><choice name='a'>8</choice></set>"
    ): "a choice lies outside its set",
    schema_of(
        "<set name='s' encodingType='uint8'><choice name='a'>1</choice><choice name='a'>2</choice></set>"
    ): "two choices have the same name",
    schema_of("", "<message name='M'/>"): "<message> has no id",
    schema_of(
        "", "<message name='M' id='1'/><message name='N' id='1'/>"
    ): "a template id is used twice",
    schema_of(
        "", "<message name='M' id='1'/><message name='M' id='2'/>"
    ): "a message name is used twice",
    schema_of(
        "", "<message name='M' id='1'/>", "headerType='other'"
    ): "the message header is not defined",
    schema_of(
        "",
        "<message name='M' id='1' blockLength='3'><field name='a' id='1' type='int32'/></message>",
    ): "blockLength is shorter than the fields; expected 4 or more; got 3",
    message_of(
        "<field name='a' id='1' type='int8'/><field name='a' id='2' type='int8'/>"
    ): "is used twice",
    message_of(
        "<field name='a' id='1' type='int8' presence='constant'/>"
    ): "a constant has no value",
    message_of(
        "<field name='a' id='1' type='int8' presence='constant' valueRef='E.x'/>"
    ): "a type is not defined",
    message_of(
        "<group name='g' id='1'/><field name='a' id='2' type='int8'/>"
    ): "a field follows a group",
    message_of(
        "<data name='d' id='1' type='D'/><group name='g' id='2'/>",
        "<composite name='D'><type name='length' primitiveType='uint8'/><type name='varData' primitiveType='uint8' length='0'/></composite>",
    ): "a group follows var data",
    message_of("<group name='g' id='1' dimensionType='int8'/>"): "not a composite",
    message_of(
        "<group name='g' id='1' dimensionType='messageHeader'/>"
    ): "has no member numInGroup",
    message_of("<data name='d' id='1' type='groupSizeEncoding'/>"): "no varData member",
    message_of(
        "<data name='d' id='1' type='D'/>",
        "<composite name='D'><type name='length' primitiveType='double'/><type name='varData' primitiveType='uint8' length='0'/></composite>",
    ): "length of D is not an integer",
    message_of(
        "<data name='d' id='1' type='D'/>",
        "<composite name='D'><type name='length' primitiveType='uint8' presence='constant'>3</type><type name='varData' primitiveType='uint8' length='0'/></composite>",
    ): "length of D is a constant",
    message_of(
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='x.xml'/>"
    ): "nothing can be included",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_wrong_schema_is_refused_with_what_where_and_next_step(text: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(text, source="x.xml")
    assert WRONG[text] in str(caught.value)
    assert str(caught.value).startswith("x.xml")
    assert caught.value.next_step in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


def test_composites_nested_without_end_are_refused() -> None:
    chain = "".join(
        f"<composite name='c{i}'><ref name='r' type='c{i + 1}'/></composite>" for i in range(40)
    )
    with pytest.raises(SchemaError, match="nested too deeply"):
        parse_schema(schema_of(chain + "<type name='c40' primitiveType='int8'/>"))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"missing\.xml: the schema cannot be read"):
        load_schema(tmp_path / "missing.xml")
    xi = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
    main = tmp_path / "main.xml"
    main.write_text(f"<messageSchema {xi}><xi:include href='gone.xml'/></messageSchema>")
    with pytest.raises(SchemaError, match=r"include of 'gone\.xml'"):
        load_schema(main)
    main.write_text(f"<messageSchema {xi}><xi:include href='main.xml'/></messageSchema>")
    with pytest.raises(SchemaError, match="include one another"):
        load_schema(main)
