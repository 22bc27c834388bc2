"""Numbers are loaded by the type code of their primitive."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import U8_RO, float64, int64, kernel
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.sbe._load_kernels import load_float, load_integer
from zerofeed.codecs.sbe.model import PRIMITIVES

__all__: list[str] = []

DATA = bytes(range(0x80, 0xA0))


@kernel(int64(U8_RO, int64, int64, int64))
def integer(buffer: Bytes, at: int, code: int, order: int) -> int:
    return load_integer(buffer, at, code, order)


@kernel(float64(U8_RO, int64, int64, int64))
def number(buffer: Bytes, at: int, code: int, order: int) -> float:
    return load_float(buffer, at, code, order)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", PRIMITIVES)
def test_each_code_loads_its_primitive(name: str, order: str) -> None:
    primitive = PRIMITIVES[name]
    buffer = np.frombuffer(DATA, np.uint8)
    big = w.BIG_ENDIAN if order == ">" else 0
    for at in range(9):
        (expected,) = struct.unpack_from(order + primitive.struct_code, DATA, at)
        if primitive.is_float:
            assert number(buffer, at, primitive.code, big) == expected
        else:
            signed = expected - 2**64 if expected >= 2**63 else expected
            assert integer(buffer, at, primitive.code, big) == signed


def test_codes_are_those_of_the_primitives() -> None:
    names = {name: getattr(w, f"CODE_{short}") for name, short in _SHORT.items()}
    assert names == {name: primitive.code for name, primitive in PRIMITIVES.items()}


_SHORT = {
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float": "F32",
    "double": "F64",
    "char": "CHAR",
}
