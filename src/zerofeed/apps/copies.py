"""Copies of a packet's bytes, as a feed and its readers state them: one account for every screen.

``top``, ``demo`` and ``audit`` show the same figures with the same words, made here from what
:meth:`zerofeed.feed.attach.Feed.status` says. They are statements; ``audit`` checks them.
"""

from __future__ import annotations

from typing import Any

from zerofeed.feed.copies import copies_taken

__all__ = ["copies_line", "copies_per_packet", "copies_text"]

_SILENT = "its feed does not say"


def copies_per_packet(
    status: dict[str, Any], *, evidence: str | None = None, without_pid: int = 0
) -> dict[str, Any]:
    """Account for the copies between the wire and the readers.

    Args:
        status: of the feed.
        evidence: what the caller has found out by itself of the readers' memory.
        without_pid: a process whose readers are left out, the caller's for instance.

    Returns:
        ``kernel`` and ``user``: copies of a packet's bytes until every reader has them mapped, of the
        receiver with the most, None: not known; ``kernel_known_by`` and ``user_known_by``: how;
        ``receivers``: each receiver's statement; ``readers``: pid, program, ring, takes and copies of
        each reader, which come on top, in its own process.
    """
    receivers = status.get("receivers", [])
    readers = [
        {
            "pid": each["pid"],
            "program": each["program"],
            "ring": each["ring"],
            "takes": each.get("takes", []),
            "copies": copies_taken(each["takes"]) if "takes" in each else None,
        }
        for each in status["readers"]
        if each["pid"] != without_pid
    ]
    told = "; ".join(dict.fromkeys(each["how_known"] for each in receivers)) or _SILENT
    return {
        "kernel": _most([each["kernel_copies"] for each in receivers]),
        "kernel_known_by": told,
        "user": _most([each["user_copies"] for each in receivers]),
        "user_known_by": evidence or told,
        "receivers": receivers,
        "readers": readers,
    }


def copies_text(figures: dict[str, Any]) -> str:
    """Say the figures in one sentence, with how they are known.

    Args:
        figures: from :func:`copies_per_packet`.
    """
    return (
        f"copies of a packet's bytes: {_count(figures['kernel'])} by the kernel "
        f"({figures['kernel_known_by']}); {_count(figures['user'])} in user space "
        f"({figures['user_known_by']}); {_of_readers(figures['readers'])}"
    )


def copies_line(figures: dict[str, Any]) -> str:
    """Say the figures in one short line, without how they are known.

    Args:
        figures: from :func:`copies_per_packet`.
    """
    return (
        f"copies: {_count(figures['kernel'])} by the kernel, {_count(figures['user'])} in user "
        f"space; {_of_readers(figures['readers'])}"
    )


def _of_readers(readers: list[dict[str, Any]]) -> str:
    if not readers:
        return "no readers"
    copying = sum(bool(each["copies"]) for each in readers)
    if not copying:
        return (
            f"no copy by any of {len(readers)} readers"
            if len(readers) > 1
            else "no copy by its reader"
        )
    return f"{copying} of {len(readers)} readers copy for themselves"


def _most(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return max(known) if known and len(known) == len(counts) else None


def _count(count: int | None) -> str:
    return "not known" if count is None else str(count)
