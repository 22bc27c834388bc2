"""Counters count exactly, leave nothing behind, and say why they cannot be had."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from tests.unit.children import open_descriptors
from zerofeed.apps.audit import gather_probes as module
from zerofeed.apps.audit.gather_probes import Counter, ProbesRefusedError, calibrate, threads_of

__all__: list[str] = []

UPROBE = Path("/sys/bus/event_source/devices/uprobe/type")


@pytest.fixture
def probed() -> tuple[int, str, int]:
    """The unit of user-space probes, and where libc's getppid is: the same call, a function of ours."""
    if os.getuid() or not UPROBE.exists():
        pytest.skip("probes need root and a kernel with uprobes")
    lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    libc = [fields for fields in lines if len(fields) > 5 and "libc.so" in fields[5]]
    if not libc:
        pytest.skip("libc has another name here")
    start = int(libc[0][0].split("-")[0], 16) - int(libc[0][2], 16)
    address = ctypes.cast(ctypes.CDLL(None).getppid, ctypes.c_void_p).value or 0
    return int(UPROBE.read_text()), libc[0][5], address - start


@pytest.mark.root
def test_every_call_is_counted_and_the_probe_goes_with_its_block(probed) -> None:
    unit, path, offset = probed
    before = open_descriptors()
    libc = ctypes.CDLL(None)
    try:
        counter = Counter(path, os.getpid(), unit=unit, offset=offset)
    except ProbesRefusedError as error:
        pytest.skip(f"this machine refuses: {error}")
    with counter:
        assert open_descriptors() == before + sum(1 for _ in threads_of(os.getpid()))
        for _ in range(100):
            libc.getppid()
        assert counter.count() == 100
    counter.close()
    assert open_descriptors() == before


def test_an_exception_takes_the_probe_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(write)
    monkeypatch.setattr(module, "_open", lambda *_: read)
    monkeypatch.setattr(module, "threads_of", lambda _: [1])
    with pytest.raises(KeyboardInterrupt), Counter("f", 1, unit=1):
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(read)


def test_a_counter_that_cannot_have_all_its_threads_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[int] = []

    def refuse_the_second(*_: object) -> int:
        if opened:
            raise ProbesRefusedError("no more")
        opened.append(os.open(os.devnull, os.O_RDONLY))
        return opened[0]

    monkeypatch.setattr(module, "_open", refuse_the_second)
    monkeypatch.setattr(module, "threads_of", lambda _: [1, 2])
    with pytest.raises(ProbesRefusedError, match="no more"):
        Counter("f", 1, unit=1)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_a_kernel_without_probes_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_UNIT", tmp_path / "type")
    with pytest.raises(ProbesRefusedError, match="no probes on its functions"):
        calibrate()


def test_a_process_that_has_ended_is_refused() -> None:
    with pytest.raises(ProbesRefusedError, match="has ended"):
        Counter("f", 2**22 + 1, unit=1)


class Fake(Counter):
    """Counts two calls at each look; some functions do not exist."""

    def __init__(self, function: str, pid: int | None) -> None:
        self._descriptors = []
        if function == "absent":
            raise ProbesRefusedError("absent")
        self._seen = 0

    def count(self) -> int:
        self._seen += 2
        return self._seen


def test_calibration_leaves_out_functions_that_the_kernel_has_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "Counter", Fake)
    assert calibrate(("there", "absent")) == (["there"], 32, 2)
    with pytest.raises(ProbesRefusedError):
        calibrate(("absent", "there"))


@pytest.mark.root
def test_calibration_counts_the_datagrams_of_this_process() -> None:
    try:
        functions, received, counted = calibrate()
    except ProbesRefusedError as error:
        pytest.skip(f"this machine refuses: {error}")
    assert functions[0] == "_copy_to_iter"
    assert counted >= received > 0
