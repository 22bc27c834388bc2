"""What an attaching process is told: a versioned description of every shared object.

The description travels as JSON beside the descriptors. A reader compares version, layout and
record format before it maps anything: a mismatch is an error on the reader's side, never a
misread.
"""

from __future__ import annotations

import platform

import msgspec

from zerofeed.base.errors import LayoutMismatchError
from zerofeed.records.own import OwnDefinitions

__all__ = [
    "LAYOUT_VERSION",
    "FeedDescription",
    "ObjectDescription",
    "check",
    "layout_digest",
]

LAYOUT_VERSION = 1
"""Raised whenever something of the layout moves or changes its meaning; a test says when."""


class ObjectDescription(msgspec.Struct, frozen=True):
    """One shared object: which descriptor of the reply it is, and its shape.

    Attributes:
        fd: index in the reply's descriptors.
        head_bytes: leading part, mapped once.
        body_bytes: part after it; rings map it twice.
        page_bytes: page size of the memory.
        items: rows or ring capacity.
        item_bytes: bytes of one.
        offset: byte at which the rows begin.
    """

    fd: int
    head_bytes: int
    body_bytes: int
    page_bytes: int
    items: int
    item_bytes: int
    offset: int = 0


class FeedDescription(msgspec.Struct, frozen=True):
    """A feed as it describes itself to whoever attaches.

    Attributes:
        name: of the feed.
        protocol: what the worker decodes.
        layout: :data:`LAYOUT_VERSION` of the feed.
        formats: digest of every field, word and code that both sides use.
        machine: processor architecture.
        zerofeed: version of the package that runs the feed.
        supervisor_pid: process that owns the memory.
        started_ns: Unix ns.
        book_depth: levels a side in each row of the books table.
        templates: names of the message templates counted in the metrics, by slot.
        receiver: how packets arrive, and how many copies that costs.
        clock: which clock ``ts_recv_ns`` came from.
        objects: the shared objects by name.
        own: kinds of record and sorts of instrument that are the feed's own.
    """

    name: str
    protocol: str
    layout: int
    formats: str
    machine: str
    zerofeed: str
    supervisor_pid: int
    started_ns: int
    book_depth: int
    templates: dict[int, str]
    receiver: str
    clock: str
    objects: dict[str, ObjectDescription]
    own: OwnDefinitions = OwnDefinitions()


def layout_digest() -> str:
    """Digest what both sides must agree on: records, rows, frames, and the words of every object."""
    # It digests, among others, what describes the shared objects by means of this module.
    from zerofeed.feed.layout import parts_digest  # noqa: PLC0415

    return parts_digest()


def check(description: FeedDescription) -> None:
    """Refuse a feed whose memory this process would misread.

    Raises:
        LayoutMismatchError: version, formats or architecture differ.
    """
    pairs = (
        ("memory layout", LAYOUT_VERSION, description.layout),
        ("layout of records or words", layout_digest(), description.formats),
        ("architecture", platform.machine(), description.machine),
    )
    for what, here, there in pairs:
        if here != there:
            raise LayoutMismatchError(
                f"its {what} is another than this process reads",
                where=f"feed {description.name} (zerofeed {description.zerofeed})",
                expected=here,
                got=there,
                next_step="run the feed and its readers with the same version of zerofeed",
            )
