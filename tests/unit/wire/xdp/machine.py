"""BPF in plain Python: enough of the instruction set to run the filter without a kernel.

Written from the standard (Documentation/bpf/standardization), not from the assembler.
"""

from __future__ import annotations

import struct

__all__ = ["Machine"]

CTX = 0x1000
PACKET = 0x10000
STACK_END = 0x9000
MASK = (1 << 64) - 1

COMPARE = {
    0x1: lambda a, b: a == b,
    0x2: lambda a, b: a > b,
    0x3: lambda a, b: a >= b,
    0x5: lambda a, b: a != b,
    0xA: lambda a, b: a < b,
    0xB: lambda a, b: a <= b,
}
COMPUTE = {
    0x0: lambda a, b: a + b,
    0x5: lambda a, b: a & b,
    0x6: lambda a, b: a << b,
    0x7: lambda a, b: a >> b,
    0xA: lambda a, b: a ^ b,
    0xB: lambda a, b: b,
}


class Machine:
    """Run a program on one packet.

    Args:
        code: instructions.
        packet: whole frame.
        headroom: bytes free in front of it.
        tai_ns: what the clock says.
        hardware_ns: what the card says; None: it does not.
    """

    def __init__(self, code: bytes, packet: bytes, *, headroom=256, tai_ns=7, hardware_ns=None):
        self.code = [struct.unpack_from("<BBhi", code, at) for at in range(0, len(code), 8)]
        self.memory = dict(enumerate(packet, PACKET))
        self.meta = self.data = PACKET
        self.end = PACKET + len(packet)
        self.lowest = PACKET - headroom
        self.tai_ns = tai_ns
        self.hardware_ns = hardware_ns
        self.redirected: tuple[int, int] | None = None
        self.steps = 0

    def run(self) -> int:
        """Give the verdict."""
        r = [0] * 11
        r[1], r[10] = CTX, STACK_END
        at = 0
        while True:
            self.steps += 1
            op, regs, offset, number = self.code[at]
            target, source = regs & 15, regs >> 4
            kind = op & 7
            at += 1
            if op == 0x18:
                high = self.code[at][3]
                r[target] = (number & 0xFFFFFFFF) | (high & 0xFFFFFFFF) << 32
                at += 1
            elif kind == 7:
                value = r[source] if op & 8 else number & MASK
                r[target] = COMPUTE[op >> 4](r[target], value) & MASK
            elif kind == 1:
                r[target] = self.load(r[source] + offset, self.size(op))
            elif kind in (2, 3):
                value = r[source] if kind == 3 else number & MASK
                self.store(r[target] + offset, value, self.size(op))
            elif op == 0x85:
                r[0] = self.call_kernel(r) if source == 2 else self.call(number, r)
                r[1:6] = [None] * 5
            elif op == 0x95:
                return r[0]
            elif op == 0x05:
                at += offset
            else:
                wide = kind == 5
                a, b = r[target], r[source] if op & 8 else number
                mask = MASK if wide else 0xFFFFFFFF
                if COMPARE[op >> 4](a & mask, b & mask):
                    at += offset

    @staticmethod
    def size(op: int) -> int:
        return {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}[op & 0x18]

    def load(self, address: int, size: int) -> int:
        if CTX <= address < CTX + 24:
            words = {0: self.data, 4: self.end, 8: self.meta, 16: 1}
            return words[address - CTX]
        if STACK_END - 512 <= address < STACK_END:
            return sum(self.memory[address + i] << 8 * i for i in range(size))
        assert self.meta <= address
        assert address + size <= self.end, "read behind the packet"
        return sum(self.memory[address + i] << 8 * i for i in range(size))

    def store(self, address: int, value: int, size: int) -> None:
        on_stack = STACK_END - 512 <= address <= STACK_END - size
        assert on_stack or self.meta <= address <= self.end - size, "store outside"
        for i in range(size):
            self.memory[address + i] = value >> 8 * i & 0xFF

    def call(self, helper: int, r: list[int]) -> int:
        if helper == 208:
            return self.tai_ns
        if helper == 54:
            distance = r[2] - (1 << 64)
            if self.meta + distance < self.lowest:
                return MASK
            self.meta += distance
            for i in range(-distance):
                self.memory[self.meta + i] = 0xEE
            return 0
        assert helper == 51
        self.redirected = (r[1], r[2])
        return 4

    def call_kernel(self, r: list[int]) -> int:
        if self.hardware_ns is None:
            return MASK
        self.store(r[2], self.hardware_ns, 8)
        return 0

    def metadata(self) -> tuple[int, ...]:
        """Give the words in front of the packet."""
        raw = bytes(self.memory[at] for at in range(self.meta, self.data))
        return struct.unpack(f"<{len(raw) // 8}Q", raw)
