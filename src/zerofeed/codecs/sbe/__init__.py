"""Simple Binary Encoding, for any schema.

The schema is compiled once, when it is loaded; after that one walker kernel finds the parts
of any message, and fields are read where they lie. The data path through this package::

    XML ──schema──▶ Schema ──program──▶ Program ──walk_message──▶ spans ──read_cells──▶ cells
                      │                                             │                     │
                      ├──layout──▶ dtypes ────────────────▶ message views ◀───────────────┘
                      ├──encoder──▶ bytes
                      └──dialect──▶ records, of what :mod:`.meaning` says of the messages

A venue's own kernels take field offsets from the :class:`Schema` as constants and need no
more than that; the views and ``to_dict`` are for people and for tests.
"""

from zerofeed.codecs.sbe.decoder import MessageIterator, SbeDecoder
from zerofeed.codecs.sbe.encoder import encode, encode_body
from zerofeed.codecs.sbe.message import BlockView, GroupView, MessageView
from zerofeed.codecs.sbe.model import Block, Field, Group, Message, Schema
from zerofeed.codecs.sbe.program import Program, compile_program
from zerofeed.codecs.sbe.schema import load_schema, parse_schema

__all__ = [
    "Block",
    "BlockView",
    "Field",
    "Group",
    "GroupView",
    "Message",
    "MessageIterator",
    "MessageView",
    "Program",
    "SbeDecoder",
    "Schema",
    "compile_program",
    "encode",
    "encode_body",
    "load_schema",
    "parse_schema",
]
