"""Being a reader oneself: where the data of each batch, frame and payload really lies.

The feed's objects are identified by descriptors that a second connection to the feed receives: what the
maps are compared with does not come from the maps.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from zerofeed.apps.audit.facts import Growth, ObjectFact, OwnFacts, ViewFact, covers
from zerofeed.apps.audit.gather_process import look_at, maps_of, own_memory_bytes
from zerofeed.base.errors import ResourceError
from zerofeed.feed.attach import Feed
from zerofeed.feed.connection import Connection
from zerofeed.feed.description import LAYOUT_VERSION
from zerofeed.feed.messages import Request
from zerofeed.feed.reader import Reader
from zerofeed.records.dtypes import RECORD_BYTES
from zerofeed.shm.segment import seals_of

__all__ = ["PROGRAM", "OwnReader", "identify_objects"]

PROGRAM = "zerofeed audit"
"""What the audit calls itself."""

_NAP_SECONDS = 0.02


def identify_objects(name: str, user: int | None = None) -> list[ObjectFact]:
    """Ask a feed for its descriptors once more, and look at the files behind them.

    Args:
        name: of the feed, or the path of its socket.
        user: uid that runs it; default: this process's.

    Raises:
        FeedNotFoundError: no such feed is running.
        AttachRefusedError: it does not admit this user.
    """
    connection = Connection(name, user)
    try:
        request = Request(op="attach", layout=LAYOUT_VERSION, program=PROGRAM)
        reply, fds = connection.ask(request)
        try:
            described = reply.description.objects if reply.description else {}
            return [_object(what, fds[each.fd]) for what, each in described.items()]
        finally:
            for fd in fds:
                os.close(fd)
    finally:
        connection.close()


def _object(name: str, fd: int) -> ObjectFact:
    found = os.fstat(fd)
    device = os.major(found.st_dev), os.minor(found.st_dev)
    return ObjectFact(name, device, found.st_ino, seals_of(fd))


class OwnReader:
    """Readers of this process on every ring that the feed has.

    Args:
        feed: attached.
        objects: from :func:`identify_objects`.
    """

    def __init__(self, feed: Feed, objects: list[ObjectFact]) -> None:
        self._feed = feed
        self._objects = {each.name: each for each in objects}
        self._views = {name: ViewFact(name) for name in ("records", "frame_ring", "frames")}
        self._records = feed.reader(start="oldest")
        self._frames: Reader | None = None
        try:
            self._frames = feed.frames(start="oldest")
        except ResourceError:
            # A program's own feed has no frames, or every place for their readers is taken.
            self._views = {"records": self._views["records"]}
        self._maps = maps_of("self", file="maps")

    def read(self, seconds: float) -> OwnFacts:
        """Read for some time, and say where everything was.

        Raises:
            FeedGoneError: the feed ended.
        """
        # The first calls load what they need, and so does the first batch; that is no copy of anything.
        look_at(os.getpid(), PROGRAM, self._objects.values())
        self._records.wait(_NAP_SECONDS)
        self._take()
        before = own_memory_bytes("self")
        began = time.monotonic()
        read = 0
        while True:
            read += self._take()
            left = began + seconds - time.monotonic()
            if left <= 0:
                break
            self._records.wait(min(left, _NAP_SECONDS))
        growth = Growth(
            seconds=time.monotonic() - began,
            read_bytes=read,
            anonymous_bytes=own_memory_bytes("self") - before,
        )
        facts = look_at(os.getpid(), PROGRAM, self._objects.values())
        return OwnFacts(list(self._views.values()), replace(facts, growth=growth))

    def close(self) -> None:
        """Give the places back."""
        self._records.close()
        if self._frames is not None:
            self._frames.close()

    def _take(self) -> int:
        """Take a batch of each ring; the bytes of the records."""
        batch = self._records.poll()
        if batch.size:
            self._note("records", batch)
        if self._frames is not None:
            frames = self._frames.poll()
            if frames.size:
                self._note("frame_ring", frames)
                self._note_payload(frames[-1])
        return int(batch.size) * RECORD_BYTES

    def _note_payload(self, frame: Any) -> None:
        payload = self._feed.payload(frame)
        if payload.size:
            self._note("frames", payload)

    def _note(self, what: str, array: npt.NDArray[Any]) -> None:
        view = self._views[what]
        view.writable += bool(array.flags.writeable)
        address = array.ctypes.data
        if covers(self._maps, self._objects[what].identity, address, array.nbytes):
            view.inside += 1
        else:
            view.outside += 1
            view.example = view.example or f"{array.nbytes} bytes at {address:#x}"
