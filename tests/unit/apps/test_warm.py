import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.unit.apps.commands import call, error_of
from zerofeed.apps import warm as module
from zerofeed.base.errors import BugError

__all__: list[str] = []


def test_every_module_with_a_kernel_is_found() -> None:
    found = module.find_kernel_modules()
    sources = Path(module.__file__).parents[1]
    written = {
        ".".join(path.relative_to(sources.parent).with_suffix("").parts)
        for path in sources.rglob("*.py")
        if re.search(r"^(@|\w+ = )kernel\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    } - {"zerofeed.base.kernel"}
    assert written == set(found)
    assert "zerofeed.runtime._deribit_kernels" in found


def test_a_module_waits_for_those_it_imports() -> None:
    found = module.find_kernel_modules()
    assert "zerofeed.shm._ring_kernels" in found["zerofeed.runtime._burst_kernels"]
    assert all(needs <= set(found) and name not in needs for name, needs in found.items())


def test_imports_are_followed_through_packages_and_functions(tmp_path: Path) -> None:
    package = tmp_path / "made"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner" / "__init__.py").write_text("from made.inner import deep\n")
    (package / "inner" / "deep.py").write_text("@kernel(int64())\ndef f(): pass\n")
    (package / "plain.py").write_text("def late():\n    import made.inner\n")
    (package / "top.py").write_text("import made.plain\n@kernel(int64())\ndef g(): pass\n")
    assert module.find_kernel_modules(package) == {
        "made.inner.deep": set(),
        "made.top": {"made.inner.deep"},
    }


def test_modules_are_given_out_after_their_needs_and_wanted_ones_first() -> None:
    todo = {"a": set(), "b": {"a"}, "c": set(), "d": {"c"}, "e": {"c"}}
    assert module._ready(todo, set(), 5) == ["c", "a"]
    assert module._ready(todo, set(), 1) == ["c"]
    assert module._ready({"b": {"a"}, "d": {"c"}}, {"a"}, 5) == ["b"]


@pytest.fixture
def made_module(monkeypatch) -> ModuleType:
    made = ModuleType("made_kernels")
    kept = {"cache_path": "/somewhere"}
    for name, misses, hits, stats in (
        ("compiled", 2, 0, kept),
        ("loaded", 0, 1, kept),
        ("inlined", 7, 0, {"cache_path": None}),
    ):
        own = SimpleNamespace(cache_misses=range(misses), cache_hits=range(hits), **stats)
        setattr(made, name, SimpleNamespace(__module__="made_kernels", stats=own))
    made.foreign = SimpleNamespace(__module__="another", stats=None)
    monkeypatch.setitem(sys.modules, "made_kernels", made)
    return made


def test_a_worker_counts_what_was_compiled_and_what_was_found(made_module) -> None:
    answers: list[dict] = []
    module.serve(["made_kernels", "made_up"], answers.append)
    assert (answers[0]["kernels"], answers[0]["compiled"]) == (3, 2)
    assert answers[1]["module"] == "made_up"
    assert "ModuleNotFoundError" in answers[1]["error"]


def test_a_kernel_that_does_not_compile_is_a_bug() -> None:
    with pytest.raises(BugError, match=r"x: a kernel does not compile; got TypingError"):
        module._note(
            module.WarmReport(), {"module": "x", "error": "TypingError"}, module._Progress()
        )


@pytest.mark.slow
@pytest.mark.compiled
def test_warm_fills_an_empty_cache_and_finds_it_full_afterwards(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ZEROFEED_CACHE_DIR", str(tmp_path))
    small = {"zerofeed.records._digest_kernels": set()}
    monkeypatch.setattr(module, "find_kernel_modules", lambda: small)
    first = json.loads(call("warm", "--json", "--jobs", 1).stdout)
    again = json.loads(call("warm", "--json", "--jobs", 1).stdout)
    assert first["modules"] == again["modules"] == first["jobs"] == 1
    assert first["compiled"] == first["kernels"] == again["kernels"] > 0
    assert (again["compiled"], again["slowest"]) == (0, {})
    assert list(first["slowest"]) == list(small)
    said = call("warm").stdout
    assert f"{again['kernels']} kernels in 1 modules: 0 compiled" in said


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.skipif(os.getuid() == 0, reason="root writes anywhere")
def test_a_cache_that_cannot_be_written_is_an_error(monkeypatch, tmp_path) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("ZEROFEED_CACHE_DIR", str(tmp_path / "none"))
    small = {"zerofeed.records._digest_kernels": set()}
    monkeypatch.setattr(module, "find_kernel_modules", lambda: small)
    result = call("warm")
    assert result.exit_code == 3
    assert "ZEROFEED_CACHE_DIR" in error_of(result)
