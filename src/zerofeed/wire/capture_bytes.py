"""The bytes of a capture file: mapped where it is plain, decompressed into memory where it is not.

gzip of one or several members, and a zip archive of one file, are known by their first bytes.
"""

from __future__ import annotations

import io
import mmap
import zipfile
import zlib
from collections.abc import Generator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import CaptureError

__all__ = ["read_bytes", "read_pieces"]

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_STEP = 1 << 20


def read_bytes(path: str | Path) -> tuple[npt.NDArray[np.uint8], bool]:
    """Read a file whole, decompressed.

    Args:
        path: of the file.

    Returns:
        uint8, read-only; and whether a compressed stream ends before its own end. Cost: none for a
        plain file.

    Raises:
        CaptureError: no such file, not readable, a damaged stream, or an archive of several files.
    """
    mapped = _map(path)
    head = bytes(mapped[:4])
    if head.startswith(_GZIP_MAGIC):
        plain, is_cut = _gunzip(mapped, str(path))
        return np.frombuffer(plain, np.uint8), is_cut
    if head == _ZIP_MAGIC:
        return np.frombuffer(_unzip(mapped, str(path)), np.uint8), False
    return np.frombuffer(mapped, np.uint8), False


def read_pieces(path: str | Path) -> Generator[npt.NDArray[np.uint8], None, bool]:
    """Read a file piece by piece, decompressed: for files that are too large to be held whole.

    Args:
        path: of the file.

    Yields:
        uint8, read-only, one piece behind the other; a plain file is one piece, mapped.

    Returns:
        Whether a compressed stream ends before its own end.

    Raises:
        CaptureError: as :func:`read_bytes`.
    """
    mapped = _map(path)
    if bytes(mapped[:2]) != _GZIP_MAGIC:
        data, is_cut = read_bytes(path)
        yield data
        return is_cut
    pieces = _inflate(mapped, str(path))
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            return bool(end.value)
        if piece:
            yield np.frombuffer(piece, np.uint8)


def _map(path: str | Path) -> bytes | mmap.mmap:
    path = Path(path)
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
            return b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise CaptureError(
            "the capture cannot be read",
            where=str(path),
            got=error.strerror,
            next_step="check the path and its permissions",
        ) from error


def _gunzip(packed: bytes | mmap.mmap, name: str) -> tuple[bytes, bool]:
    """Decompress gzip of one or more members; the bytes, and whether the stream ends early."""
    out: list[bytes] = []
    pieces = _inflate(packed, name)
    while True:
        try:
            out.append(next(pieces))
        except StopIteration as end:
            return b"".join(out), bool(end.value)


def _inflate(packed: bytes | mmap.mmap, name: str) -> Generator[bytes, None, bool]:
    """Decompress gzip step by step; returns whether the stream ends early."""
    view = memoryview(packed)
    at = 0
    member = zlib.decompressobj(wbits=31)
    try:
        while at < len(view):
            piece = view[at : at + _STEP]
            plain = member.decompress(piece)
            at += len(piece) - len(member.unused_data)
            yield plain
            if member.eof:
                if bytes(view[at : at + 2]) != _GZIP_MAGIC:  # trailing padding is not a member
                    return False
                member = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise _damaged(
            "damaged gzip stream", f"{name}, near compressed offset {at}", error
        ) from error
    return True


def _unzip(packed: bytes | mmap.mmap, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(packed))) as archive:
            names = archive.namelist()
            if len(names) == 1:
                return archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise _damaged("damaged zip archive", name, error) from error
    raise CaptureError(
        "an archive of several files",
        where=name,
        expected="one file",
        got=f"{len(names)} files",
        next_step="unpack it, and name one of them",
    )


def _damaged(what: str, where: str, error: Exception) -> CaptureError:
    return CaptureError(
        what, where=where, expected="deflate data", got=str(error), next_step="fetch the file again"
    )
