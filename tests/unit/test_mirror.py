"""Every module has its test file, and every unit test file its module.

`src/zerofeed/x/y.py` is tested in `tests/unit/x/test_y.py`. A folder listing is then enough to see
what is tested where. What departs from the rule is named here, with its reason.
"""

import ast
from pathlib import Path

import pytest

__all__: list[str] = []

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "src" / "zerofeed"
UNIT_TESTS = REPOSITORY / "tests" / "unit"

# Module -> why it has no test file of its own, and where it is tested instead.
UNTESTED_BY_NAME: dict[str, str] = {}

# Test file -> what it is about, as it is about no single module.
ABOUT_NO_MODULE: dict[str, str] = {
    "test_docs.py": "the reference pages",
    "test_exports.py": "the public names of all modules",
    "test_mirror.py": "this rule",
}


def has_code(module: Path) -> bool:
    """Say whether a module defines a function or class; constants are tested by their users."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, definitions) for node in ast.walk(tree))


def mirror_of(module: str) -> str:
    """Name the test file of a module, both relative to their roots."""
    path = Path(module)
    return str(path.with_name(f"test_{path.name}"))


def kernels_tested_through(module: str) -> str | None:
    """Name the public twin `x.py` of `_x_kernels.py`, whose test file may cover both.

    A plain `_kernels.py` serves its whole package, so it has no twin and needs its own tests.
    """
    path = Path(module)
    if not path.name.endswith("_kernels.py"):
        return None
    twin = path.name.removeprefix("_").removesuffix("kernels.py").removesuffix("_")
    return str(path.with_name(f"{twin}.py")) if twin else None


MODULES = sorted(
    str(path.relative_to(SOURCES))
    for path in SOURCES.rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"} and has_code(path)
)
TEST_FILES = sorted(str(path.relative_to(UNIT_TESTS)) for path in UNIT_TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("module", [m for m in MODULES if m not in UNTESTED_BY_NAME])
def test_module_has_a_test_file_of_its_name(module: str) -> None:
    allowed = [mirror_of(module)]
    twin = kernels_tested_through(module)
    if twin is not None:
        allowed.append(mirror_of(twin))
    assert any((UNIT_TESTS / name).is_file() for name in allowed), (
        f"src/zerofeed/{module} has no test file; write tests/unit/{allowed[0]}"
    )


@pytest.mark.parametrize("test_file", [t for t in TEST_FILES if t not in ABOUT_NO_MODULE])
def test_test_file_has_a_module_of_its_name(test_file: str) -> None:
    path = Path(test_file)
    module = path.with_name(path.name.removeprefix("test_"))
    assert (SOURCES / module).is_file(), f"tests/unit/{test_file} mirrors no src/zerofeed/{module}"


def test_every_exception_is_still_needed() -> None:
    for module in UNTESTED_BY_NAME:
        assert (SOURCES / module).is_file(), f"{module} is gone; remove its exception"
        assert not (UNIT_TESTS / mirror_of(module)).is_file(), f"{module} has a test file by now"
