"""Venues' JSON, read where it lies: from bytes to numbers without an object in between.

A venue says once what it wants to know of its messages, as a literal; a kernel then goes through a
message once and notes where each wanted value stands. Numbers are read from there, straight into scaled
integers::

    literal ──shape──▶ table          bytes ──scan──▶ spans ──decimal, whole──▶ mantissas
                         └───────────────────────▲
"""

from zerofeed.codecs.json.shape import Either, Items, Shape

__all__ = ["Either", "Items", "Shape"]
