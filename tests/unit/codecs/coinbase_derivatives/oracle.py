"""The package `sbe` for Coinbase's schema: it knows no enums of signed integers, none in composites, and no plain types."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

__all__ = ["oracle_of"]

_PLAIN = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def oracle_of(path: Path) -> Any:
    """Load a schema with what the package does not know put as numbers, and without the length in front of the header."""
    sbe = pytest.importorskip("sbe", reason="the extra `test`")
    # The venue's own file, beside the captures.
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    holders = [*root.iter("composite"), *root.iter("types")]
    for holder in holders:
        for place, child in enumerate(list(holder)):
            if child.tag in {"set", "enum"}:
                encoding = child.get("encodingType", "")
                given = {"name": child.get("name", ""), "primitiveType": encoding}
                holder[place] = ET.Element("type", given)
    for holder in root.iter("composite"):
        for child in list(holder):
            if child.get("name") == "frameLength":
                holder.remove(child)
    types = next(root.iter("types"))
    for name in _PLAIN:
        types.append(ET.Element("type", {"name": f"plain_{name}", "primitiveType": name}))
    for field in root.iter("field"):
        if field.get("type") in _PLAIN:
            field.set("type", f"plain_{field.get('type')}")
    return sbe.Schema.parse(io.BytesIO(ET.tostring(root)))
