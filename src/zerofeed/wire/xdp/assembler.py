"""A small assembler for BPF: one method an instruction, jumps by label.

Only what the programs of this package need. Registers are numbers: 0 result, 1 to 5 arguments (lost
in a call), 6 to 9 kept over calls, 10 the frame pointer, read-only, below which 512 bytes of stack
lie. Semantics: Documentation/bpf/standardization/instruction-set.rst.
"""

from __future__ import annotations

import struct
from typing import Literal

from zerofeed.base.errors import BugError

__all__ = ["Assembler", "Condition", "Size"]

Size = Literal[1, 2, 4, 8]
Condition = Literal["==", "!=", ">", ">=", "<", "<="]

_SIZE_BITS = {4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18}
_LDX_MEM = 0x61
_ST_MEM = 0x62
_STX_MEM = 0x63
_LD_IMM64 = 0x18
_CALL = 0x85
_EXIT = 0x95
_ALU64 = 0x07
_JMP = 0x05
_JMP32 = 0x06
_BY_REGISTER = 0x08

_ALU = {"+": 0x00, "&": 0x50, "<<": 0x60, ">>": 0x70, "^": 0xA0, "=": 0xB0}
_JUMP = {"==": 0x10, ">": 0x20, ">=": 0x30, "!=": 0x50, "<": 0xA0, "<=": 0xB0}

_PSEUDO_MAP_FD = 1
_PSEUDO_KFUNC_CALL = 2


class Assembler:
    """Collect instructions, then turn them into bytes with the jumps resolved."""

    def __init__(self) -> None:
        self._instructions: list[tuple[int, int, int, int | str, int]] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        """Name the next instruction.

        Raises:
            BugError: the name is taken.
        """
        if name in self._labels:
            raise BugError("a label is set twice", where=name)
        self._labels[name] = len(self._instructions)

    def load(self, target: int, base: int, offset: int, size: Size) -> None:
        """Set target to the ``size`` bytes at base + offset, zero-extended, in the machine's order."""
        self._add(_LDX_MEM | _SIZE_BITS[size], target, base, offset)

    def store(self, base: int, offset: int, source: int, size: Size) -> None:
        """Write a register's low ``size`` bytes to base + offset."""
        self._add(_STX_MEM | _SIZE_BITS[size], base, source, offset)

    def store_number(self, base: int, offset: int, number: int, size: Size) -> None:
        """Write a constant of 32 bits, sign-extended, to base + offset."""
        self._add(_ST_MEM | _SIZE_BITS[size], base, 0, offset, number)

    def move(self, target: int, source: int) -> None:
        """Set target to source."""
        self._add(_ALU64 | _BY_REGISTER | _ALU["="], target, source)

    def number(self, target: int, number: int) -> None:
        """Set target to a constant of 32 bits, sign-extended."""
        self._add(_ALU64 | _ALU["="], target, 0, 0, number)

    def wide_number(self, target: int, number: int) -> None:
        """Set target to a constant of 64 bits."""
        self._add(_LD_IMM64, target, 0, 0, number & 0xFFFFFFFF)
        self._add(0, 0, 0, 0, number >> 32 & 0xFFFFFFFF)

    def map(self, target: int, descriptor: int) -> None:
        """Set target to the address of a map, named by its descriptor when the program is loaded."""
        self._add(_LD_IMM64, target, _PSEUDO_MAP_FD, 0, descriptor)
        self._add(0, 0, 0, 0, 0)

    def compute(self, target: int, operator: str, number: int) -> None:
        """Set target to target operator a constant; operators: + & << >> ^."""
        self._add(_ALU64 | _ALU[operator], target, 0, 0, number)

    def compute_with(self, target: int, operator: str, source: int) -> None:
        """Set target to target operator source."""
        self._add(_ALU64 | _BY_REGISTER | _ALU[operator], target, source)

    def jump_if(self, register: int, condition: Condition, number: int, label: str) -> None:
        """Go to a label if the register's low 32 bits, unsigned, compare so with a constant."""
        self._add(_JMP32 | _JUMP[condition], register, 0, label, number)

    def jump_if_register(self, left: int, condition: Condition, right: int, label: str) -> None:
        """Go to a label if two registers, whole and unsigned, compare so."""
        self._add(_JMP | _BY_REGISTER | _JUMP[condition], left, right, label)

    def call(self, helper: int) -> None:
        """Call a helper by number; the result is in register 0."""
        self._add(_CALL, 0, 0, 0, helper)

    def call_kernel_function(self, type_id: int) -> None:
        """Call a kernel function by the number of its type in vmlinux's BTF."""
        self._add(_CALL, 0, _PSEUDO_KFUNC_CALL, 0, type_id)

    def exit(self) -> None:
        """Return register 0."""
        self._add(_EXIT, 0, 0)

    def assemble(self) -> bytes:
        """Give the instructions, 8 bytes each.

        Raises:
            BugError: a jump to a label that is not set, or too far away.
        """
        out = bytearray()
        for at, (code, target, source, offset, number) in enumerate(self._instructions):
            distance = offset
            if isinstance(distance, str):
                if distance not in self._labels:
                    raise BugError("a jump leads nowhere", where=distance)
                distance = self._labels[distance] - at - 1
            if not -0x8000 <= distance <= 0x7FFF:
                raise BugError("a jump is too long", where=str(offset), got=distance)
            # Constants are signed to the format and 32 plain bits to us.
            signed = (number & 0xFFFFFFFF) - ((number & 0x80000000) << 1)
            out += struct.pack("<BBhi", code, source << 4 | target, distance, signed)
        return bytes(out)

    def _add(
        self, code: int, target: int, source: int, offset: int | str = 0, number: int = 0
    ) -> None:
        self._instructions.append((code, target, source, offset, number))
