"""AF_XDP in C: the limit."""

from __future__ import annotations

import os
import socket

from benchmarks.board import Board
from benchmarks.compiler import missing_compiler
from benchmarks.generator import HEADER_BYTES
from benchmarks.network import GROUP, PORT, Wire
from benchmarks.receivers._processes import Program, program_options
from benchmarks.wire_contest import Receiver, Running, WirePlan
from zerofeed.wire.xdp import abi, bpf
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.program import build_filter

__all__ = ["RECEIVER"]

assert HEADER_BYTES == 42, "c/afxdp.c knows where the payload begins"


class _WithProgram(Program):
    """The C program, and the XDP program that lives as long."""

    descriptors: tuple[int, ...] = ()

    def stop(self) -> dict[str, int]:
        """End both."""
        try:
            return super().stop()
        finally:
            for descriptor in self.descriptors:
                os.close(descriptor)


class CAfXdp(Receiver):
    """c/afxdp.c behind the program that zerofeed attaches, byte for byte."""

    name = "C, AF_XDP"
    bias = "favours C: nothing is parsed or kept for readers, a chunk goes back as soon as its number is read"

    def missing(self) -> str | None:
        """Ask for the compiler."""
        return missing_compiler()

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Attach the program, natively, and run the loop."""
        index = socket.if_nametoindex(wire.inside)
        map_fd = bpf.create_socket_map(1)
        program = bpf.load_program(
            build_filter([Flow(GROUP, PORT)], map_fd), flags=abi.BPF_F_XDP_HAS_FRAGS
        )
        link = bpf.attach_link(program, index, interface=wire.inside, is_native=True)
        options = program_options(plan, wire, self.frame(plan), board) | {"map": map_fd}
        running = _WithProgram(board, "afxdp", options, (map_fd,))
        running.descriptors = (link, program, map_fd)
        return running


RECEIVER = CAfXdp()
