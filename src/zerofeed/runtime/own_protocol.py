"""A protocol of one's own: a dialect in a user's file or module, in the place of a protocol's name.

``protocol = "my_venue.py:ODDS"`` takes ``ODDS`` of a file, ``protocol = "my_package.venues:ODDS"`` of a
module that can be imported. It is a :class:`~zerofeed.venues.dialects.NamedDialect`, a literal that the kernel of
all JSON venues reads; nothing is compiled for it.

The file is Python and runs with the rights of whoever starts the feed, before the first packet.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from zerofeed.base.errors import ConfigurationError, ZerofeedError
from zerofeed.runtime.json_venues import json_protocol
from zerofeed.runtime.protocol import Protocol
from zerofeed.venues.dialects import NamedDialect

__all__ = ["is_own", "load_protocol"]


def is_own(name: str) -> bool:
    """Say whether a protocol's name is a place to load it from."""
    return ":" in name


def load_protocol(place: str) -> Protocol:
    """Load a dialect.

    Args:
        place: ``FILE.py:NAME`` or ``MODULE:NAME``.

    Raises:
        ConfigurationError: there is no such file, module or name, it fails, or it is no dialect.
    """
    source, _, name = place.rpartition(":")
    where = f"protocol {place}"
    if not source or not name:
        raise ConfigurationError(
            "no place of a dialect", where=where, expected="FILE.py:NAME or MODULE:NAME"
        )
    module = _file(source, where) if source.endswith(".py") else _module(source, where)
    found = getattr(module, name, None)
    if not isinstance(found, NamedDialect):
        named = [each for each, it in vars(module).items() if isinstance(it, NamedDialect)]
        raise ConfigurationError(
            f"{name} is no dialect" if hasattr(module, name) else f"there is no {name}",
            where=where,
            expected=" or ".join(named) or "a zerofeed.venues.dialects.NamedDialect",
            got=None if found is None else type(found).__name__,
        )
    return json_protocol(place, found.summary, found.dialect, found.book_rules)


def _module(source: str, where: str) -> ModuleType:
    try:
        is_there = importlib.util.find_spec(source) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise ConfigurationError(
            f"there is no module {source}",
            where=where,
            next_step="install it, set PYTHONPATH, or name its file: FILE.py:NAME",
        )
    try:
        return importlib.import_module(source)
    except Exception as error:
        raise _failure(error, where) from error


def _file(source: str, where: str) -> ModuleType:
    path = Path(source).resolve()
    if not path.is_file():
        raise ConfigurationError("there is no such file", where=where, got=str(path))
    # One that is loaded already would define everything a second time.
    key = f"_zerofeed_own.{path}"
    loaded = sys.modules.get(key)
    if loaded is not None:
        return loaded
    spec = importlib.util.spec_from_file_location(key, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError("not a Python file", where=where, got=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[key]
        raise _failure(error, where) from error
    return module


def _failure(error: Exception, where: str) -> ConfigurationError:
    """Say what the user's code raised, and in which line."""
    said = str(error) if isinstance(error, ZerofeedError) else f"{type(error).__name__}: {error}"
    trace = error.__traceback__
    line = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and file != __file__:
            line = f" (line {trace.tb_lineno} of {file})"
            break
        trace = trace.tb_next
    return ConfigurationError(f"it cannot be loaded{line}", where=where, got=said)
