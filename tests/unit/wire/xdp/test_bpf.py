"""The system call: what it makes lives as long as its descriptor, and refusals say why."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from tests.unit.children import Child, Gate
from tests.unit.wire.xdp.packets import udp_frame
from tests.unit.wire.xdp.rig import INSIDE, command, private_network
from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp import abi, bpf
from zerofeed.wire.xdp.assembler import Assembler

root = pytest.mark.root


def always(verdict: int) -> bytes:
    a = Assembler()
    a.number(0, verdict)
    a.exit()
    return a.assemble()


@pytest.mark.parametrize(
    "code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOMEM, errno.EINVAL, errno.ERANGE]
)
def test_every_known_refusal_has_a_next_step(code: int) -> None:
    refused = bpf._refusal("do it", "eth0", code)
    assert errno.errorcode[code] in str(refused)
    assert refused.next_step


@root
@pytest.mark.parametrize("verdict", [abi.XDP_ABORTED, abi.XDP_DROP, abi.XDP_PASS, abi.XDP_TX])
def test_program_runs_on_a_packet_and_gives_its_verdict(verdict: int) -> None:
    loaded = bpf.load_program(always(verdict))
    assert bpf.run_program(loaded, udp_frame()) == (verdict, udp_frame())
    os.close(loaded)


@root
def test_program_that_the_verifier_refuses_says_why() -> None:
    a = Assembler()
    a.load(0, 1, 0, 4)
    a.load(0, 0, 0, 8)  # a packet pointer that was never compared with the packet's end
    a.exit()
    with pytest.raises(
        ReceiverError, match=r"cannot load the XDP program.*verifier says"
    ) as caught:
        bpf.load_program(a.assemble())
    assert "invalid access to packet" in str(caught.value.got)


@root
@pytest.mark.parametrize("is_native", [True, False])
def test_link_attaches_until_its_descriptor_is_closed(is_native: bool) -> None:
    with private_network():
        index = socket.if_nametoindex(INSIDE)
        loaded = bpf.load_program(always(abi.XDP_PASS))
        link = bpf.attach_link(loaded, index, interface=INSIDE, is_native=is_native)
        shown = command(f"ip link show dev {INSIDE}")
        assert ("xdpgeneric" in shown) is not is_native
        os.close(loaded)
        assert "prog/xdp" in command(f"ip link show dev {INSIDE}")
        os.close(link)
        assert "xdp" not in command(f"ip link show dev {INSIDE}")


@root
def test_second_program_is_refused_with_the_process_that_holds_the_first() -> None:
    with private_network():
        index = socket.if_nametoindex(INSIDE)
        loaded = bpf.load_program(always(abi.XDP_PASS))
        attached, done = Gate(), Gate()

        def hold() -> None:
            bpf.attach_link(loaded, index, interface=INSIDE, is_native=True)
            attached.open()
            done.wait()

        assert list(bpf.owners_of_program(index)) == []
        with Child(hold) as child:
            attached.wait()
            with pytest.raises(ReceiverError, match=rf"EBUSY; held by process {child.pid} \("):
                bpf.attach_link(loaded, index, interface=INSIDE, is_native=True)
            done.open()
            child.result()
        for gate in (attached, done):
            gate.close()
        os.close(loaded)


@root
def test_map_takes_sockets_only() -> None:
    table = bpf.create_socket_map(4)
    with pytest.raises(ReceiverError, match="cannot put a socket"):
        bpf.put_socket(table, 0, table)
    os.close(table)


@root
def test_native_mode_where_there_is_none_is_refused() -> None:
    with private_network():
        loaded = bpf.load_program(always(abi.XDP_PASS))
        with pytest.raises(ReceiverError, match="SKB mode works"):
            bpf.attach_link(loaded, socket.if_nametoindex("lo"), interface="lo", is_native=True)
        os.close(loaded)


@root
def test_live_frames_run_as_often_as_asked() -> None:
    loaded = bpf.load_program(always(abi.XDP_DROP))
    bpf.run_live_frames(loaded, udp_frame(), 1000, batch=32)
    with pytest.raises(ReceiverError, match="live frames"):
        bpf.run_live_frames(loaded, b"short", 1)
    os.close(loaded)
