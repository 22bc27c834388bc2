"""The public surface: every module says what it exports, `zerofeed` exports nothing undocumented.

That `__all__` is sorted is ruff's to check (RUF022).
"""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

__all__: list[str] = []

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "src"
REFERENCE = REPOSITORY / "docs" / "reference"

MODULES = sorted(
    ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCES / "zerofeed").rglob("*.py")
    if path.name != "__main__.py"
)

# Only the command line stands above the package itself and may import from it as users do.
INSIDE = [name for name in MODULES if not f"{name}.".startswith("zerofeed.apps.")]


def source_of(name: str) -> Path:
    """Find the file of a module or package."""
    stem = SOURCES.joinpath(*name.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def tree_of(name: str) -> ast.Module:
    """Parse a module without importing it."""
    return ast.parse(source_of(name).read_text(encoding="utf-8"))


def load(name: str) -> ModuleType:
    """Import a module; one that needs an extra which is not installed is skipped, saying which."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("zerofeed"):
            raise
        pytest.skip(f"{name} needs {error.name}, which is not installed")


def declared_exports(tree: ast.Module) -> list[str] | None:
    """Return the literal that a module assigns to `__all__`, or None where it assigns none."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return list(ast.literal_eval(value))
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value):
                return list(ast.literal_eval(value))
    return None


def public_definitions(tree: ast.Module) -> set[str]:
    """Collect the public functions and classes that a module defines at its top level."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name
        for node in tree.body
        if isinstance(node, definitions) and not node.name.startswith("_")
    }


@pytest.mark.parametrize("name", MODULES)
def test_module_declares_its_exports_without_repeats(name: str) -> None:
    exports = declared_exports(tree_of(name))
    assert exports is not None, f"{name} has no __all__"
    assert len(exports) == len(set(exports)), f"{name}.__all__ repeats a name"


@pytest.mark.parametrize("name", MODULES)
def test_module_exports_only_names_that_it_has(name: str) -> None:
    module = load(name)
    missing = [export for export in module.__all__ if not hasattr(module, export)]
    assert not missing, f"{name}.__all__ names what the module lacks: {missing}"


@pytest.mark.parametrize("name", [m for m in MODULES if not m.rpartition(".")[2].startswith("_")])
def test_public_definition_is_exported(name: str) -> None:
    tree = tree_of(name)
    forgotten = public_definitions(tree) - set(declared_exports(tree) or [])
    assert not forgotten, f"{name} defines public names outside __all__: {sorted(forgotten)}"


@pytest.mark.parametrize("name", MODULES)
def test_module_opens_with_its_docstring(name: str) -> None:
    assert ast.get_docstring(tree_of(name)), f"{name} does not say what it is"


@pytest.mark.parametrize("name", INSIDE)
def test_module_does_not_import_the_package_that_contains_everything(name: str) -> None:
    """`from zerofeed import x` would slip past the layers: import-linter sees no names."""
    around = [
        node.lineno
        for node in ast.walk(tree_of(name))
        if (isinstance(node, ast.ImportFrom) and node.module == "zerofeed" and node.level == 0)
        or (isinstance(node, ast.Import) and any(alias.name == "zerofeed" for alias in node.names))
    ]
    assert not around, f"{name} imports from the package itself in lines {around}; name the module"


def test_every_public_name_of_the_package_has_a_docstring_or_is_a_constant() -> None:
    package = load("zerofeed")
    undocumented = [
        export
        for export in package.__all__
        if (callable(getattr(package, export)) or inspect.ismodule(getattr(package, export)))
        and not inspect.getdoc(getattr(package, export))
    ]
    assert not undocumented


def test_every_public_name_of_the_package_is_in_the_reference() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in sorted(REFERENCE.rglob("*.md")))
    absent = [
        export
        for export in load("zerofeed").__all__
        if not export.startswith("__") and f"`{export}`" not in pages
    ]
    assert not absent, f"docs/reference/ does not mention {absent}"
