"""The words of JSON end where Python's parser says, and nothing is read behind a message."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.codecs.json import _token_kernels as k
from zerofeed.codecs.json._span_kernels import FALSE, NULL, TRUE

__all__: list[str] = []

NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@kernel(int64(U8_RO, int64, int64, I64))
def read(buf, at, end, out) -> int:
    """Everything that a token may be: what kernels alone can call."""
    out[0] = k.skip_space(buf, at, end)
    out[1] = k.text_end(buf, at, end)
    out[2] = k.number_end(buf, at, end) if at < end else -1
    out[3] = k.word_kind(buf, at, end)
    out[4] = k.container_end(buf, at, end)
    return 0


def facts(text: bytes, before: int = 3) -> list[int]:
    # The buffer ends with the text: a read behind it is caught when bounds are checked.
    buf = np.frombuffer(b"#" * before + text, np.uint8)
    out = np.zeros(5, np.int64)
    read(buf, before, buf.size, out)
    return out.tolist()


@given(st.binary(max_size=20))
def test_white_space_is_that_of_json(text: bytes) -> None:
    assert facts(text)[0] == 3 + len(text) - len(text.lstrip(b" \t\r\n"))


@given(st.text(max_size=30), st.booleans(), st.binary(max_size=9))
def test_a_text_ends_at_its_quotation_mark(text: str, is_ascii: bool, behind: bytes) -> None:
    inside = json.dumps(text, ensure_ascii=is_ascii)[1:].encode()
    found = facts(inside + behind)[1]
    assert found == 2 * (3 + len(inside) - 1) + (b"\\" in inside)


@given(st.binary(max_size=24))
def test_a_text_that_python_refuses_is_none(raw: bytes) -> None:
    found = facts(raw)[1]
    try:
        text = '"' + raw.decode()
        _, length = json.JSONDecoder().raw_decode(text)
        expected = 3 + len(text[:length].encode()) - 2
    except ValueError:
        expected = -1
    if raw.isascii():
        assert (found >> 1 if found >= 0 else found) == expected


@given(st.from_regex(NUMBER, fullmatch=True), st.sampled_from([b"", b",", b"]", b" ", b"x"]))
@example(b"-", b"")
@example(b"01", b"")
@example(b"1.", b",")
@example(b"1e", b"")
@example(b"12345678.12345678e-12345678", b"}")
def test_a_number_ends_where_its_grammar_does(text: bytes, behind: bytes) -> None:
    match = NUMBER.match(text)
    is_whole = match is not None and match.end() == len(text)
    assert facts(text + behind)[2] == (3 + len(text) if is_whole else -1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"true", TRUE), (b"false", FALSE), (b"null", NULL), (b"tru", 0), (b"fals", 0), (b"nul", 0),
        (b"True", 0), (b"falsy", 0), (b"", 0), (b"true,", TRUE),
    ],
)  # fmt: skip
def test_there_are_three_words(text: bytes, kind: int) -> None:
    assert facts(text)[3] == kind


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (b"{}", 2), (b"[]", 2), (b'{"a":[1,{"b":"]}"}]},', 20), (b'["\\"]"]', 7), (b"{]", -1),
        (b"[}", -1), (b"[", -1), (b'["', -1), (b"[[]", -1), (b"[" * 60 + b"]" * 60, 120),
        (b"[" * 61 + b"]" * 61, -1),
    ],
)  # fmt: skip
def test_what_nobody_wants_ends_where_its_brackets_match(text: bytes, length: int) -> None:
    assert facts(text)[4] == (3 + length if length > 0 else -1)


def test_an_escape_stands_for_its_character() -> None:
    for text in ['"', "\\", "/", "b", "f", "n", "r", "t", "u0041", "u00e4", "uD83D", "uabCD"]:
        buf = np.frombuffer(text.encode(), np.uint8)
        told = json.loads(f'"\\{text}"')
        assert k.plain_escape(buf, 0) == ord(told)
