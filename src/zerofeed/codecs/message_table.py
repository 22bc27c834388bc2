"""Formats whose messages are a type and fields at fixed places: one table, and what follows from it.

A venue's format is written down once, as a :class:`MessageTable`: each message's fields in the order of
the wire, with their width and unit. From it come

* typed views: a message seen in place, as one element of a structured array over the packet's bytes;
* the encoder: bytes from ordinary values, for tests, simulated venues and tools;
* the constants' test: kernels name offsets as numbers, and are compared with this table.

The kernels that turn messages into records do not use it. Numbers are shown as they are on the wire,
scaled integers; their unit says what one of them is.

A message grows at its end when a venue adds to it. A view therefore has the fields that end within the
message as it was received, and bytes behind the last known field are passed over. ``least_bytes`` is what
the oldest version that is still understood has.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, SchemaError

__all__ = ["Buffer", "Field", "Message", "MessageTable", "MessageView", "as_bytes"]

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]
"""What a packet may lie in."""


def as_bytes(buffer: Buffer) -> npt.NDArray[np.uint8]:
    """See any contiguous buffer as bytes, without a copy."""
    view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
    return np.frombuffer(view, np.uint8) if view.nbytes else np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        name: as in views and encoders.
        format: NumPy's name of the type, such as ``<u4``, or ``S8`` for text.
        unit: what a value of 1 is, or what kind of value this is.
    """

    name: str
    format: str
    unit: str

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return np.dtype(self.format).itemsize

    @property
    def is_text(self) -> bool:
        """Whether the value is text, padded with spaces on the right."""
        return self.format.startswith("S")


@dataclass(frozen=True)
class Message:
    """One type of message.

    Attributes:
        code: the byte that names the type.
        name: in lower case with underscores.
        fields: in the order of the wire, from the message's first byte on.
        least_bytes: shortest message of this type that can be used.
    """

    code: int
    name: str
    fields: tuple[Field, ...]
    least_bytes: int
    offsets: dict[str, int] = field(init=False, repr=False, compare=False)
    """Offset of each field from the message's first byte."""

    def __post_init__(self) -> None:
        at = 0
        offsets = {}
        for each in self.fields:
            offsets[each.name] = at
            at += each.size
        object.__setattr__(self, "offsets", offsets)

    @functools.cached_property
    def most_bytes(self) -> int:
        """Bytes of a message with every known field."""
        return sum(each.size for each in self.fields)

    @functools.cached_property
    def units(self) -> dict[str, str]:
        """Unit of each field."""
        return {each.name: each.unit for each in self.fields}

    @functools.cached_property
    def _dtypes(self) -> dict[int, np.dtype[Any]]:
        return {}

    def dtype(self, length: int | None = None) -> np.dtype[Any]:
        """Make the dtype of a message.

        Args:
            length: bytes of the message as received; default: every known field is there.

        Returns:
            A structured dtype with the fields that end within the message.
        """
        size = self.most_bytes if length is None else min(length, self.most_bytes)
        dtype = self._dtypes.get(size)
        if dtype is None:
            there = [each for each in self.fields if self.offsets[each.name] + each.size <= size]
            dtype = np.dtype(
                {
                    "names": [each.name for each in there],
                    "formats": [each.format for each in there],
                    "offsets": [self.offsets[each.name] for each in there],
                    "itemsize": size,
                }
            )
            self._dtypes[size] = dtype
        return dtype


class MessageView:
    """A message in place. Valid as long as the bytes are.

    Attributes:
        message: its type.
        fields: one element of a structured array over the bytes, without dimensions.
        offset: of its first byte in the buffer.
        length: bytes as received, fields that are not known included.
    """

    __slots__ = ("fields", "length", "message", "offset")

    def __init__(
        self, message: Message, buffer: npt.NDArray[np.uint8], offset: int, length: int
    ) -> None:
        self.message = message
        self.offset = offset
        self.length = length
        self.fields: npt.NDArray[Any] = np.ndarray(
            (), message.dtype(length), buffer=buffer.data, offset=offset
        )

    @property
    def name(self) -> str:
        """Name of its type."""
        return self.message.name

    def __getitem__(self, name: str) -> Any:
        """Read one field: int, or bytes without the padding.

        Raises:
            KeyError: the message has no such field, or is too short for it.
        """
        names = self.fields.dtype.names or ()
        if name not in names:
            raise KeyError(f"a {self.name} of {self.length} bytes has no field {name!r}")
        value = self.fields[name].item()
        return value.rstrip(b" ") if isinstance(value, bytes) else value

    def to_dict(self) -> dict[str, Any]:
        """Copy all fields into plain Python values."""
        return {name: self[name] for name in self.fields.dtype.names or ()}

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"<{self.name} {fields}>"


class MessageTable:
    """All messages of a format.

    Args:
        venue: name of the format, for errors.
        messages: its types.
    """

    def __init__(self, venue: str, messages: tuple[Message, ...]) -> None:
        self.venue = venue
        self.messages = messages
        self.by_code = {message.code: message for message in messages}
        self.by_name = {message.name: message for message in messages}

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __getitem__(self, name: str) -> Message:
        """Look a type up by its name.

        Raises:
            SchemaError: there is none.
        """
        message = self.by_name.get(name)
        if message is None:
            raise SchemaError(
                "no such message",
                where=self.venue,
                expected="one of " + ", ".join(self.by_name),
                got=name,
            )
        return message

    def encode(self, name: str, values: Mapping[str, Any], **preset: Any) -> bytes:
        """Write one message.

        Args:
            name: of its type.
            values: by name of the field; texts as str or bytes. Fields behind ``least_bytes`` may be
                left out, together with all that follow them.
            preset: fields that the format itself fills in.

        Returns:
            The bytes of the message.

        Raises:
            SchemaError: there is no such message.
            ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
        """
        message = self[name]
        given = {**values, **preset}
        where = f"{self.venue} {name}"
        unknown = sorted(set(given) - set(message.offsets))
        if unknown:
            raise ConfigurationError(
                "a message has no such field",
                where=where,
                expected=", ".join(message.offsets),
                got=", ".join(unknown),
            )
        parts = []
        size = 0
        for each in message.fields:
            if each.name not in given:
                if size < message.least_bytes:
                    raise ConfigurationError(
                        "a field is missing", where=where, expected=each.name, got=sorted(given)
                    )
                break
            parts.append(_encoded(each, given.pop(each.name), where))
            size += each.size
        if given.keys() - set(preset):
            raise ConfigurationError(
                "a field in front of these is missing", where=where, got=sorted(given)
            )
        return b"".join(parts)


def _encoded(each: Field, value: Any, where: str) -> bytes:
    """Write one field.

    Raises:
        ConfigurationError: the value does not fit.
    """
    if each.is_text:
        text = value.encode("ascii", "replace") if isinstance(value, str) else value
        if isinstance(text, bytes) and len(text) <= each.size:
            return text.ljust(each.size, b" ")
    elif isinstance(value, int | np.integer):
        limits = np.iinfo(each.format)
        if limits.min <= int(value) <= limits.max:
            return np.array(int(value), each.format).tobytes()
    raise ConfigurationError(
        "a value does not fit its field",
        where=f"{where}, {each.name}",
        expected=f"{each.format} ({each.unit})",
        got=repr(value),
    )
