"""Who can take part: the files of a package, each of which holds one entrant."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar, cast

__all__ = ["Entrant", "Roster"]


class Entrant(Protocol):
    """What can be measured."""

    @property
    def measures(self) -> tuple[str, ...]:
        """Name what it takes part in."""
        ...

    def missing(self) -> str | None:
        """Say what is not there, or None."""
        ...


E = TypeVar("E", bound=Entrant)


class Roster(Generic[E]):
    """The entrants of a package, by the names of their files.

    Args:
        package: its name.
        path: its folders.
        constant: what each file calls its entrant.
    """

    def __init__(self, package: str, path: Iterable[str], constant: str) -> None:
        self._package = package
        self._path = path
        self._constant = constant

    def every(self) -> dict[str, E]:
        """Load all; files whose own imports are missing are left out."""
        names = [module.name for module in pkgutil.iter_modules(self._path)]
        found = {name: self.find(name) for name in names if not name.startswith("_")}
        return {name: entrant for name, entrant in found.items() if entrant is not None}

    def find(self, name: str) -> E | None:
        """Load one; None when what it measures is not installed."""
        try:
            module = importlib.import_module(f"{self._package}.{name}")
        except ModuleNotFoundError as error:
            wanted = error.name or ""
            if (
                wanted.split(".")[0] in {"benchmarks", "zerofeed"}
                and wanted != f"{self._package}.{name}"
            ):
                raise
            return None
        return cast("E", getattr(module, self._constant))

    def load(self, name: str) -> E:
        """Load one that must be there.

        Raises:
            SystemExit: what it measures is not installed.
        """
        entrant = self.find(name)
        if entrant is None:
            raise SystemExit(f"{name}: not installed")
        return entrant

    def taking_part(self, measure: str, only: list[str] | None) -> list[str]:
        """Name who takes part in a measure here; whoever cannot is named on standard output.

        Args:
            measure: what is measured.
            only: these alone; None: all.

        Raises:
            SystemExit: ``only`` has a name that nobody has.
        """
        found = self.every()
        if only and (unknown := set(only) - set(found)):
            raise SystemExit(f"not to be found here: {', '.join(sorted(unknown))}; see --list")
        names = []
        for name, entrant in found.items():
            if measure not in entrant.measures or (only and name not in only):
                continue
            if why := entrant.missing():
                print(f"{measure:10} without {name}: {why}", flush=True)
                continue
            names.append(name)
        return names
