"""Instructions have the standard's encoding; jumps go where their labels are."""

import pytest

from tests.unit.wire.xdp.machine import Machine
from zerofeed.base.errors import BugError
from zerofeed.wire.xdp.assembler import Assembler

R = "{:02x}{:02x}{:04x}{:08x}"


def one(name: str, *arguments: object) -> str:
    a = Assembler()
    getattr(a, name)(*arguments)
    return a.assemble().hex()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("load", 2, 1, 4, 4), "6112040000000000"),
        (("load", 2, 1, -8, 8), "7912f8ff00000000"),
        (("load", 0, 5, 9, 1), "7150090000000000"),
        (("load", 0, 5, 6, 2), "6950060000000000"),
        (("store", 1, 16, 7, 8), "7b71100000000000"),
        (("store_number", 10, -8, 0, 8), "7a0af8ff00000000"),
        (("move", 6, 1), "bf16000000000000"),
        (("number", 0, 2), "b700000002000000"),
        (("number", 2, -24), "b7020000e8ffffff"),
        (("compute", 1, "+", 14), "070100000e000000"),
        (("compute", 1, "&", 15), "570100000f000000"),
        (("compute", 1, "<<", 2), "6701000002000000"),
        (("compute", 1, ">>", 4), "7701000004000000"),
        (("compute_with", 7, "^", 4), "af47000000000000"),
        (("call", 51), "8500000033000000"),
        (("call_kernel_function", 1000), "85200000e8030000"),
        (("exit",), "9500000000000000"),
        (("map", 1, 3), "1811000003000000" + "0000000000000000"),
        (("wide_number", 4, 0x1122334455667788), "1804000088776655" + "0000000044332211"),
    ],
)
def test_instruction_has_the_standard_encoding(call: tuple[object, ...], code: str) -> None:
    assert one(str(call[0]), *call[1:]) == code


def test_jump_counts_from_the_instruction_behind_it() -> None:
    a = Assembler()
    a.number(0, 1)
    a.jump_if(0, "==", 1, "out")
    a.number(0, 9)
    a.number(0, 9)
    a.label("out")
    a.exit()
    code = a.assemble()
    assert code[8:16].hex() == "1600020001000000"
    assert Machine(code, b"").run() == 1


def test_constant_is_compared_as_unsigned_32_bits() -> None:
    a = Assembler()
    a.wide_number(1, 0xFFFF_FFFF)
    a.number(0, 0)
    a.jump_if(1, "!=", 0xFFFF_FFFF, "out")
    a.number(0, 1)
    a.label("out")
    a.exit()
    assert Machine(a.assemble(), b"").run() == 1


def test_label_that_is_missing_twice_there_or_too_far_is_a_bug() -> None:
    a = Assembler()
    a.jump_if(1, "==", 0, "nowhere")
    with pytest.raises(BugError, match="leads nowhere"):
        a.assemble()
    with pytest.raises(BugError, match="set twice"):
        a.label("x") or a.label("x")
    a = Assembler()
    a.jump_if(1, "==", 0, "far")
    for _ in range(40_000):
        a.exit()
    a.label("far")
    a.exit()
    with pytest.raises(BugError, match="too long"):
        a.assemble()
