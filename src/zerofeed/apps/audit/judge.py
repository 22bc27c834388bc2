"""What the facts say of the statements. Pure: made-up facts give the same verdicts.

Each function judges one sort of evidence about one hop. Nothing here trusts a statement: a statement is
evidence of its own, and the weakest.
"""

from __future__ import annotations

from typing import Any

from zerofeed.apps.audit.evidence import Evidence, Hop, Sort, Verdict
from zerofeed.apps.audit.facts import Growth, ObjectFact, OwnFacts, ProbeFacts, ProcessFacts
from zerofeed.feed.copies import copies_taken
from zerofeed.shm.segment import SEALS

__all__ = [
    "decoding_hop",
    "judge_growth",
    "judge_maps",
    "judge_probes",
    "own_hop",
    "reader_hop",
    "receiver_hops",
]

_HOLDS, _CONTRADICTS, _UNKNOWN = Verdict.HOLDS, Verdict.CONTRADICTS, Verdict.UNKNOWN

_GROWTH_BYTES = 2 << 20
"""What an interpreter may take for itself, whatever it reads."""
_GROWTH_SHARE = 8
"""A process that grew by less than this part of what it read kept no copies of it."""
_LEAST_READ_BYTES = _GROWTH_BYTES * _GROWTH_SHARE
"""Below this, a process that kept that part could not be told from an interpreter that works."""
_LEAST_PACKETS = 100
_NEARLY = 0.95
_HARDLY = 0.05
_FEW_CALLS = 16
"""Calls that any program makes, reading a file for instance."""

_TAKES = {
    "views": "takes views of the feed's memory",
    "matches": "copies the records that match its kinds and symbols",
    "handler": "copies records into a compiled handler's 4 KiB of scratch",
    "copy": "copies batches to keep them",
}


def receiver_hops(
    receivers: list[dict[str, Any]],
    worker: ProcessFacts,
    objects: list[ObjectFact],
    probes: ProbeFacts,
) -> list[Hop]:
    """Judge the way from the wire into the frames, a hop for each sort of receiver.

    Args:
        receivers: the feed's statements, as in its status.
        worker: the process that receives.
        objects: of the feed.
        probes: calls by the worker.
    """
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in receivers:
        key = each["kind"], each["mode"], each["kernel_copies"], each["user_copies"]
        alike.setdefault(key, []).append(each)
    hops: list[Hop] = []
    for (kind, mode, kernel, user), group in alike.items():
        names = ", ".join(each["source"] for each in group[:4])
        more = f" and {len(group) - 4} more" if len(group) > 4 else ""
        way = "program to records" if kind == "program" else "wire to frames"
        hop = Hop(f"{way}: {names}{more}", kernel, user, note=mode)
        hop.evidence.append(_statement(group[0], kernel, user))
        if kind != "program":
            hop.evidence.append(judge_maps(worker, objects, is_writer=True))
            hop.evidence.append(judge_growth(worker, what="received", may_copy=False))
            hop.evidence.append(
                judge_probes(worker.pid, kind, kernel, probes)
                if len(alike) == 1
                else Evidence(
                    Sort.PROBES, _UNKNOWN, "receivers of several sorts cannot be told apart"
                )
            )
        hops.append(hop)
    if not hops:
        silent = Evidence(Sort.STATEMENT, _UNKNOWN, "the feed does not say how it receives")
        hops.append(Hop("wire to frames", None, None, evidence=[silent]))
    return hops


def _statement(receiver: dict[str, Any], kernel: int | None, user: int | None) -> Evidence:
    is_known = kernel is not None and user is not None
    return Evidence(Sort.STATEMENT, _HOLDS if is_known else _UNKNOWN, receiver["how_known"])


def decoding_hop(packets: int, records: int) -> Hop:
    """Describe the way from the frames to the records, which is no copy but a transformation.

    Args:
        packets: received while the feed was watched.
        records: published meanwhile.
    """
    text = (
        f"{records:,} records of 64 bytes were made from {packets:,} packets meanwhile: other bytes "
        "than were sent, made once for all readers"
    )
    seen = Evidence(Sort.COUNTERS, _HOLDS if packets and records else _UNKNOWN, text)
    return Hop("frames to records", 0, 0, note="a transformation, counted apart", evidence=[seen])


def own_hop(own: OwnFacts, objects: list[ObjectFact]) -> Hop:
    """Judge the way from the feed's memory to this process's own arrays."""
    hop = Hop("feed's memory to this audit", 0, 0, pid=own.process.pid, note="a reader itself")
    for view in own.views:
        count = view.inside + view.outside
        if not count:
            verdict, text = _UNKNOWN, f"no array of {view.what} was given: nothing was published"
        elif view.outside or view.writable:
            verdict = _CONTRADICTS
            text = (
                f"{view.outside} of {count} arrays of {view.what} lie outside its shared read-only "
                f"map ({view.example or 'none'}), {view.writable} can be written"
            )
        else:
            verdict = _HOLDS
            text = (
                f"the data of all {count} arrays of {view.what} lies in a shared read-only map of "
                "the file that the feed handed out"
            )
        hop.evidence.append(Evidence(Sort.POINTERS, verdict, text))
    hop.evidence.append(judge_maps(own.process, objects))
    hop.evidence.append(judge_growth(own.process, what="read", may_copy=False))
    return hop


def reader_hop(
    status: dict[str, Any],
    process: ProcessFacts,
    objects: list[ObjectFact],
    probes: ProbeFacts,
    *,
    is_the_feeds: bool,
) -> Hop:
    """Judge the way from the feed's memory to another reader.

    Args:
        status: the reader, as in the feed's status.
        process: its process.
        objects: of the feed.
        probes: calls by its process.
        is_the_feeds: it reads in the process that writes.
    """
    takes = status.get("takes")
    hop = Hop(
        f"{status['ring']} to {status['program'] or 'a reader'}",
        0,
        None if takes is None else copies_taken(takes),
        pid=process.pid,
        note="" if takes is None else "; ".join(_TAKES.get(each, each) for each in takes),
    )
    said = f"by its own word, on its page: {hop.note}" if takes else "the reader does not say"
    hop.evidence.append(Evidence(Sort.STATEMENT, _HOLDS if takes else _UNKNOWN, said))
    hop.evidence.append(judge_maps(process, objects, is_writer=is_the_feeds))
    hop.evidence.append(judge_growth(process, what="read", may_copy=bool(hop.user_copies)))
    hop.evidence.append(_judge_reader_calls(process.pid, probes))
    return hop


def judge_maps(
    process: ProcessFacts, objects: list[ObjectFact], *, is_writer: bool = False
) -> Evidence:
    """Judge how a process has the feed's memory mapped.

    Args:
        process: with its maps of the feed's objects.
        objects: of the feed.
        is_writer: it is the feed's own and may write.
    """
    if process.why_unknown is not None:
        return Evidence(Sort.MAPS, _UNKNOWN, process.why_unknown)
    names = {each.identity: each.name for each in objects}
    faults: list[str] = []
    for each in process.maps:
        name = names.get(each.identity, "?")
        if not each.permissions.endswith("s"):
            faults.append(f"{name} is mapped privately ({each.permissions})")
        elif "w" in each.permissions and not is_writer:
            faults.append(f"{name} is mapped writable ({each.permissions})")
        if each.anonymous_bytes:
            faults.append(f"{each.anonymous_bytes >> 10} KiB of {name} are its own copies")
        elif each.private_dirty_bytes and not is_writer:
            faults.append(f"{each.private_dirty_bytes >> 10} KiB of {name} are its own, changed")
    if not any(names.get(each.identity) == "records" for each in process.maps):
        faults.append("it does not map the records at all")
    unsealed = [each.name for each in objects if each.seals & SEALS != SEALS]
    if unsealed:
        faults.append(f"not sealed: {', '.join(unsealed)}")
    if faults:
        return Evidence(Sort.MAPS, _CONTRADICTS, "; ".join(dict.fromkeys(faults)))
    how = "shared" if is_writer else "shared and read-only, no page of them its own"
    objects_seen = len({each.identity for each in process.maps})
    return Evidence(
        Sort.MAPS,
        _HOLDS,
        f"{len(process.maps)} maps of {objects_seen} of the feed's {len(objects)} sealed files, {how}",
    )


def judge_growth(process: ProcessFacts, *, what: str, may_copy: bool) -> Evidence:
    """Judge whether a process's own memory grows with what passes through it.

    Args:
        process: watched for some time.
        what: ``read`` or ``received``.
        may_copy: it says itself that it copies.
    """
    growth = process.growth
    if process.why_unknown is not None or growth is None:
        why = process.why_unknown or "it was not there for the whole time"
        return Evidence(Sort.MEMORY, _UNKNOWN, why)
    text = (
        f"its own memory grew by {_size(growth.anonymous_bytes)} while it {what} "
        f"{_size(growth.read_bytes)} in {growth.seconds:.1f} s"
    )
    if growth.read_bytes < _LEAST_READ_BYTES:
        return Evidence(
            Sort.MEMORY, _UNKNOWN, f"{text}; that takes {_size(_LEAST_READ_BYTES)}: use --seconds"
        )
    if not _grew(growth):
        return Evidence(Sort.MEMORY, _HOLDS, text)
    if may_copy:
        return Evidence(Sort.MEMORY, _HOLDS, f"{text}, as it says that it copies")
    return Evidence(Sort.MEMORY, _CONTRADICTS, f"{text}: it keeps what it {what}")


def _grew(growth: Growth) -> bool:
    return growth.anonymous_bytes >= max(_GROWTH_BYTES, growth.read_bytes // _GROWTH_SHARE)


def judge_probes(pid: int, kind: str, copies: int | None, probes: ProbeFacts) -> Evidence:
    """Judge the kernel's copying calls for the process that receives.

    Args:
        pid: of the worker.
        kind: of its receivers.
        copies: by the kernel for each packet, as stated.
        probes: what was counted.
    """
    why = _unusable(probes)
    if why is None and copies is None:
        why = "there is no statement to compare with"
    if why is None and probes.packets < _LEAST_PACKETS:
        why = f"only {probes.packets} packets came: use --seconds"
    if why is not None or copies is None:
        return Evidence(Sort.PROBES, _UNKNOWN, why or "")
    is_xdp = kind == "xdp"
    calls = probes.everywhere.get("__xsk_rcv", 0) if is_xdp else probes.calls.get(pid, 0)
    counted = "__xsk_rcv" if is_xdp else " and ".join(probes.functions)
    ratio = calls / probes.packets
    text = f"{calls:,} calls of {counted} for {probes.packets:,} packets, {ratio:.2f} a packet"
    if copies == 0:
        if ratio >= _HARDLY:
            return Evidence(Sort.PROBES, _CONTRADICTS, text)
        if not is_xdp:
            return Evidence(Sort.PROBES, _HOLDS, text)
        without = probes.everywhere.get("__xsk_rcv_zc", 0)
        text += f"; {without:,} of __xsk_rcv_zc, which copies nothing"
        # That the one was not called says nothing where neither is: both may be compiled into callers.
        is_seen = without >= _NEARLY * probes.packets
        return Evidence(Sort.PROBES, _HOLDS if is_seen else _UNKNOWN, text)
    # No upper bound: a packet that the driver has left in pieces takes a call for each.
    return Evidence(Sort.PROBES, _HOLDS if ratio >= _NEARLY * copies else _CONTRADICTS, text)


def _judge_reader_calls(pid: int, probes: ProbeFacts) -> Evidence:
    """Judge the kernel's copying calls for a reader: none is proof, some may be anything."""
    why = _unusable(probes)
    if why is None and pid not in probes.calls:
        why = "its calls were not counted"
    if why is not None:
        return Evidence(Sort.PROBES, _UNKNOWN, why)
    calls = probes.calls[pid]
    text = f"{calls:,} calls of {' and '.join(probes.functions)}"
    if calls <= _FEW_CALLS:
        return Evidence(Sort.PROBES, _HOLDS, f"{text}: the kernel copied nothing to it")
    return Evidence(
        Sort.PROBES, _UNKNOWN, f"{text}: of the feed's or of something else that it reads"
    )


def _unusable(probes: ProbeFacts) -> str | None:
    if probes.why_unknown is not None:
        return probes.why_unknown
    received, counted = probes.calibration
    if counted < received:
        return f"the counters are not to be trusted: {counted} calls for {received} datagrams of our own"
    return None


def _size(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB" if abs(count) >= 1 << 20 else f"{count >> 10:,} KiB"
