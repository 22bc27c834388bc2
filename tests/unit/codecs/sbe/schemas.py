"""Small schemas of our own, one for each thing that SBE schemas differ in."""

from __future__ import annotations

__all__ = ["COUNTED", "EVERYTHING", "FRAMED", "TINY_HEADER", "counted", "everything", "evolving"]

_HEADER = """
<composite name="messageHeader">
  <type name="blockLength" primitiveType="uint16"/>
  <type name="templateId" primitiveType="uint16"/>
  <type name="schemaId" primitiveType="uint16"/>
  <type name="version" primitiveType="uint16"/>
</composite>
<composite name="groupSizeEncoding">
  <type name="blockLength" primitiveType="uint16"/>
  <type name="numInGroup" primitiveType="uint16"/>
</composite>
"""


def everything(order: str) -> str:
    """Every kind of type, field, group and data, in one byte order."""
    return f"""<?xml version="1.0"?>
<sbe:messageSchema xmlns:sbe="http://fixprotocol.io/2016/sbe" package="test" id="77" version="0"
                   byteOrder="{order}">
  <types>{_HEADER}
    <composite name="smallGroup">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint8"/>
    </composite>
    <composite name="paddedGroup">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint8" offset="7"/>
    </composite>
    <composite name="wideGroup">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint32"/>
    </composite>
    <composite name="data8">
      <type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
    </composite>
    <composite name="data16">
      <type name="length" primitiveType="uint16"/>
      <type name="varData" primitiveType="uint8" length="0"/>
    </composite>
    <composite name="data32">
      <type name="length" primitiveType="uint32"/>
      <type name="varData" primitiveType="char" length="0"/>
    </composite>
  </types>
  <types>
    <type name="Price" primitiveType="int64" presence="optional"/>
    <type name="PriceMax" primitiveType="int64" presence="optional"
          nullValue="9223372036854775807"/>
    <type name="Count" primitiveType="uint32" presence="optional" nullValue="0"/>
    <type name="Big" primitiveType="uint64" presence="optional"/>
    <type name="Ratio" primitiveType="double" presence="optional"/>
    <type name="Rough" primitiveType="float" presence="optional" nullValue="-1.1"/>
    <type name="Letter" primitiveType="char" presence="optional"/>
    <type name="Code6" primitiveType="char" length="6"/>
    <type name="OptionalCode" primitiveType="char" length="4" presence="optional"/>
    <type name="Four" primitiveType="uint16" length="4"/>
    <type name="Pair" primitiveType="int64" length="2" presence="optional"/>
    <type name="Nine" primitiveType="int8" presence="constant">-9</type>
    <type name="Venue" primitiveType="char" length="4" presence="constant">TEST</type>
    <type name="uint8Null" primitiveType="uint8" presence="optional" nullValue="200"/>
    <enum name="Side" encodingType="uint8">
      <validValue name="bid">0</validValue><validValue name="ask">1</validValue>
    </enum>
    <enum name="Signed" encodingType="int8">
      <validValue name="up">1</validValue><validValue name="down">-1</validValue>
    </enum>
    <enum name="Kind" encodingType="char">
      <validValue name="first">A</validValue><validValue name="second">B</validValue>
    </enum>
    <enum name="Nullable" encodingType="uint8Null"><validValue name="one">1</validValue></enum>
    <set name="Flags" encodingType="uint8">
      <choice name="start">0</choice><choice name="end">1</choice><choice name="clear">7</choice>
    </set>
    <set name="WideFlags" encodingType="uint64">
      <choice name="low">0</choice><choice name="high">63</choice>
    </set>
    <composite name="Inner">
      <enum name="Mode" encodingType="char"><validValue name="fast">F</validValue></enum>
      <set name="Bits" encodingType="uint16"><choice name="x">3</choice></set>
      <type name="level" primitiveType="uint8" offset="4"/>
    </composite>
    <composite name="Decimal">
      <type name="mantissa" primitiveType="int64"/>
      <type name="exponent" primitiveType="int8" presence="constant">-9</type>
    </composite>
    <composite name="Outer">
      <type name="year" primitiveType="uint16"/>
      <ref name="side" type="Side"/>
      <ref name="inner" type="Inner"/>
      <composite name="local">
        <type name="deep" primitiveType="int32"/>
        <type name="kind" primitiveType="uint8" presence="constant" valueRef="Side.ask"/>
      </composite>
      <ref name="count" type="Count" offset="20"/>
    </composite>
  </types>
  <sbe:message name="Plain" id="1" blockLength="40">
    <field name="a" id="1" type="uint8"/>
    <field name="b" id="2" type="int8"/>
    <field name="c" id="3" type="uint16"/>
    <field name="d" id="4" type="int16"/>
    <field name="e" id="5" type="uint32" offset="8"/>
    <field name="f" id="6" type="int32"/>
    <field name="g" id="7" type="uint64"/>
    <field name="h" id="8" type="int64"/>
  </sbe:message>
  <sbe:message name="Numbers" id="2">
    <field name="price" id="1" type="Price"/>
    <field name="priceMax" id="2" type="PriceMax"/>
    <field name="count" id="3" type="Count"/>
    <field name="big" id="4" type="Big"/>
    <field name="ratio" id="5" type="Ratio"/>
    <field name="rough" id="6" type="Rough"/>
    <field name="single" id="7" type="float"/>
    <field name="double" id="8" type="double"/>
    <field name="overridden" id="9" type="Price" presence="required"/>
    <field name="made" id="10" type="int32" presence="optional"/>
    <field name="four" id="11" type="Four"/>
    <field name="pair" id="12" type="Pair"/>
  </sbe:message>
  <sbe:message name="Names" id="3">
    <field name="letter" id="1" type="Letter"/>
    <field name="plain" id="2" type="char"/>
    <field name="code" id="3" type="Code6"/>
    <field name="optional" id="4" type="OptionalCode"/>
    <field name="side" id="5" type="Side"/>
    <field name="signed" id="6" type="Signed"/>
    <field name="kind" id="7" type="Kind"/>
    <field name="nullable" id="8" type="Nullable"/>
    <field name="flags" id="9" type="Flags"/>
    <field name="wide" id="10" type="WideFlags"/>
    <field name="exponent" id="11" type="Nine"/>
    <field name="venue" id="12" type="Venue"/>
    <field name="always" id="13" type="Side" presence="constant" valueRef="Side.ask"/>
    <field name="number" id="14" type="uint8" presence="constant" valueRef="Side.ask"/>
  </sbe:message>
  <sbe:message name="Nested" id="4">
    <field name="outer" id="1" type="Outer"/>
    <field name="strike" id="2" type="Decimal" presence="optional"/>
    <field name="last" id="3" type="Decimal"/>
  </sbe:message>
  <sbe:message name="Groups" id="5">
    <field name="at" id="1" type="int64"/>
    <group name="flat" id="2" dimensionType="wideGroup" blockLength="12">
      <field name="price" id="3" type="uint32"/>
      <field name="side" id="4" type="Side"/>
      <field name="always" id="5" type="Side" presence="constant" valueRef="Side.bid"/>
    </group>
    <group name="deep" id="6" dimensionType="smallGroup">
      <field name="id" id="7" type="uint16"/>
      <group name="legs" id="8" dimensionType="paddedGroup">
        <field name="leg" id="9" type="int16"/>
        <group name="fills" id="10"><field name="size" id="11" type="float"/></group>
        <data name="note" id="12" type="data8"/>
      </group>
      <group name="marks" id="13" dimensionType="smallGroup">
        <field name="mark" id="14" type="Outer"/>
      </group>
      <data name="blob" id="15" type="data16"/>
    </group>
    <group name="texts" id="16"><data name="text" id="17" type="data32"/></group>
    <data name="name" id="18" type="data8"/>
    <data name="raw" id="19" type="data16"/>
    <data name="ascii" id="20" type="data32"/>
  </sbe:message>
  <sbe:message name="Empty" id="6"/>
</sbe:messageSchema>"""


EVERYTHING = everything("littleEndian")


def evolving(version: int) -> str:
    """One schema at version 0, 1 or 2; later ones append fields, a group and data."""

    def since(first: int, text: str) -> str:
        return text.replace("/>", f' sinceVersion="{first}"/>', 1) if first <= version else ""

    group = (
        '<group name="extra" id="20" sinceVersion="2"><field name="x" id="21" type="int8"/></group>'
        if version >= 2
        else ""
    )
    return f"""
<messageSchema package="test" id="9" version="{version}">
  <types>{_HEADER}
    <composite name="data8">
      <type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
    </composite>
    <composite name="Point">
      <type name="x" primitiveType="int16"/>
      {since(1, '<type name="y" primitiveType="int16"/>')}
    </composite>
  </types>
  <message name="Grown" id="3">
    <field name="a" id="1" type="uint32"/>
    {since(1, '<field name="b" id="2" type="uint16"/>')}
    {since(1, '<field name="k" id="3" type="uint16" presence="optional"/>')}
    {since(2, '<field name="c" id="4" type="Point"/>')}
    <group name="g" id="10">
      <field name="p" id="11" type="int32"/>
      {since(2, '<field name="q" id="12" type="int64"/>')}
    </group>
    {group}
    <data name="d" id="30" type="data8"/>
    {since(1, '<data name="e" id="31" type="data8"/>')}
  </message>
</messageSchema>"""


def counted(version: int) -> str:
    """Headers that count groups and var data, so that an older decoder can skip what is new."""
    new_field = '<field name="later" id="9" type="uint16" sinceVersion="1"/>' if version else ""
    new_inner = (
        '<group name="inner" id="20" sinceVersion="1"><field name="i" id="21" type="int8"/>'
        '<data name="note" id="22" type="data8"/></group>'
        if version
        else ""
    )
    new_group = (
        '<group name="fresh" id="30" sinceVersion="1"><field name="f" id="31" type="int16"/>'
        '<group name="under" id="32"><field name="u" id="33" type="int8"/></group></group>'
        if version
        else ""
    )
    new_data = '<data name="more" id="41" type="data8" sinceVersion="1"/>' if version else ""
    return f"""
<ns2:messageSchema xmlns:ns2="http://www.fixprotocol.org/ns/simple/1.0" id="5"
                   version="{version}" headerType="countedHeader">
  <types>
    <composite name="countedHeader">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="templateId" primitiveType="uint16"/>
      <type name="schemaId" primitiveType="uint16"/>
      <type name="version" primitiveType="uint16"/>
      <type name="numGroups" primitiveType="uint16"/>
      <type name="numVarDataFields" primitiveType="uint16"/>
    </composite>
    <composite name="groupSizeEncoding">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint16"/>
      <type name="numGroups" primitiveType="uint16"/>
      <type name="numVarDataFields" primitiveType="uint16"/>
    </composite>
    <composite name="data8">
      <type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
    </composite>
  </types>
  <ns2:message name="Book" id="1001">
    <field name="id" id="1" type="uint32"/>
    {new_field}
    <group name="levels" id="10">
      <field name="price" id="11" type="double"/>
      {new_inner}
    </group>
    {new_group}
    <data name="name" id="40" type="data8"/>
    {new_data}
  </ns2:message>
  <ns2:message name="Tick" id="1002"><field name="t" id="1" type="uint8"/></ns2:message>
</ns2:messageSchema>"""


COUNTED = counted(0)

FRAMED = """
<messageSchema package="test" id="12" version="3">
  <types>
    <composite name="messageHeader">
      <type name="frameLength" primitiveType="uint16"/>
      <type name="blockLength" primitiveType="uint16"/>
      <type name="templateId" primitiveType="uint16"/>
      <type name="schemaId" primitiveType="uint16"/>
      <type name="version" primitiveType="uint16"/>
    </composite>
  </types>
  <message name="Put" id="20"><field name="id" id="1" type="int32"/></message>
  <message name="Delete" id="21"><field name="id" id="1" type="int64"/></message>
</messageSchema>"""

TINY_HEADER = """
<messageSchema package="test" id="4" version="1" byteOrder="bigEndian">
  <types>
    <composite name="messageHeader">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="templateId" primitiveType="uint8"/>
      <type name="schemaId" primitiveType="uint8"/>
      <type name="version" primitiveType="uint16"/>
    </composite>
  </types>
  <message name="Heartbeat" id="7"><field name="seq" id="1" type="uint32"/></message>
</messageSchema>"""
