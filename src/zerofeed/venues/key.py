"""How a venue wants a user's key. Keys themselves are never here: they are read where they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["KeyUse"]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What a key has, and what becomes of it.

    Attributes:
        parts: names of its parts, the first is the key itself.
        headers: makes the headers of a handshake, of the parts by name and the Unix time in seconds.
        about: what sort of key it is, for people.
    """

    parts: tuple[str, ...]
    headers: Callable[[Mapping[str, str], float], dict[str, str]]
    about: str
