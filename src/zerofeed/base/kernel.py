"""Compiled kernels: how a Python function of zerofeed becomes machine code.

Two decorators, and nothing else in the project calls Numba's:

``@kernel(signature)``
    an entry point that ordinary Python calls. It is compiled for exactly that signature when
    its module is imported, runs without the interpreter lock, and its machine code is kept on
    disk so that the next process starts warm. Array reference counts are off (``_nrt=False``):
    counting on every nested call costs more than the work, and without them a kernel that
    would allocate does not compile. A negative index does not count from the end.

``@inlined``
    a helper that only kernels call. It has no signature and no machine code of its own; LLVM
    inlines it into its callers where it finds that worth while, ``@always_inlined`` everywhere.

**The disk cache and why it has our own key.** Numba notices a change in the file that
defines a function, not in the files whose functions were inlined into it, and would then run
stale code. The cache folder of a module is therefore named by a digest of that module's
source together with every zerofeed module that it imports, directly or not, and the data
files beside them. Editing a record layout recompiles what reads records, and nothing else.

Environment, read once at import:

=========================  =====================================================================
``ZEROFEED_BOUNDS_CHECK``  ``1``: every array access in every kernel is checked, and raises
``ZEROFEED_CACHE_DIR``     where machine code is kept (default ``$XDG_CACHE_HOME/zerofeed``)
``NUMBA_DISABLE_JIT``      ``1``: kernels run as plain Python (the slow twin used by tests)
=========================  =====================================================================
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import mmap
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import types
from numba.np import arrayobj

__all__ = [
    "BOUNDS_CHECK",
    "F64",
    "F64_RO",
    "I64",
    "I64_2D",
    "I64_RO",
    "JIT",
    "U8",
    "U8_RO",
    "always_inlined",
    "array_of",
    "cache_directory",
    "float64",
    "handler_of",
    "inlined",
    "int64",
    "kernel",
    "record_array",
]

JIT: bool = not numba.config.DISABLE_JIT
"""False when ``NUMBA_DISABLE_JIT=1`` asks for the plain Python twin of every kernel."""

BOUNDS_CHECK: bool = os.environ.get("ZEROFEED_BOUNDS_CHECK", "0") not in {"", "0"}
"""True when every array access inside kernels is checked."""

int64 = types.int64
float64 = types.float64


def array_of(item: Any, dimensions: int = 1, *, readonly: bool = False) -> Any:
    """Name the Numba type of a C-contiguous array.

    Args:
        item: Numba scalar or record type of one element.
        dimensions: number of axes.
        readonly: True accepts read-only and writable arrays alike, and the kernel may not
            store into it.

    Returns:
        The Numba array type.
    """
    return types.Array(item, dimensions, "C", readonly=readonly)


def record_array(dtype: Any, *, readonly: bool = False) -> Any:
    """Name the Numba type of a one-dimensional array of a NumPy structured dtype."""
    return array_of(numba.from_dtype(dtype), readonly=readonly)


U8 = array_of(types.uint8)
U8_RO = array_of(types.uint8, readonly=True)
I64 = array_of(types.int64)
I64_RO = array_of(types.int64, readonly=True)
I64_2D = array_of(types.int64, 2)
F64 = array_of(types.float64)
F64_RO = array_of(types.float64, readonly=True)

_Function = TypeVar("_Function", bound=Callable[..., Any])

_PACKAGE_ROOT = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(
    r"^[ \t]*(?:from\s+(zerofeed[\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+(zerofeed[\w.]*))",
    re.MULTILINE,
)


def kernel(signature: Any) -> Callable[[_Function], _Function]:
    """Compile a function for one signature, now, from the disk cache when it is there.

    Args:
        signature: a Numba signature, or a list of them for the rare kernel with two.

    Returns:
        A decorator; what it returns is called like the function it was given.
    """

    def compile_now(function: _Function) -> _Function:
        previous = numba.config.CACHE_DIR
        folder = cache_directory(function.__module__)
        numba.config.CACHE_DIR = str(folder)
        try:
            with _indices_as_they_are():
                compiled: _Function = numba.njit(
                    signature,
                    cache=JIT
                    and Path(function.__code__.co_filename).is_file()
                    and _is_usable(folder),
                    nogil=True,
                    _nrt=False,
                    error_model="numpy",
                    boundscheck=BOUNDS_CHECK,
                )(function)
        finally:
            numba.config.CACHE_DIR = previous
        return compiled

    return compile_now


@contextlib.contextmanager
def _indices_as_they_are() -> Iterator[None]:
    """Compile kernels in which an index is where an item is, and never counts from the end.

    Python counts a negative index from the end, so compiled code would ask of every index whether it
    is negative, at every access. No kernel means that; one that did it by mistake would read
    an item that is there and wrong. With checked indices a negative one raises like any other.
    """
    fix = getattr(arrayobj, "fix_integer_index", None)
    if fix is None:
        yield
        return

    def leave(context: Any, builder: Any, index_type: Any, index: Any, size: Any) -> Any:  # noqa: ARG001
        return context.cast(builder, index, index_type, types.intp)

    arrayobj.fix_integer_index = leave
    try:
        yield
    finally:
        arrayobj.fix_integer_index = fix


def inlined(function: _Function) -> _Function:
    """Make a function callable from kernels, which inline it.

    It is compiled once for each combination of argument types; a literal argument does not
    make another one, or a deep tree of helpers would be compiled many times over.
    """
    return _helper(function, is_forced=False)


def always_inlined(function: _Function) -> _Function:
    """Make a function that every caller's machine code contains, however large it is.

    For what runs once or more for each message: a real call passes every array as seven
    words on the stack, which costs as much as the work. Not for everything, because each copy
    is optimised again.
    """
    return _helper(function, is_forced=True)


def _helper(function: _Function, *, is_forced: bool) -> _Function:
    compiled: Any = numba.njit(
        nogil=True,
        _nrt=False,
        forceinline=is_forced,
        error_model="numpy",
        boundscheck=BOUNDS_CHECK,
    )(function)
    if JIT:
        resolve = compiled.get_call_template

        def resolve_plain(args: Any, kws: Any) -> Any:
            plain = {name: types.unliteral(kind) for name, kind in kws.items()}
            return resolve(tuple(types.unliteral(kind) for kind in args), plain)

        compiled.get_call_template = resolve_plain
    inlinable: _Function = compiled
    return inlinable


def handler_of(function: _Function, *, is_counting: bool = False) -> _Function:
    """Compile a user's function, or a loop around one, on its first use.

    It is called from Python like the function, is not kept on disk, and its callers' machine
    code contains it.

    Args:
        function: what to compile.
        is_counting: count references to arrays. A function that allocates does not compile
            without; one that does not runs faster, since counting goes on for every call.
    """
    compiled: _Function = numba.njit(
        nogil=True,
        forceinline=True,
        _nrt=is_counting,
        error_model="numpy",
        boundscheck=BOUNDS_CHECK,
    )(function)
    return compiled


def cache_directory(module: str) -> Path:
    """Name the folder that holds the machine code of one module.

    Args:
        module: dotted name of an imported module.

    Returns:
        A folder whose name changes whenever the module, or anything of zerofeed that it
        imports, changes. It need not exist yet.
    """
    flavour = "checked" if BOUNDS_CHECK else "plain"
    return _cache_root() / f"{module}-{_digest(module)}-{flavour}"


@functools.cache
def _is_usable(folder: Path) -> bool:
    """Make a cache folder; False where that cannot be, for a user without a home for instance.

    Numba would then look for another place by itself, beside the sources, where its key is its
    own again and stale code would run. Compiling anew at each start is slow and right.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _cache_root() -> Path:
    chosen = os.environ.get("ZEROFEED_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "zerofeed"


@functools.cache
def _digest(module: str) -> str:
    hasher = hashlib.blake2b(digest_size=8)
    # The page size is a constant inside kernels: a cache may be carried to a kernel with another.
    versions = f"{sys.implementation.cache_tag} {numba.__version__} {mmap.PAGESIZE}"
    hasher.update(versions.encode())
    for path in sorted(_closure(module)):
        hasher.update(path.name.encode())
        hasher.update(path.read_bytes())
    return hasher.hexdigest()


def _closure(module: str) -> set[Path]:
    """Find the files a module's machine code may depend on: its zerofeed imports, all the way down."""
    found: set[Path] = set()
    waiting = [_source_of(module)]
    while waiting:
        path = waiting.pop()
        if path is None or path in found:
            continue
        found.add(path)
        found.update(p for p in path.parent.glob("*.xml"))
        for match in _IMPORT.finditer(path.read_text(encoding="utf-8")):
            base = match.group(1) or match.group(3)
            waiting.append(_source_of(base))
            names = re.findall(r"\w+", match.group(2) or "")
            waiting.extend(_source_of(f"{base}.{name}") for name in names)
    return found


def _source_of(module: str) -> Path | None:
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if not module.startswith("zerofeed"):
        return Path(file) if file is not None and Path(file).is_file() else None
    stem = _PACKAGE_ROOT.joinpath(*module.split(".")[1:])
    for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None
