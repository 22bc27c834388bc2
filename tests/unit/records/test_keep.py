"""What is kept has the bytes that the feed had, as one array or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import CaptureError
from zerofeed.records.dtypes import KIND_DTYPES, RECORD, RECORD_BYTES
from zerofeed.records.keep import SAVED, concat, load, save
from zerofeed.records.kinds import OPEN_INTEREST, QUOTE, TRADE


def noise(count: int, seed: int = 0) -> np.ndarray:
    """Records whose 64 bytes are all random."""
    random = np.random.default_rng(seed)
    return np.frombuffer(random.bytes(count * RECORD_BYTES), RECORD)


@given(st.lists(st.integers(0, 9), max_size=6))
def test_batches_follow_one_another_byte_by_byte(lengths: list[int]) -> None:
    batches = [noise(length, seed) for seed, length in enumerate(lengths)]
    kept = concat(batches)
    assert kept.dtype == RECORD
    assert kept.itemsize == RECORD_BYTES
    assert kept.tobytes() == b"".join(batch.tobytes() for batch in batches)


def test_what_is_kept_is_a_copy() -> None:
    batch = noise(5).copy()
    kept = concat([batch])
    assert not np.shares_memory(kept, batch)
    kept["price"] = 7
    assert (kept["bid_price"] == 7).all()


@pytest.mark.parametrize("part", [slice(None, None, 3), slice(None, None, -1), slice(2, 9)])
@pytest.mark.parametrize("kind", [TRADE, OPEN_INTEREST])
def test_no_byte_is_lost_of_a_batch_with_steps_or_without_names_for_all(
    part: slice, kind: int
) -> None:
    """A dtype with one body field names 40 of the 64 bytes; all of them are kept."""
    batch = noise(20).view(KIND_DTYPES[kind])
    rows = np.frombuffer(batch.tobytes(), np.uint8).reshape(-1, RECORD_BYTES)
    kept = concat([batch[part]])
    assert kept.dtype == KIND_DTYPES[kind]
    assert kept.tobytes() == rows[part].tobytes()


def test_batches_of_different_kinds_make_records() -> None:
    trades, quotes = noise(3, 1).view(KIND_DTYPES[TRADE]), noise(2, 2).view(KIND_DTYPES[QUOTE])
    kept = concat([trades, quotes])
    assert kept.dtype == RECORD
    assert kept.tobytes() == trades.tobytes() + quotes.tobytes()


def test_nothing_makes_no_records() -> None:
    assert concat([]).dtype == RECORD
    assert concat(iter(())).size == 0


@pytest.mark.parametrize(
    "wrong", [np.zeros(3, np.int64), np.zeros((2, 2), RECORD), np.zeros(1, RECORD)[0]]
)
def test_what_is_no_array_of_records_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 bytes an item"):
        concat([noise(1), wrong])
    with pytest.raises(ValueError, match="64 bytes an item"):
        save(tmp_path / "x", wrong)


@pytest.mark.parametrize("is_mapped", [False, True])
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_a_file_gives_back_the_bytes_that_were_saved(
    tmp_path: Path, count: int, is_mapped: bool
) -> None:
    path, records = tmp_path / "no suffix is added", noise(count)
    save(path, records)
    loaded = load(path, is_mapped=is_mapped)
    assert loaded.dtype == RECORD
    assert loaded.tobytes() == records.tobytes()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_mapped_file_cannot_be_written_through_its_records(tmp_path: Path) -> None:
    save(tmp_path / "x", noise(3))
    assert not load(tmp_path / "x", is_mapped=True).flags.writeable


def test_records_with_steps_and_of_one_kind_are_saved_whole(tmp_path: Path) -> None:
    trades = noise(9).view(KIND_DTYPES[OPEN_INTEREST])[::2]
    save(str(tmp_path / "x"), trades)
    assert load(str(tmp_path / "x")).tobytes() == concat([trades]).tobytes()


def test_a_file_is_read_by_numpy_alone_with_its_columns(tmp_path: Path) -> None:
    records = noise(10)
    save(tmp_path / "x.npy", records)
    plain = np.load(tmp_path / "x.npy", allow_pickle=False)
    for name in ("seq", "ts_event_ns", "ts_recv_ns", "instrument", "kind", "side", "flags"):
        assert np.array_equal(plain[name], records[name])
    assert np.array_equal(plain["body"][:, 1], records["size"])


def test_saving_replaces_what_the_file_held(tmp_path: Path) -> None:
    save(tmp_path / "x", noise(100))
    save(tmp_path / "x", noise(2))
    assert load(tmp_path / "x").size == 2


def test_the_saved_columns_are_a_records_own() -> None:
    assert SAVED.itemsize == RECORD.itemsize
    for name in set(SAVED.names or ()) - {"body"}:
        assert SAVED.fields is not None
        assert SAVED.fields[name][:2] == RECORD.fields[name][:2]


def broken(path: Path, what: str) -> None:
    """Make a file that holds no records."""
    save(path, noise(10))
    whole = path.read_bytes()
    with path.open("wb") as file:
        match what:
            case "cut":
                file.write(whole[:-1])
            case "empty":
                pass
            case "noise":
                file.write(bytes(range(256)) * 4)
            case "other columns":
                np.save(file, np.zeros(3, [("seq", "<i8"), ("body", "<i8", 7)]))
            case "two dimensions":
                np.save(file, np.zeros((2, 3), SAVED))
            case "objects":
                np.save(file, np.array([None, {}]), allow_pickle=True)
            case "archive":
                np.savez(file, a=np.zeros(3))


@pytest.mark.parametrize("is_mapped", [False, True])
@pytest.mark.parametrize(
    "what",
    ["cut", "empty", "noise", "other columns", "two dimensions", "objects", "archive"],
)
def test_a_file_without_records_is_refused_with_its_name(
    tmp_path: Path, what: str, is_mapped: bool
) -> None:
    path = tmp_path / "wrong.npy"
    broken(path, what)
    with pytest.raises(CaptureError, match=r"wrong\.npy: no records can be read"):
        load(path, is_mapped=is_mapped)


def test_a_file_that_is_not_there_is_said_by_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
