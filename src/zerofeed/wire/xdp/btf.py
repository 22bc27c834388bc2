"""Find a kernel function's number in the kernel's own type information (BTF).

A BPF program calls a kernel function by the number of its type in ``/sys/kernel/btf/vmlinux``,
another one in every build of a kernel. Format: Documentation/bpf/btf.rst.
"""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["VMLINUX", "find_function"]

VMLINUX = Path("/sys/kernel/btf/vmlinux")

_MAGIC = 0xEB9F
_FUNC = 12
# Bytes that follow a type's three words: so many whatever it is, and so many for each member.
_FIXED = {1: 4, 3: 12, 14: 4, 17: 4}
_EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}


def find_function(name: str, data: bytes | None = None) -> int:
    """Find the number of a function's type.

    Args:
        name: of the function.
        data: BTF; None reads the running kernel's.

    Returns:
        The number, or 0 where the kernel has no such function or no BTF.
    """
    if data is None:
        try:
            data = VMLINUX.read_bytes()
        except OSError:
            return 0
    if len(data) < 24 or struct.unpack_from("<H", data)[0] != _MAGIC:
        return 0
    header, type_at, type_bytes, text_at, text_bytes = struct.unpack_from("<IIIII", data, 4)
    texts = data[header + text_at : header + text_at + text_bytes]
    found = texts.find(b"\0" + name.encode() + b"\0")
    if found < 0:
        return 0
    wanted = found + 1
    at = header + type_at
    end = at + type_bytes
    words = struct.Struct("<III")
    number = 0
    while at < end:
        number += 1
        name_at, kind_and_members, _ = words.unpack_from(data, at)
        kind = kind_and_members >> 24 & 0x1F
        if kind == _FUNC and name_at == wanted:
            return number
        members = kind_and_members & 0xFFFF
        at += 12 + _FIXED.get(kind, 0) + _EACH.get(kind, 0) * members
    return 0
