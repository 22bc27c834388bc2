"""Builds the C programs of c/ with this machine's compiler, once for each state of a source."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["FLAGS", "build", "missing_compiler"]

FLAGS = ("-O3", "-march=native", "-std=gnu11", "-Wall", "-Wextra")

_FOLDER = Path(__file__).resolve().parent / "c"


def missing_compiler() -> str | None:
    """Say that there is no compiler, or None."""
    return None if shutil.which("gcc") else "gcc is not installed"


@functools.cache
def build(name: str) -> Path:
    """Build a program.

    Args:
        name: of its source in c/, without ".c".

    Returns:
        The program.
    """
    sources = [_FOLDER / f"{name}.c", *sorted(_FOLDER.glob("*.h"))]
    text = b"".join(source.read_bytes() for source in sources)
    digest = hashlib.blake2b(text + " ".join(FLAGS).encode(), digest_size=8)
    folder = Path(tempfile.gettempdir()) / "zerofeed-benchmarks"
    folder.mkdir(exist_ok=True)
    binary = folder / f"{name}-{digest.hexdigest()}"
    if not binary.exists():
        fresh = binary.with_suffix(".new")
        subprocess.run(["gcc", *FLAGS, "-o", str(fresh), str(sources[0])], check=True)
        fresh.rename(binary)
    return binary
