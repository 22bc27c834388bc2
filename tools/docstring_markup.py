"""A griffe extension: turns the reStructuredText in our docstrings into the Markdown pages need.

Docstrings are written to be read in the source: layouts as simple tables, code after a double
colon, names in roles. Markdown knows none of these. Tables and indented code become code blocks,
so that they keep their columns, and roles become plain code.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["DocstringMarkup", "to_markdown"]

_ROLE = re.compile(r":(?:class|const|data|exc|func|meth|mod|obj|ref):`~?\.?([^`<]+?)`")
_RULE = re.compile(r"^(\s*)=+(?:\s+=+)+\s*$")


class DocstringMarkup(griffe.Extension):
    """Rewrites every docstring once, after its object is read."""

    def on_object(self, *, obj: griffe.Object, **_kwargs: Any) -> None:
        """Rewrite one object's docstring in place."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(text: str) -> str:
    """Rewrite tables, literal blocks and roles of one docstring.

    Args:
        text: a docstring without its common indentation.

    Returns:
        Markdown with the same words.
    """
    lines = _ROLE.sub(r"`\1`", text).split("\n")
    return "\n".join(_fence_tables(_colons(lines)))


def _colons(lines: list[str]) -> list[str]:
    """End a line that announces an indented block with one colon; Markdown indents code as well."""
    return [re.sub(r"(?<=\S)::$", ":", line) for line in lines]


def _fence_tables(lines: list[str]) -> list[str]:
    """Put a fence around each simple table: from its first rule to the one before a blank line."""
    done: list[str] = []
    inside = False
    for index, line in enumerate(lines):
        rule = _RULE.match(line)
        if rule and not inside:
            inside = True
            done += [f"{rule[1]}```text", line]
            continue
        done.append(line)
        is_end = index + 1 == len(lines) or not lines[index + 1].strip()
        if rule and inside and is_end:
            inside = False
            done.append(f"{rule[1]}```")
    return done
