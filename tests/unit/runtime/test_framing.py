"""A framing that cannot be is refused by the name of what is wrong with it."""

from __future__ import annotations

import pytest

import zerofeed.codecs.sbe._words as w
from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.deribit_starbase.messages import STARBASE
from zerofeed.runtime import _framed_words as f
from zerofeed.runtime.framing import At, Framing, framed_scratch

__all__: list[str] = []


def test_words_say_where_the_numbers_are() -> None:
    words = Framing(
        header_bytes=16,
        sequence=At(4, "uint32"),
        prefix_bytes=4,
        length=At(0, "uint16"),
        length_excludes=2,
        byte_order="big",
    ).words()
    assert words[f.F_SEQUENCE : f.F_SEQUENCE + 2].tolist() == [w.CODE_U32, 4]
    assert words[f.F_LENGTH : f.F_LENGTH + 2].tolist() == [w.CODE_U16, 0]
    assert (words[f.F_HEADER], words[f.F_PREFIX], words[f.F_LENGTH_PLUS]) == (16, 4, 2)
    assert words[f.F_ORDER] == w.BIG_ENDIAN
    assert words[f.F_COUNT] == w.CODE_NONE


@pytest.mark.parametrize(
    ("framing", "name"),
    [
        (Framing(header_bytes=4, sequence=At(1, "uint32")), "sequence"),
        (Framing(header_bytes=4, channel=At(-1, "uint8")), "channel"),
        (Framing(length=At(0, "uint16")), "length"),
        (Framing(header_bytes=9, kind=At(0, "double")), "kind"),
        (Framing(header_bytes=9, counts="messages"), "count"),
    ],
)
def test_what_lies_outside_or_says_too_little_is_refused(framing: Framing, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        framing.words()


def test_the_scratch_is_the_words_and_the_dialect_s() -> None:
    framing = Framing(header_bytes=24)
    scratch = framed_scratch(framing, STARBASE)(1_400)
    assert (scratch[: f.FRAME_WORDS] == framing.words()).all()
    assert scratch.size == f.FRAME_WORDS + STARBASE.scratch(1_400).size
