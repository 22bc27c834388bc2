"""Kinds of record and sorts of instrument that a program adds, without a change of zerofeed.

Numbers from :data:`OWN_KIND` and :data:`OWN_INSTRUMENT` on are never taken by zerofeed itself. A feed tells
its own to whoever attaches, so ``zerofeed tail``, filters and :func:`zerofeed.of_kind` know them as they know
a trade::

    ODDS = define_kind(48, "odds", {"yes_price": PRICE, "no_price": PRICE, "settles_ns": TIME})
    EVENT = define_instrument_type(128, "event")

Definitions hold for the whole process. The same one twice is one; another under a number or a name that is
taken is an error.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from zerofeed.base.errors import ConfigurationError
from zerofeed.records.dtypes import BODY, HEAD, KIND_DTYPES, kind_dtype
from zerofeed.records.fields import UNIT_NAMES, UNITS
from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.records.kinds import KIND_NAMES

__all__ = [
    "LAST_OWN_INSTRUMENT",
    "LAST_OWN_KIND",
    "OWN_INSTRUMENT",
    "OWN_KIND",
    "OwnDefinitions",
    "adopt",
    "define_instrument_type",
    "define_kind",
    "own_definitions",
]

OWN_KIND = 48
"""First number of a program's own kinds of record."""
LAST_OWN_KIND = 61
"""Last of them: readers choose kinds by the bits of one word."""
OWN_INSTRUMENT = 128
"""First number of a program's own sorts of instrument."""
LAST_OWN_INSTRUMENT = 255
"""Last of them."""

_MOST_FIELDS = 4
_HEAD_NAMES = {name for name, _, _ in HEAD}
_RENAME = "choose another name for it"


class OwnDefinitions(msgspec.Struct, frozen=True):
    """What a process has defined, as a feed tells it to those who attach.

    Attributes:
        kinds: name, and the unit of each field by its name, by number.
        instrument_types: name by number.
    """

    kinds: dict[int, tuple[str, dict[str, str]]] = {}
    instrument_types: dict[int, str] = {}


def define_kind(code: int, name: str, body: Mapping[str, str]) -> int:
    """Define a kind of record.

    Args:
        code: its number, :data:`OWN_KIND` to :data:`LAST_OWN_KIND`.
        name: as filters spell it, an identifier in lower case.
        body: one to four fields, each an int64, with their units
            (:mod:`zerofeed.records.fields`: PRICE, SIZE, RATE, TIME, ROW or NUMBER).

    Returns:
        The number.

    Raises:
        ConfigurationError: number, name, field or unit is impossible, or means something else already.
    """
    where = f"kind {name!r}"
    _check_number(code, OWN_KIND, LAST_OWN_KIND, where)
    _check_name(name, where)
    if not 1 <= len(body) <= _MOST_FIELDS:
        raise ConfigurationError(
            "a record has room for four fields", where=where, expected="1 to 4", got=len(body)
        )
    for field, unit in body.items():
        _check_name(field, where)
        if field in _HEAD_NAMES:
            raise ConfigurationError(f"every record has a {field}", where=where, next_step=_RENAME)
        if unit not in UNIT_NAMES:
            raise ConfigurationError(
                f"no such unit for {field}", where=where, expected=" or ".join(UNIT_NAMES), got=unit
            )
        if UNITS.get(field, unit) != unit:
            raise ConfigurationError(
                f"the field {field} has another unit elsewhere",
                where=where,
                expected=UNITS[field],
                got=unit,
                next_step=_RENAME,
            )
    _check_free(KIND_NAMES, code, name, where)
    if BODY.get(code, tuple(body)) != tuple(body):
        raise ConfigurationError(
            "it is defined already, with other fields",
            where=where,
            expected=", ".join(BODY[code]),
            got=", ".join(body),
        )
    KIND_NAMES[code] = name
    BODY[code] = tuple(body)
    KIND_DTYPES[code] = kind_dtype(tuple(body))
    UNITS.update(body)
    return code


def define_instrument_type(code: int, name: str) -> int:
    """Define a sort of instrument.

    Args:
        code: its number, :data:`OWN_INSTRUMENT` to :data:`LAST_OWN_INSTRUMENT`.
        name: for people and for ``feed.instruments``, an identifier in lower case.

    Returns:
        The number.

    Raises:
        ConfigurationError: number or name is impossible, or means something else already.
    """
    where = f"instrument type {name!r}"
    _check_number(code, OWN_INSTRUMENT, LAST_OWN_INSTRUMENT, where)
    _check_name(name, where)
    _check_free(INSTRUMENT_TYPES, code, name, where)
    INSTRUMENT_TYPES[code] = name
    return code


def own_definitions() -> OwnDefinitions:
    """Give everything that this process has defined."""
    return OwnDefinitions(
        kinds={
            code: (name, {field: UNITS[field] for field in BODY[code]})
            for code, name in KIND_NAMES.items()
            if code >= OWN_KIND
        },
        instrument_types={
            code: name for code, name in INSTRUMENT_TYPES.items() if code >= OWN_INSTRUMENT
        },
    )


def adopt(definitions: OwnDefinitions) -> None:
    """Define what another process has defined.

    Raises:
        ConfigurationError: something of it means something else here.
    """
    for code, (name, body) in definitions.kinds.items():
        define_kind(code, name, body)
    for code, name in definitions.instrument_types.items():
        define_instrument_type(code, name)


def _check_number(code: int, first: int, last: int, where: str) -> None:
    if not first <= code <= last:
        raise ConfigurationError(
            "not one of the numbers for definitions of one's own",
            where=where,
            expected=f"{first} to {last}",
            got=code,
        )


def _check_name(name: str, where: str) -> None:
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        raise ConfigurationError(
            "not a name", where=where, expected="an identifier in lower case", got=repr(name)
        )


def _check_free(names: Mapping[int, str], code: int, name: str, where: str) -> None:
    known = names.get(code)
    if known is not None and known != name:
        raise ConfigurationError(
            f"the number {code} is taken",
            where=where,
            got=f"{known!r} and {name!r}",
            next_step="choose another number",
        )
    other = next((number for number, each in names.items() if each == name), code)
    if other != code:
        raise ConfigurationError(
            "the name is taken",
            where=where,
            got=f"the numbers {other} and {code}",
            next_step="choose another name",
        )
