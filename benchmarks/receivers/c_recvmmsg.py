"""recvmmsg in C."""

from __future__ import annotations

from benchmarks.board import Board
from benchmarks.compiler import missing_compiler
from benchmarks.network import Wire
from benchmarks.receivers._processes import Program, program_options
from benchmarks.wire_contest import Receiver, Running, WirePlan

__all__ = ["RECEIVER"]


class CRecvmmsg(Receiver):
    """c/udp.c."""

    name = "C, recvmmsg"
    bias = "favours C: no time stamps asked for, the same 64 buffers again and again"

    def missing(self) -> str | None:
        """Ask for the compiler."""
        return missing_compiler()

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Run the program."""
        return Program(board, "udp", program_options(plan, wire, self.frame(plan), board))


RECEIVER = CRecvmmsg()
