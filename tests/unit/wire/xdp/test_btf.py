"""A function is found by counting types as the format says."""

import struct

import pytest

from zerofeed.wire.xdp.btf import VMLINUX, find_function

TEXTS = b"\0int\0wanted\0wanted_too\0member\0"
INT, WANTED, MEMBER = 1, 5, 23


def a_type(name: int, kind: int, members: int = 0, rest: bytes = b"") -> bytes:
    return struct.pack("<III", name, kind << 24 | members, 0) + rest


def btf(*types: bytes) -> bytes:
    body = b"".join(types)
    return (
        struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(body), len(body), len(TEXTS))
        + body
        + TEXTS
    )


def test_types_of_every_size_are_stepped_over() -> None:
    before = [
        a_type(INT, 1, 0, bytes(4)),
        a_type(0, 2),
        a_type(0, 3, 0, bytes(12)),
        a_type(0, 4, 3, bytes(36)),
        a_type(0, 6, 2, bytes(16)),
        a_type(0, 13, 4, bytes(32)),
        a_type(0, 14, 0, bytes(4)),
        a_type(0, 15, 2, bytes(24)),
        a_type(0, 17, 0, bytes(4)),
        a_type(0, 19, 2, bytes(24)),
        a_type(WANTED, 8),  # a typedef of that name is no function
    ]
    data = btf(*before, a_type(WANTED, 12))
    assert find_function("wanted", data) == len(before) + 1


def test_what_is_not_there_is_0() -> None:
    data = btf(a_type(WANTED, 8))
    assert find_function("wanted", data) == 0
    assert find_function("want", data) == 0
    assert find_function("wanted", b"no BTF at all, but long enough") == 0
    assert find_function("wanted", b"") == 0


@pytest.mark.slow
@pytest.mark.skipif(not VMLINUX.exists(), reason="this kernel was built without BTF")
def test_running_kernel_has_functions() -> None:
    data = VMLINUX.read_bytes()
    assert find_function("bpf_prog_load", data) or find_function("__x64_sys_bpf", data)
    assert find_function("zerofeed_has_no_function_in_the_kernel", data) == 0
