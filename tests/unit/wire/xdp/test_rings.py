"""All rings of all sockets lie in one array, where the geometry says; closing gives them back."""

from __future__ import annotations

import itertools
import socket

import numpy as np
import pytest

from tests.unit.wire.xdp.rig import INSIDE, private_network
from zerofeed.base.errors import ResourceError
from zerofeed.shm.segment import Segment
from zerofeed.wire.xdp import abi, layout
from zerofeed.wire.xdp.rings import Rings, RingSizes
from zerofeed.wire.xdp.sockets import XdpSocket

pytestmark = pytest.mark.root


@pytest.fixture
def pair():
    segment = Segment("rings", 1 << 20)
    with private_network():
        made = [XdpSocket(f"{INSIDE} queue {queue}") for queue in range(2)]
        made[0].register_memory(segment.mapping.address, segment.size_bytes, 2048)
        for each in made:
            each.make_rings(fill=128, completion=64, receive=64, transmit=32)
        yield made
        for each in made:
            each.close()


def test_geometry_has_no_overlaps_and_names_every_ring(pair) -> None:
    rings = Rings(pair, RingSizes(receive=64, fill=128, transmit=32, completion=64))
    spans = []
    for row in rings.geometry:
        for ring, mask, size in (
            (layout.RX_RING, layout.RX_MASK, 2),
            (layout.FILL_RING, layout.FILL_MASK, 1),
            (layout.TX_RING, layout.TX_MASK, 2),
            (layout.COMPLETION_RING, layout.COMPLETION_MASK, 1),
        ):
            assert row[ring] > 0
            spans.append((int(row[ring]), int(row[ring] + size * (row[mask] + 1))))
    spans.sort()
    assert len(spans) == 8
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert spans[-1][1] <= rings.words.size
    assert rings.geometry[:, layout.DESCRIPTOR].tolist() == [each.fileno() for each in pair]
    rings.close()


def test_kernel_sees_what_is_written_and_says_where_it_stands(pair) -> None:
    """Binding makes copy mode's flags appear: it wants to be told of frames to send."""
    rings = Rings(pair[:1], RingSizes(receive=64, fill=128, transmit=32, completion=64))
    row = rings.geometry[0]
    at = row[layout.FILL_RING]
    rings.words[at : at + 128] = np.arange(128) * 2048
    rings.halves[row[layout.FILL_PRODUCER]] = 128
    index = socket.if_nametoindex(INSIDE)
    pair[0].bind(index, 0, abi.XDP_COPY | abi.XDP_USE_NEED_WAKEUP)
    assert rings.halves[row[layout.TX_FLAGS]] & abi.XDP_RING_NEED_WAKEUP
    assert rings.halves[row[layout.RX_PRODUCER]] == 0
    rings.close()


def test_closed_rings_read_zero_and_free_the_queue(pair) -> None:
    rings = Rings(pair[:1], RingSizes(receive=64, fill=128))
    index = socket.if_nametoindex(INSIDE)
    pair[0].bind(index, 0, abi.XDP_COPY)
    view = rings.words
    rings.halves[rings.geometry[0, layout.FILL_PRODUCER]] = 5
    rings.close()
    assert not view.any()
    pair[0].close()
    segment = Segment("next", 1 << 18)
    following = XdpSocket("next")
    following.register_memory(segment.mapping.address, segment.size_bytes, 2048)
    following.make_rings(fill=64, completion=64, receive=64)
    following.bind(index, 0, abi.XDP_COPY)
    following.close()


def test_ring_that_a_socket_does_not_have_is_refused(pair) -> None:
    without = XdpSocket("bare")
    segment = Segment("bare", 1 << 18)
    without.register_memory(segment.mapping.address, segment.size_bytes, 2048)
    without.make_rings(fill=64, completion=64)
    with pytest.raises(ResourceError, match="refuses to map the rings"):
        Rings([without], RingSizes(receive=64, fill=64))
    without.close()
