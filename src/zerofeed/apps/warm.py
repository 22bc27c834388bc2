"""``zerofeed warm``: compile every kernel into the cache on disk.

A kernel is compiled when its module is imported, unless the cache has its machine code. So this
imports every module that has kernels, in several processes, each module after those that it
imports itself: then nothing is compiled twice. Which modules have kernels, and what they import,
is read from the sources; there is no list to forget one in.

Run as a program (``python -m zerofeed.apps.warm``) this module is one of those processes: it
reads names of modules from standard input and answers each with a line of JSON.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from zerofeed.base.errors import BugError, ResourceError

__all__ = ["WarmReport", "find_kernel_modules", "serve", "warm"]

_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class WarmReport:
    """What was done.

    Attributes:
        modules: modules that have kernels.
        kernels: compiled functions in them.
        compiled: kernels that were compiled now; the others came from the cache.
        seconds: how long it took.
        jobs: processes at work.
        cache: folder of the machine code.
        slowest: modules that were compiled and the seconds that each took, slowest first.
        unkept: modules whose machine code could not be kept.
    """

    modules: int = 0
    kernels: int = 0
    compiled: int = 0
    seconds: float = 0.0
    jobs: int = 0
    cache: str = ""
    slowest: dict[str, float] = field(default_factory=dict)
    unkept: list[str] = field(default_factory=list)


def warm(*, jobs: int | None = None, is_json: bool = False) -> int:
    """Compile what is not in the cache yet, and say what was done.

    Args:
        jobs: processes that compile; default: one for each core that this one may use.
        is_json: say it as one JSON object.

    Returns:
        0.

    Raises:
        BugError: a kernel does not compile.
        ResourceError: the cache's folder cannot be written.
    """
    report = _warm(find_kernel_modules(), jobs or len(os.sched_getaffinity(0)), _Progress())
    if report.unkept:
        raise ResourceError(
            f"the machine code of {len(report.unkept)} modules cannot be kept",
            where=report.cache,
            next_step="make the folder writable, or name another one in ZEROFEED_CACHE_DIR",
        )
    if is_json:
        print(json.dumps({name: getattr(report, name) for name in WarmReport.__slots__}))
    else:
        print(
            f"{report.kernels} kernels in {report.modules} modules: {report.compiled} compiled, "
            f"{report.kernels - report.compiled} from the cache, in {report.seconds:.1f} s "
            f"({report.cache})"
        )
    return 0


def find_kernel_modules(package: Path = _PACKAGE) -> dict[str, set[str]]:
    """Find every module of a package that has kernels.

    Args:
        package: folder of the package.

    Returns:
        For each such module the other ones that it imports, directly or not.
    """
    sources = {_module_name(path, package): path for path in package.rglob("*.py")}
    imports: dict[str, set[str]] = {}
    kernels: set[str] = set()
    for name, path in sources.items():
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        imports[name] = _imports(tree, set(sources))
        if "kernel(" in text and _has_kernels(tree):
            kernels.add(name)
    return {name: _reach(name, imports) & kernels - {name} for name in sorted(kernels)}


def _module_name(path: Path, package: Path) -> str:
    parts = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _has_kernels(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "kernel"
        for node in ast.walk(tree)
    )


def _imports(tree: ast.Module, known: set[str]) -> set[str]:
    """Name what a module imports, function bodies included: at worst it waits needlessly."""
    names: set[str] = set()
    # Imports are statements, so there is no need to look inside expressions.
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(each for each in ast.iter_child_nodes(node) if isinstance(each, _STATEMENTS))
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names & known


def _reach(name: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for each in imports[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found


class _Progress:
    """What a person sees meanwhile: one line that changes, or one for each slow module."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()

    def show(self, done: int, modules: int, busy: Iterable[str]) -> None:
        if self._is_terminal:
            names = ", ".join(name.removeprefix("zerofeed.") for name in busy)
            line = f"[{done}/{modules}] {names}"
            sys.stderr.write(f"\r\x1b[K{line[:79]}")
            sys.stderr.flush()

    def compiled(self, name: str, seconds: float) -> None:
        if not self._is_terminal:
            print(f"compiled {name} in {seconds:.1f} s", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _warm(waits_for: dict[str, set[str]], jobs: int, progress: _Progress) -> WarmReport:
    started = time.monotonic()
    report = WarmReport(modules=len(waits_for), jobs=max(1, min(jobs, len(waits_for))))
    todo = dict(waits_for)
    done: set[str] = set()
    try:
        with _Crew(report.jobs) as crew:
            while len(done) < len(waits_for):
                for name in _ready(todo, done, len(crew.idle)):
                    del todo[name]
                    crew.give(name)
                progress.show(len(done), len(waits_for), crew.busy.values())
                for answer in crew.answers():
                    done.add(answer["module"])
                    _note(report, answer, progress)
    finally:
        progress.end()
    report.slowest = dict(sorted(report.slowest.items(), key=lambda item: -item[1]))
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _ready(todo: dict[str, set[str]], done: set[str], places: int) -> list[str]:
    """Choose the next modules; first those that most others wait for."""
    ready = [name for name, needs in todo.items() if needs <= done]
    ready.sort(key=lambda name: -sum(name in needs for needs in todo.values()))
    return ready[:places]


def _note(report: WarmReport, answer: dict[str, Any], progress: _Progress) -> None:
    name = answer["module"]
    if "error" in answer:
        raise BugError("a kernel does not compile", where=name, got=answer["error"])
    report.kernels += answer["kernels"]
    report.compiled += answer["compiled"]
    report.cache = answer["cache"]
    if answer["compiled"]:
        report.slowest[name] = answer["seconds"]
        progress.compiled(name, answer["seconds"])
    if not answer["is_kept"]:
        report.unkept.append(name)


class _Crew:
    """Processes that import what they are told. All are gone when the block ends."""

    def __init__(self, size: int) -> None:
        self._members = [
            subprocess.Popen(
                [sys.executable, "-m", "zerofeed.apps.warm"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(size)
        ]
        self.idle = list(self._members)
        self.busy: dict[subprocess.Popen[str], str] = {}

    def give(self, name: str) -> None:
        """Let an idle process import a module."""
        member = self.idle.pop()
        self.busy[member] = name
        _end_of(member.stdin).write(f"{name}\n")
        _end_of(member.stdin).flush()

    def answers(self) -> list[dict[str, Any]]:
        """Wait until at least one process has answered."""
        by_fd = {_end_of(member.stdout).fileno(): member for member in self.busy}
        readable, _, _ = select.select(list(by_fd), [], [])
        return [self._answer(by_fd[fd]) for fd in readable]

    def _answer(self, member: subprocess.Popen[str]) -> dict[str, Any]:
        line = _end_of(member.stdout).readline()
        name = self.busy.pop(member)
        if not line:
            return {"module": name, "error": f"the compiling process ended ({member.wait()})"}
        self.idle.append(member)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for member in self._members:
            member.kill()
            _end_of(member.stdin).close()
            _end_of(member.stdout).close()
        for member in self._members:
            member.wait()


def _end_of(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def serve(names: Iterable[str], answer: Callable[[dict[str, Any]], None]) -> None:
    """Import modules one after the other and say what that took. The worker's side.

    Args:
        names: of modules.
        answer: called with one JSON-like object for each.
    """
    from zerofeed.base.kernel import JIT, cache_directory  # noqa: PLC0415 - the parent needs no numba

    for name in names:
        started = time.monotonic()
        try:
            module = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - it is told to the parent
            answer({"module": name, "error": f"{type(error).__name__}: {error}"})
            continue
        seconds = time.monotonic() - started
        own = [each for each in vars(module).values() if getattr(each, "__module__", "") == name]
        # Helpers that are compiled into their callers have no place on disk.
        stats = [each.stats for each in own if hasattr(each, "stats")]
        stats = [each for each in stats if each.cache_path is not None]
        compiled = sum(len(each.cache_misses) for each in stats)
        found = sum(len(each.cache_hits) for each in stats)
        folder = cache_directory(name)
        answer(
            {
                "module": name,
                "kernels": compiled + found,
                "compiled": compiled,
                "seconds": round(seconds, 3),
                "cache": str(folder.parent),
                "is_kept": not JIT or any(folder.rglob("*.nbc")),
            }
        )


def _print_line(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    serve((line.strip() for line in sys.stdin), _print_line)
