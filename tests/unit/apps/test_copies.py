"""One account of copies for every screen; what nobody states is not known."""

from __future__ import annotations

from typing import Any

from zerofeed.apps.copies import copies_line, copies_per_packet, copies_text

__all__: list[str] = []


def receiver(kernel: int | None = 1, user: int | None = 0, how: str = "by the socket") -> dict:
    return {
        "kind": "udp",
        "source": "239.1.1.1:6100",
        "mode": "UDP",
        "kernel_copies": kernel,
        "user_copies": user,
        "how_known": how,
    }


def reader(pid: int, *takes: str) -> dict[str, Any]:
    return {"pid": pid, "program": "p", "ring": "records", "takes": list(takes)}


def test_the_receiver_with_the_most_copies_counts() -> None:
    told = copies_per_packet({"receivers": [receiver(1, 0), receiver(0, 1)], "readers": []})
    assert (told["kernel"], told["user"]) == (1, 1)
    assert told["kernel_known_by"] == told["user_known_by"] == "by the socket"


def test_one_receiver_that_is_not_known_makes_the_figure_unknown() -> None:
    told = copies_per_packet({"receivers": [receiver(), receiver(None)], "readers": []})
    assert told["kernel"] is None
    assert "not known by the kernel, 0 in user space" in copies_line(told)


def test_a_feed_that_says_nothing_is_not_taken_for_one_that_copies_nothing() -> None:
    told = copies_per_packet({"readers": [{"pid": 1, "program": "p", "ring": "records"}]})
    assert (told["kernel"], told["user"]) == (None, None)
    assert told["readers"][0]["copies"] is None
    assert "its feed does not say" in copies_text(told)


def test_readers_that_copy_are_counted_and_the_caller_is_left_out() -> None:
    status = {
        "receivers": [receiver()],
        "readers": [reader(7, "views"), reader(8, "matches"), reader(9, "handler", "copy")],
    }
    told = copies_per_packet(status, without_pid=7)
    assert [(each["pid"], each["copies"]) for each in told["readers"]] == [(8, 1), (9, 1)]
    assert copies_line(told) == (
        "copies: 1 by the kernel, 0 in user space; 2 of 2 readers copy for themselves"
    )
    assert "1 of 2 readers copy" in copies_line(copies_per_packet(status, without_pid=9))
    assert "no readers" in copies_line(copies_per_packet({"receivers": [], "readers": []}))


def test_what_the_caller_found_out_stands_for_how_user_space_is_known() -> None:
    status = {"receivers": [receiver()], "readers": [reader(7, "views")]}
    text = copies_text(copies_per_packet(status, evidence="arrays lie in the map"))
    assert text == (
        "copies of a packet's bytes: 1 by the kernel (by the socket); 0 in user space "
        "(arrays lie in the map); no copy by its reader"
    )
