"""A capture's bytes are the same whichever way the file is packed; damage is named."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from zerofeed.base.errors import CaptureError
from zerofeed.wire import capture_bytes
from zerofeed.wire.capture_bytes import read_bytes, read_pieces

__all__: list[str] = []

TEXT = b"1 {}\n" * 5000


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:700]) + gzip.compress(TEXT[700:]),
        gzip.compress(TEXT) + bytes(64),
        zipped(capture=TEXT),
    ],
    ids=["plain", "gzip", "gzip of two members", "gzip with padding", "zip"],
)
def test_a_file_gives_the_same_bytes_in_every_form(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(packed)
    data, is_cut = read_bytes(tmp_path / "file")
    assert (data.tobytes(), is_cut) == (TEXT, False)
    assert not data.flags.writeable


def test_an_empty_file_has_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data, is_cut = read_bytes(str(tmp_path / "file"))
    assert (data.size, is_cut) == (0, False)


def test_a_stream_that_ends_early_gives_what_there_is_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(TEXT)[:-12])
    data, is_cut = read_bytes(tmp_path / "file")
    assert is_cut
    assert TEXT.startswith(data.tobytes())


@pytest.mark.parametrize(
    ("packed", "complaint"),
    [
        (gzip.compress(TEXT)[:30] + b"\xff" * 40, "damaged gzip stream"),
        (zipped(capture=TEXT)[:60], "damaged zip archive"),
        (zipped(one=TEXT, two=TEXT), "an archive of several files; expected one file; got 2 files"),
        (zipped(), "not a zip|several files|damaged"),
    ],
    ids=["gzip", "zip", "two files", "no file"],
)
def test_damage_is_named(packed: bytes, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(packed)
    if packed[:4] != b"PK\x03\x04" and packed[:2] != b"\x1f\x8b":
        # An archive of nothing has no member that its first bytes could name.
        assert read_bytes(tmp_path / "file")[0].tobytes() == packed
        return
    with pytest.raises(CaptureError, match=complaint):
        read_bytes(tmp_path / "file")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="the capture cannot be read; got No such file"):
        read_bytes(tmp_path / "absent")


def pieces(path: Path) -> tuple[bytes, bool]:
    """Read a file piece by piece."""
    found, reading = [], read_pieces(path)
    while True:
        try:
            found.append(next(reading).tobytes())
        except StopIteration as end:
            return b"".join(found), end.value


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "packed",
    [TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), zipped(x=TEXT)],
    ids=["plain", "gzip", "gzip of two members", "zip"],
)
def test_pieces_are_the_same_bytes(packed: bytes, step: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(capture_bytes, "_STEP", step)
    (tmp_path / "file").write_bytes(packed)
    assert pieces(tmp_path / "file") == (TEXT, False)


def test_pieces_of_a_stream_that_ends_early_say_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(TEXT)[:-12])
    data, is_cut = pieces(tmp_path / "file")
    assert is_cut
    assert TEXT.startswith(data)
