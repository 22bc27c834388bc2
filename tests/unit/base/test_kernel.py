"""Kernels are compiled for one signature; their disk cache is keyed by all that they depend on."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.errors import NumbaError

import zerofeed
from zerofeed.base import kernel as module
from zerofeed.base.kernel import (
    BOUNDS_CHECK,
    I64,
    I64_RO,
    JIT,
    array_of,
    cache_directory,
    handler_of,
    inlined,
    int64,
    kernel,
    record_array,
)

PACKAGE = Path(zerofeed.__file__).parent


@inlined
def double(value):  # type: ignore[no-untyped-def]
    return 2 * value


@kernel(int64(I64_RO, int64))
def pick_double(words, index):  # type: ignore[no-untyped-def]
    return double(words[index])


@kernel(int64(I64))
def store_one(words):  # type: ignore[no-untyped-def]
    words[0] = 1
    return 0


@pytest.fixture
def copied_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the sources that the digests are taken from instead."""
    copy = tmp_path / "zerofeed"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "_PACKAGE_ROOT", copy)
    module._digest.cache_clear()
    yield copy
    module._digest.cache_clear()


def digest_after(change: Path, name: str, text: str = "\n# changed\n") -> tuple[Path, Path]:
    before = cache_directory(name)
    change.write_text(change.read_text(encoding="utf-8") + text, encoding="utf-8")
    module._digest.cache_clear()
    return before, cache_directory(name)


def test_a_kernel_calls_what_is_inlined_into_it() -> None:
    assert pick_double(np.array([1, 5], np.int64), 1) == 10


def test_a_read_only_parameter_takes_writable_arrays_too() -> None:
    words = np.array([7], np.int64)
    words.flags.writeable = False
    assert pick_double(words, 0) == 14


@pytest.mark.compiled
def test_a_writable_parameter_refuses_a_read_only_array() -> None:
    words = np.zeros(1, np.int64)
    words.flags.writeable = False
    with pytest.raises(TypeError):
        store_one(words)


@pytest.mark.compiled
def test_a_kernel_takes_no_other_types_than_its_signature() -> None:
    with pytest.raises(TypeError):
        pick_double(np.zeros(1, np.float64), 0)


@pytest.mark.skipif(JIT and not BOUNDS_CHECK, reason="bounds checks are off in this process")
def test_an_index_outside_its_array_raises_when_bounds_are_checked() -> None:
    with pytest.raises(IndexError):
        pick_double(np.zeros(1, np.int64), 3)


@pytest.mark.compiled
def test_a_negative_index_does_not_count_from_the_end() -> None:
    """What is before an array is not read here: a view whose neighbour before it is known."""
    words = np.arange(10, 20)
    if BOUNDS_CHECK:
        with pytest.raises(IndexError):
            pick_double(words[5:], -1)
    else:
        assert pick_double(words[5:], -1) == 2 * words[4]


def test_array_names_say_items_axes_and_whether_stores_are_allowed() -> None:
    table = array_of(numba.types.int64, 2, readonly=True)
    assert (table.ndim, table.layout, table.mutable) == (2, "C", False)
    rows = record_array(np.dtype([("a", "<i8")]))
    assert (rows.ndim, rows.mutable, rows.dtype.size) == (1, True, 8)


def test_cache_folder_changes_with_the_module_itself(copied_package: Path) -> None:
    before, after = digest_after(
        copied_package / "shm" / "_ring_kernels.py", "zerofeed.shm._ring_kernels"
    )
    assert before != after


def test_cache_folder_changes_with_a_module_imported_indirectly(copied_package: Path) -> None:
    """The reader's kernels import the ring's, which import the status codes."""
    before, after = digest_after(
        copied_package / "base" / "status.py", "zerofeed.feed._reader_kernels"
    )
    assert before != after


def test_cache_folder_changes_with_a_module_imported_inside_an_if(copied_package: Path) -> None:
    """The ring's kernels import the C library only when there is a compiler."""
    before, after = digest_after(copied_package / "base" / "libc.py", "zerofeed.shm._ring_kernels")
    assert before != after


def test_cache_folder_changes_with_a_schema_beside_an_imported_module(copied_package: Path) -> None:
    schema = copied_package / "codecs" / "deribit" / "multicast.xml"
    before, after = digest_after(schema, "zerofeed.codecs.deribit._message_kernels", " ")
    assert before != after


def test_cache_folder_stays_when_an_unrelated_module_changes(copied_package: Path) -> None:
    before, after = digest_after(
        copied_package / "feed" / "metrics.py", "zerofeed.shm._ring_kernels"
    )
    assert before == after


def test_cache_folder_names_its_module_and_whether_bounds_are_checked() -> None:
    name = cache_directory("zerofeed.shm.journal").name
    assert name.startswith("zerofeed.shm.journal-")
    assert name.endswith("-checked" if BOUNDS_CHECK else "-plain")


def test_cache_folder_changes_with_the_page_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a constant inside kernels, and a home may be shared by machines that differ in it."""
    names = set()
    for page in (4096, 16384, 65536):
        monkeypatch.setattr(mmap, "PAGESIZE", page)
        module._digest.cache_clear()
        names.add(cache_directory("zerofeed.shm._ring_kernels"))
    module._digest.cache_clear()
    assert len(names) == 3


def test_cache_root_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.delenv("ZEROFEED_CACHE_DIR", raising=False)
    assert cache_directory("zerofeed.shm.journal").parent == Path("/x/zerofeed")
    monkeypatch.setenv("ZEROFEED_CACHE_DIR", "/y")
    assert cache_directory("zerofeed.shm.journal").parent == Path("/y")


@pytest.mark.compiled
def test_a_helper_is_compiled_once_however_many_literals_it_is_called_with() -> None:
    """A deep tree of helpers would otherwise be compiled anew for each number written in a call."""

    @inlined
    def add(value, amount):  # type: ignore[no-untyped-def]
        return value + amount

    @kernel(int64(int64))
    def sum_up(value):  # type: ignore[no-untyped-def]
        return add(value, 1) + add(value, 2) + add(3, amount=4) + add(value, value)

    assert sum_up(10) == 11 + 12 + 7 + 20
    assert add.signatures == [(numba.types.int64, numba.types.int64)]


def allocate_array(words):  # type: ignore[no-untyped-def]
    return np.empty(words[0], np.int64).size


def allocate_list(words):  # type: ignore[no-untyped-def]
    return [words[0], words[1]][words[2]]


def allocate_in_helper(words):  # type: ignore[no-untyped-def]
    return helper_that_allocates(words)


helper_that_allocates = inlined(allocate_list)


@pytest.mark.compiled
@pytest.mark.parametrize(
    "allocate", [pytest.param(allocate_array, marks=pytest.mark.slow), allocate_list]
)
def test_a_kernel_that_would_allocate_does_not_compile(allocate) -> None:  # type: ignore[no-untyped-def]
    """Nothing would ever free it: reference counts are off. Elsewhere the same function works."""
    assert handler_of(allocate, is_counting=True)(np.array([2, 5, 0], np.int64)) == 2
    with pytest.raises((NumbaError, RuntimeError)):
        kernel(int64(I64_RO))(allocate)


@pytest.mark.compiled
def test_a_kernel_whose_helper_would_allocate_does_not_compile() -> None:
    with pytest.raises((NumbaError, RuntimeError)):
        kernel(int64(I64_RO))(allocate_in_helper)


@pytest.mark.slow
@pytest.mark.compiled
def test_kernels_work_uncached_where_no_cache_folder_can_be_made() -> None:
    """Numba would fall back to a folder beside the sources, keyed in its own way."""
    script = (
        "import numpy as np; from zerofeed.shm import seqlock as s;"
        "print(s.copy_row(np.arange(0, 4), 0, 4, np.zeros(4, np.int64), 1), s.copy_row._cache)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "ZEROFEED_CACHE_DIR": "/proc/none", "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, _, cache = done.stdout.partition(" ")
    assert status == "0"
    assert "NullCache" in cache
    assert not list(PACKAGE.rglob("*.nbi"))
